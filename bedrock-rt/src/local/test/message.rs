//! Messages that a test sends to queues and topics, events that it puts on event buses, and what it sees of queues.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bedrock_local::event_sources::{MessageAttributes, SnsMessageAttribute, SqsMessageAttribute};
use serde_json::Value;

/// A message of SQS. See [`App::send_message`](super::App::send_message).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    pub(super) body: String,
    pub(super) attributes: MessageAttributes,
    pub(super) group: Option<String>,
    pub(super) deduplication_id: Option<String>,
    pub(super) delay: Duration,
}

impl Message {
    /// Returns a message with this body.
    #[must_use]
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// Adds a message attribute of the type `String`.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.insert(name.to_owned(), SqsMessageAttribute::text("String", value.into()));
        self
    }

    /// Adds a message attribute of the type `Number`.
    #[must_use]
    pub fn number_attribute(mut self, name: &str, value: f64) -> Self {
        self.attributes.insert(name.to_owned(), SqsMessageAttribute::text("Number", value.to_string()));
        self
    }

    /// Adds a message attribute of the type `Binary`.
    #[must_use]
    pub fn binary_attribute(mut self, name: &str, value: &[u8]) -> Self {
        self.attributes.insert(name.to_owned(), SqsMessageAttribute::binary(value));
        self
    }

    /// Sets the `MessageGroupId`, which every message of a FIFO queue has.
    #[must_use]
    pub fn group(mut self, id: impl Into<String>) -> Self {
        self.group = Some(id.into());
        self
    }

    /// Sets the `MessageDeduplicationId` of a message of a FIFO queue.
    #[must_use]
    pub fn deduplication_id(mut self, id: impl Into<String>) -> Self {
        self.deduplication_id = Some(id.into());
        self
    }

    /// Hides the message until the clock has moved that far (`DelaySeconds`). Not for FIFO queues.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

impl From<&str> for Message {
    fn from(body: &str) -> Self {
        Self::new(body)
    }
}

impl From<String> for Message {
    fn from(body: String) -> Self {
        Self::new(body)
    }
}

/// The body is the JSON text.
impl From<Value> for Message {
    fn from(body: Value) -> Self {
        Self::new(body.to_string())
    }
}

/// A message that is in a queue. See [`App::messages`](super::App::messages).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueuedMessage {
    /// `messageId`
    pub id: String,
    /// The body.
    pub body: String,
    /// How often it was received.
    pub receives: u32,
    /// When it can be received next, on the clock of the test.
    pub visible_at: SystemTime,
    /// Whether a worker is processing it.
    pub is_in_flight: bool,
}

/// A message of SNS. See [`App::publish`](super::App::publish).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notification {
    pub(super) body: String,
    pub(super) subject: Option<String>,
    pub(super) attributes: BTreeMap<String, SnsMessageAttribute>,
}

impl Notification {
    /// Returns a message with this text.
    #[must_use]
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// Sets the subject.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Adds a message attribute of the type `String`.
    #[must_use]
    pub fn attribute(self, name: &str, value: impl Into<String>) -> Self {
        self.with_attribute(name, "String", value.into())
    }

    /// Adds a message attribute of the type `Number`.
    #[must_use]
    pub fn number_attribute(self, name: &str, value: f64) -> Self {
        self.with_attribute(name, "Number", value.to_string())
    }

    /// Adds a message attribute of the type `String.Array`, of which a filter policy compares each element.
    #[must_use]
    pub fn list_attribute(self, name: &str, values: &[&str]) -> Self {
        self.with_attribute(name, "String.Array", Value::from(values).to_string())
    }

    fn with_attribute(mut self, name: &str, kind: &str, value: String) -> Self {
        self.attributes.insert(name.to_owned(), SnsMessageAttribute { kind: kind.to_owned(), value });
        self
    }
}

impl From<&str> for Notification {
    fn from(body: &str) -> Self {
        Self::new(body)
    }
}

impl From<String> for Notification {
    fn from(body: String) -> Self {
        Self::new(body)
    }
}

/// The message is the JSON text.
impl From<Value> for Notification {
    fn from(body: Value) -> Self {
        Self::new(body.to_string())
    }
}

/// An event of EventBridge. See [`App::put_event`](super::App::put_event).
#[derive(Debug, Clone, PartialEq)]
pub struct BusEvent {
    pub(super) source: String,
    pub(super) detail_type: String,
    pub(super) detail: Value,
    pub(super) resources: Vec<String>,
}

impl BusEvent {
    /// Returns an event with this `source`, `detail-type` and `detail`, a JSON object.
    #[must_use]
    pub fn new(source: impl Into<String>, detail_type: impl Into<String>, detail: Value) -> Self {
        Self { source: source.into(), detail_type: detail_type.into(), detail, resources: Vec::new() }
    }

    /// Sets the ARNs of `resources`.
    #[must_use]
    pub fn resources(mut self, arns: &[&str]) -> Self {
        self.resources = arns.iter().map(|arn| (*arn).to_owned()).collect();
        self
    }
}
