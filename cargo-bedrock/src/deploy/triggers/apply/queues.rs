//! A queue of the app with its dead letters, and who takes its messages.

use std::collections::HashMap;

use aws_sdk_lambda::types::FunctionResponseType;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::json;

use super::super::names::DEAD;
use super::super::wanted::{Mapping, OwnQueue};
use super::{Done, Hand, gone, made};
use crate::aws::{Failure, Repeat, call};

/// Seconds that dead letters are kept: 14 days, the longest there is.
const RETENTION: &str = "1209600";

impl Hand<'_> {
    pub(super) async fn make_queue(&self, queue: &OwnQueue) -> Done {
        let dead = HashMap::from([(Attribute::MessageRetentionPeriod, RETENTION.to_owned())]);
        self.create(&format!("{}{DEAD}", queue.name), dead).await?;
        self.create(&queue.name, self.attributes(queue)).await
    }

    /// Its dead-letter queue may be gone.
    pub(super) async fn set_queue(&self, queue: &OwnQueue) -> Done {
        let dead = HashMap::from([(Attribute::MessageRetentionPeriod, RETENTION.to_owned())]);
        self.create(&format!("{}{DEAD}", queue.name), dead).await?;
        let Some(url) = self.queue_url(&queue.name).await? else {
            return self.create(&queue.name, self.attributes(queue)).await;
        };
        let set = || self.aws.sqs.set_queue_attributes().queue_url(&url);
        call(Repeat::Always, || set().set_attributes(Some(self.attributes(queue))).send()).await?;
        Ok(())
    }

    /// One that is there with the same attributes is as good.
    async fn create(&self, name: &str, attributes: HashMap<Attribute, String>) -> Done {
        let request = || {
            let queue = self.aws.sqs.create_queue().queue_name(name).set_attributes(Some(attributes.clone()));
            queue.set_tags(Some(self.tags())).send()
        };
        call(Repeat::Always, request).await?;
        Ok(())
    }

    fn attributes(&self, queue: &OwnQueue) -> HashMap<Attribute, String> {
        let dead = self.site.queue_arn(&format!("{}{DEAD}", queue.name));
        let redrive = json!({ "deadLetterTargetArn": dead, "maxReceiveCount": queue.max_receives });
        HashMap::from([
            (Attribute::VisibilityTimeout, queue.visibility_timeout.to_string()),
            (Attribute::RedrivePolicy, redrive.to_string()),
        ])
    }

    async fn queue_url(&self, name: &str) -> Result<Option<String>, Failure> {
        match call(Repeat::Always, || self.aws.sqs.get_queue_url().queue_name(name).send()).await {
            Ok(found) => Ok(found.queue_url),
            Err(failure) if failure.is_missing() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn map(&self, key: &str, queue: &str, mapping: Mapping) -> Done {
        let request = || {
            let create = self.aws.lambda.create_event_source_mapping().function_name(self.site.function(key));
            let create = create.event_source_arn(queue).batch_size(mapping.batch_size);
            let create = create.maximum_batching_window_in_seconds(mapping.batch_window);
            let create = create.set_tags(Some(self.tags()));
            create.set_function_response_types(Some(responses(mapping))).send()
        };
        made(call(Repeat::WhenRefused, request).await)
    }

    pub(super) async fn remap(&self, id: &str, mapping: Mapping) -> Done {
        let request = || {
            let update = self.aws.lambda.update_event_source_mapping().uuid(id).enabled(true);
            let update = update.batch_size(mapping.batch_size);
            let update = update.maximum_batching_window_in_seconds(mapping.batch_window);
            update.set_function_response_types(Some(responses(mapping))).send()
        };
        call(Repeat::Always, request).await?;
        Ok(())
    }

    pub(super) async fn unmap(&self, id: &str) -> Done {
        gone(call(Repeat::Always, || self.aws.lambda.delete_event_source_mapping().uuid(id).send()).await)
    }

    /// The one for dead letters last: it is how a deletion that ended half-way is found.
    pub(super) async fn delete_queue(&self, name: &str) -> Done {
        for name in [name.to_owned(), format!("{name}{DEAD}")] {
            if let Some(url) = self.queue_url(&name).await? {
                gone(call(Repeat::Always, || self.aws.sqs.delete_queue().queue_url(&url).send()).await)?;
            }
        }
        Ok(())
    }
}

fn responses(mapping: Mapping) -> Vec<FunctionResponseType> {
    if mapping.partial_failures { vec![FunctionResponseType::ReportBatchItemFailures] } else { Vec::new() }
}
