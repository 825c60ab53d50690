//! Destinations and dead-letter queues of asynchronous invocations.

use std::time::SystemTime;

use serde_json::Value;

use crate::event_invoke_config::EventInvokeConfig;

/// The setting that named a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationKind {
    /// Gets a record when the event succeeded.
    OnSuccess,
    /// Gets a record when the event failed permanently.
    OnFailure,
    /// Gets the event itself when it failed permanently.
    DeadLetter,
}

impl DestinationKind {
    /// Returns the name in files and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnSuccess => "on_success",
            Self::OnFailure => "on_failure",
            Self::DeadLetter => "dead_letter",
        }
    }

    /// Reads what [`DestinationKind::as_str`] returns.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::OnSuccess, Self::OnFailure, Self::DeadLetter].into_iter().find(|known| known.as_str() == text)
    }
}

/// What a destination gets about one event.
#[derive(Debug, Clone, PartialEq)]
pub struct DestinationDelivery {
    /// The id of the event.
    pub id: String,
    /// The worker that the event was for.
    pub worker: String,
    /// The destination: an ARN or a worker's name.
    pub destination: String,
    /// Which setting named the destination.
    pub why: DestinationKind,
    /// The destination record; for a dead letter, the event itself.
    pub record: Value,
    /// The message attributes of a dead letter. `None` for destination records.
    pub attributes: Option<Value>,
    /// The id of the new event, if the destination is a function of this app.
    pub as_event: Option<String>,
    /// When it was delivered.
    pub at: SystemTime,
}

/// A destination that is a function of this app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationFunction {
    /// The worker, under the name that the backend uses.
    pub worker: String,
    /// The function's ARN.
    pub arn: String,
    /// The configuration of the function's events.
    pub rules: EventInvokeConfig,
    /// The trace header of the new event. It counts the run that led to it.
    pub trace: String,
}

/// Returns the function name in a destination: that of a function ARN, or the destination itself if it is a plain name.
/// `None` for ARNs of other services.
pub fn destination_function_name(destination: &str) -> Option<&str> {
    match destination.split_once(":function:") {
        Some((_, rest)) => rest.split(':').next(),
        None => Some(destination).filter(|name| !name.contains(':')),
    }
}

#[cfg(test)]
mod tests {
    use super::destination_function_name;

    #[test]
    fn destination_function_name_reads_arns_and_plain_names() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:space-dev-ranker";
        assert_eq!(destination_function_name(arn), Some("space-dev-ranker"));
        assert_eq!(destination_function_name(&format!("{arn}:live")), Some("space-dev-ranker"));
        assert_eq!(destination_function_name("ranker"), Some("ranker"));
        assert_eq!(destination_function_name("arn:aws:sqs:eu-west-1:123456789012:letters"), None);
    }
}
