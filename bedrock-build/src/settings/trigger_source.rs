//! The resource whose events invoke a worker.

/// The queue, bucket, topic, event bus, table or stream of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerSource {
    /// A resource of the app, which is created and deleted with it: its name without app and stage.
    Own(String),
    /// An existing resource: its ARN.
    Existing(String),
}

impl TriggerSource {
    /// Returns the name without app, stage, account and region: `jobs`, or the last part of the ARN.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(name) => name,
            Self::Existing(arn) => arn.rsplit([':', '/']).next().unwrap_or(arn),
        }
    }

    /// Returns the value in the settings: the name or the ARN.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Own(text) | Self::Existing(text) => text,
        }
    }
}
