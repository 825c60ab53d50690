//! The queues of a stage, and which functions take the messages of which queues.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::types::{EventSourceMappingConfiguration, FunctionResponseType};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::Value;

use super::super::found::{FoundMapping, FoundQueue};
use super::super::names::DEAD;
use super::super::wanted::Mapping;
use super::{Look, present};
use crate::aws::{Failure, Repeat, call};

/// Where messages are counted.
const COUNTS: [Attribute; 3] = [
    Attribute::ApproximateNumberOfMessages,
    Attribute::ApproximateNumberOfMessagesDelayed,
    Attribute::ApproximateNumberOfMessagesNotVisible,
];

type Attributes = HashMap<Attribute, String>;

impl Look<'_> {
    pub(super) async fn queues(&mut self) -> Result<(), Failure> {
        for key in self.keys.clone() {
            self.mappings(&key).await?;
        }
        let sqs = &self.aws.sqs;
        let mut ours: BTreeMap<String, Attributes> = BTreeMap::new();
        for url in self.queue_urls().await? {
            let name = url.rsplit('/').next().unwrap_or_default().to_owned();
            let tags = present(call(Repeat::Always, || sqs.list_queue_tags().queue_url(&url).send()).await)?;
            let tags: BTreeMap<String, String> =
                tags.and_then(|tags| tags.tags).unwrap_or_default().into_iter().collect();
            if self.is_ours(&tags) {
                let request = || sqs.get_queue_attributes().queue_url(&url).attribute_names(Attribute::All).send();
                let attributes = present(call(Repeat::Always, request).await)?;
                ours.insert(name, attributes.and_then(|found| found.attributes).unwrap_or_default());
            } else if self.is_wanted(&name) {
                self.is_in_the_way(format!("queue `{name}`"), &tags);
            }
        }
        let names = ours.keys().filter(|name| !name.ends_with(DEAD)).cloned();
        // Of a queue that was deleted half-way there is the one for dead letters alone.
        let lone = ours.keys().filter_map(|name| name.strip_suffix(DEAD)).map(str::to_owned);
        for name in names.chain(lone) {
            let found = self.queue(&name, &ours);
            self.found.queues.insert(name, found);
        }
        Ok(())
    }

    fn is_wanted(&self, name: &str) -> bool {
        let name = name.strip_suffix(DEAD).unwrap_or(name);
        self.wanted.queues.values().filter_map(|queue| queue.own.as_ref()).any(|own| own.name == name)
    }

    fn queue(&self, name: &str, ours: &BTreeMap<String, Attributes>) -> FoundQueue {
        let dead_name = format!("{name}{DEAD}");
        let (none, dead) = (Attributes::new(), ours.get(&dead_name));
        let attributes = ours.get(name).unwrap_or(&none);
        let number = |attributes: &Attributes, name: &Attribute| -> Option<u64> { attributes.get(name)?.parse().ok() };
        let messages = [Some(attributes), dead].into_iter().flatten();
        let messages = messages.flat_map(|queue| COUNTS.iter().filter_map(move |count| number(queue, count))).sum();
        let redrive: Option<Value> =
            attributes.get(&Attribute::RedrivePolicy).and_then(|text| serde_json::from_str(text).ok());
        let arn = self.site.queue_arn(&dead_name);
        let redrive = redrive.filter(|redrive| dead.is_some() && redrive["deadLetterTargetArn"] == arn.as_str());
        // AWS writes it as a number, others as they were given it.
        let receives =
            redrive.and_then(|redrive| redrive["maxReceiveCount"].to_string().trim_matches('"').parse().ok());
        let timeout = number(attributes, &Attribute::VisibilityTimeout).unwrap_or_default();
        FoundQueue { visibility_timeout: i32::try_from(timeout).unwrap_or_default(), max_receives: receives, messages }
    }

    async fn queue_urls(&self) -> Result<Vec<String>, Failure> {
        let (mut urls, mut token) = (Vec::new(), None::<String>);
        loop {
            let request = || {
                let list = self.aws.sqs.list_queues().queue_name_prefix(self.site.prefix()).max_results(1_000);
                list.set_next_token(token.clone()).send()
            };
            let page = call(Repeat::Always, request).await?;
            urls.extend(page.queue_urls().iter().cloned());
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(urls);
            }
        }
    }

    async fn mappings(&mut self, key: &str) -> Result<(), Failure> {
        let (name, mut marker) = (self.site.function(key), None::<String>);
        loop {
            let list = || self.aws.lambda.list_event_source_mappings().function_name(&name);
            let page = call(Repeat::Always, || list().set_marker(marker.clone()).send()).await;
            let Some(page) = present(page)? else { return Ok(()) };
            for found in page.event_source_mappings() {
                if let Some(mapping) = mapping(key, found)
                    && (self.wanted.queues.contains_key(&mapping.queue_arn) || self.is_our_mapping(found).await?)
                {
                    self.found.mappings.push(mapping);
                }
            }
            marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                return Ok(());
            }
        }
    }

    /// Others may be the user's.
    async fn is_our_mapping(&self, found: &EventSourceMappingConfiguration) -> Result<bool, Failure> {
        let Some(arn) = found.event_source_mapping_arn() else { return Ok(false) };
        let tags = present(call(Repeat::Always, || self.aws.lambda.list_tags().resource(arn).send()).await)?;
        Ok(self.is_ours(&tags.and_then(|found| found.tags).unwrap_or_default().into_iter().collect()))
    }
}

/// A mapping to a queue; none if it is to something else, which is the user's, or is going away.
fn mapping(key: &str, found: &EventSourceMappingConfiguration) -> Option<FoundMapping> {
    let arn = found.event_source_arn().filter(|arn| arn.split(':').nth(2) == Some("sqs"))?;
    let state = found.state().filter(|state| *state != "Deleting")?;
    Some(FoundMapping {
        id: found.uuid()?.to_owned(),
        key: key.to_owned(),
        queue_arn: arn.to_owned(),
        mapping: Mapping {
            batch_size: found.batch_size().unwrap_or(10),
            batch_window: found.maximum_batching_window_in_seconds().unwrap_or_default(),
            partial_failures: found.function_response_types().contains(&FunctionResponseType::ReportBatchItemFailures),
        },
        enabled: !["Disabled", "Disabling"].contains(&state),
    })
}
