//! Reads the subscriptions and rules that invoke functions of a stage. Sends no requests to SNS and EventBridge without any.

use std::collections::BTreeSet;

use aws_sdk_eventbridge::types::RuleState;
use serde_json::{Value, json};

use super::super::actual::{ActualRule, ActualSubscription, ActualTopic};
use super::super::desired::SubscriptionFilter;
use super::super::read::{AwsResult, Tags, TriggerReader};
use super::rule_of_arn;
use crate::aws::{Idempotency, call, optional};
use crate::resource_tags::TagTarget;
use crate::stage::ALIAS;

/// Returns whether an ARN is one of a service.
fn is_of_service(arn: &str, service: &str) -> bool {
    arn.split(':').nth(2) == Some(service)
}

impl TriggerReader<'_> {
    /// Returns the functions that a source may invoke, of those with triggers.
    fn permitted_by(&self, arn: &str) -> BTreeSet<String> {
        let permitted = self.permitted_sources.iter().filter(|(_, arns)| arns.contains(arn));
        permitted.map(|(key, _)| key.clone()).collect()
    }

    fn permitted_of_service(&self, service: &str) -> BTreeSet<String> {
        self.permitted_sources.values().flatten().filter(|arn| is_of_service(arn, service)).cloned().collect()
    }

    pub(in super::super) async fn read_topics(&mut self) -> AwsResult<()> {
        let mut arns = self.permitted_of_service("sns");
        arns.extend(self.desired.topics.keys().cloned());
        for arn in arns {
            let topic = self.read_topic(&arn).await?;
            self.actual.topics.insert(arn, topic);
        }
        Ok(())
    }

    async fn read_topic(&self, arn: &str) -> AwsResult<ActualTopic> {
        let mut topic = ActualTopic { permitted: self.permitted_by(arn), ..ActualTopic::default() };
        let mut token = None::<String>;
        loop {
            let list =
                || self.aws.sns.list_subscriptions_by_topic().topic_arn(arn).set_next_token(token.clone()).send();
            // A topic that does not exist has no subscriptions.
            let Some(page) = optional(call(Idempotency::Idempotent, list).await)? else { return Ok(topic) };
            for subscription in page.subscriptions() {
                let endpoint = subscription.endpoint().unwrap_or_default();
                let function = endpoint.strip_suffix(ALIAS).and_then(|arn| arn.strip_suffix(':'));
                let key = function.and_then(|arn| self.stage.function_key(arn.rsplit(':').next()?));
                let Some(key) = key.filter(|key| endpoint == self.stage.live_arn(key)) else { continue };
                let arn = subscription.subscription_arn().unwrap_or_default().to_owned();
                let get = || self.aws.sns.get_subscription_attributes().subscription_arn(&arn).send();
                let Some(response) = optional(call(Idempotency::Idempotent, get).await)? else { continue };
                let attributes = response.attributes.unwrap_or_default();
                let policy = attributes.get("FilterPolicy").and_then(|text| serde_json::from_str::<Value>(text).ok());
                let policy = policy.filter(|policy| *policy != json!({}));
                let scope = attributes.get("FilterPolicyScope").map(String::as_str);
                let is_of_body = policy.is_some() && scope == Some("MessageBody");
                let filter = SubscriptionFilter { policy, is_of_body };
                topic.subscriptions.insert(key.to_owned(), ActualSubscription { arn, filter });
            }
            token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(topic);
            }
        }
    }

    pub(in super::super) async fn read_rules(&mut self) -> AwsResult<()> {
        let desired = self.desired.rules.iter().map(|(arn, rule)| (arn.clone(), rule.key.clone()));
        let mut rules: BTreeSet<(String, String)> = desired.collect();
        for arn in self.permitted_of_service("events") {
            rules.extend(self.permitted_by(&arn).into_iter().map(|key| (arn.clone(), key)));
        }
        for (arn, key) in rules {
            let rule = self.read_rule(&arn, key).await?;
            self.actual.rules.insert(arn, rule);
        }
        Ok(())
    }

    async fn read_rule(&mut self, arn: &str, key: String) -> AwsResult<ActualRule> {
        let events = &self.aws.events;
        let (bus, name) = rule_of_arn(arn);
        let is_permitted = self.permitted_by(arn).contains(&key);
        let describe = || events.describe_rule().event_bus_name(bus).name(name).send();
        let Some(rule) = optional(call(Idempotency::Idempotent, describe).await)? else {
            return Ok(ActualRule { key, exists: false, pattern: Value::Null, is_effective: false, is_permitted });
        };
        let list = || events.list_targets_by_rule().event_bus_name(bus).rule(name).send();
        let targets = call(Idempotency::Idempotent, list).await?;
        let live_arn = self.stage.live_arn(&key);
        let invokes_alias = matches!(targets.targets(), [target] if target.arn() == live_arn);
        let pattern = rule.event_pattern().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let is_effective = invokes_alias && rule.state() == Some(&RuleState::Enabled);
        let list_tags = || events.list_tags_for_resource().resource_arn(arn).send();
        let tags = call(Idempotency::Idempotent, list_tags).await?;
        let tags: Tags = tags.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
        if self.is_managed(&tags) {
            self.check_tags(format!("rule {name}"), TagTarget::Events(arn.to_owned()), &tags);
        } else if self.desired.rules.contains_key(arn) {
            self.add_unmanaged(format!("rule `{name}`"), &tags);
        }
        Ok(ActualRule { key, exists: true, pattern, is_effective, is_permitted })
    }
}
