//! Names and ARNs of an app's resources on this machine: like those of its functions, `shop-local-jobs`.

use bedrock_build::triggers::{DEFAULT_BUS, StreamTrigger, TriggerSource};

/// Names the resources of an app.
#[derive(Debug, Clone, Copy)]
pub struct ResourceNames<'a> {
    /// The name of the app.
    pub app: &'a str,
    /// The region of its functions on this machine.
    pub region: &'a str,
    /// The account of its functions on this machine.
    pub account: &'a str,
}

impl ResourceNames<'_> {
    /// Returns the name of a queue or a topic. Existing ones keep their names.
    #[must_use]
    pub fn queue_name(&self, source: &TriggerSource) -> String {
        match source {
            TriggerSource::Own(name) => format!("{}-local-{name}", self.app),
            TriggerSource::Existing(_) => source.name().to_owned(),
        }
    }

    /// Returns the name of a bucket: without `_` and capitals, as on AWS.
    #[must_use]
    pub fn bucket_name(&self, source: &TriggerSource) -> String {
        match source {
            TriggerSource::Own(name) => format!("{}-local-{name}", self.app).replace('_', "-").to_lowercase(),
            TriggerSource::Existing(_) => source.name().to_owned(),
        }
    }

    /// Returns the ARN of a queue.
    #[must_use]
    pub fn queue_arn(&self, source: &TriggerSource) -> String {
        self.arn_of("sqs", source)
    }

    /// Returns the ARN of a topic.
    #[must_use]
    pub fn topic_arn(&self, source: &TriggerSource) -> String {
        self.arn_of("sns", source)
    }

    /// Returns the name of an event bus. Every account has the bus `default`.
    #[must_use]
    pub fn bus_name(&self, source: &TriggerSource) -> String {
        match source {
            TriggerSource::Own(name) if name == DEFAULT_BUS => name.clone(),
            _ => self.queue_name(source),
        }
    }

    /// Returns the name of the table or of the Kinesis stream.
    #[must_use]
    pub fn stream_name(&self, trigger: &StreamTrigger) -> String {
        match &trigger.source {
            TriggerSource::Own(name) => format!("{}-local-{name}", self.app),
            TriggerSource::Existing(_) => trigger.name().to_owned(),
        }
    }

    /// Returns the ARN of a resource of the account: `table/shop-local-orders`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    fn arn_of(&self, service: &str, source: &TriggerSource) -> String {
        match source {
            TriggerSource::Own(_) => self.arn(service, &self.queue_name(source)),
            TriggerSource::Existing(arn) => arn.clone(),
        }
    }
}
