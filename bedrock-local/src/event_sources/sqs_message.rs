//! Messages of SQS with their attributes.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// An attribute of a message, in the format of SQS's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, perhaps with a suffix: `Number.int`.
    pub data_type: String,
    /// The value of a `String` or a `Number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of a `Binary` in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// Attributes of a message by their names.
pub type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqsMessage {
    /// `messageId`
    pub id: String,
    /// The message itself.
    pub body: String,
    /// Its attributes.
    pub attributes: MessageAttributes,
    /// The value of `AWSTraceHeader`, if the sender has set it.
    pub trace: Option<String>,
    /// When it was sent.
    pub sent: SystemTime,
    /// When it was received for the first time.
    pub first_received: SystemTime,
    /// Number of times that it has been received, including this one.
    pub receives: u32,
    /// The receipt handle of this receive.
    pub receipt: String,
    /// `MessageGroupId`, if the sender has set it.
    pub group: Option<String>,
    /// What only messages of FIFO queues have.
    pub fifo: Option<FifoAttributes>,
}

/// Attributes of a message of a FIFO queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FifoAttributes {
    /// `MessageDeduplicationId`
    pub deduplication_id: String,
    /// The number of the message in its queue.
    pub sequence: i64,
}

/// Returns a `SequenceNumber`: 20 digits.
#[must_use]
pub fn sequence_number(sequence: i64) -> String {
    format!("{sequence:020}")
}

impl MessageAttribute {
    /// Returns an attribute with text as its value; `data_type` is `String` or `Number`.
    #[must_use]
    pub fn text(data_type: &str, value: String) -> Self {
        Self { data_type: data_type.to_owned(), string_value: Some(value), binary_value: None }
    }

    /// Returns an attribute with bytes as its value.
    #[must_use]
    pub fn binary(value: &[u8]) -> Self {
        Self { data_type: "Binary".to_owned(), string_value: None, binary_value: Some(STANDARD.encode(value)) }
    }
}

impl SqsMessage {
    /// Returns the system attributes as strings.
    #[must_use]
    pub fn system_attributes(&self, account: &str) -> BTreeMap<&'static str, String> {
        let mut attributes = BTreeMap::from([
            ("ApproximateReceiveCount", self.receives.to_string()),
            ("SentTimestamp", milliseconds(self.sent).to_string()),
            ("SenderId", account.to_owned()),
            ("ApproximateFirstReceiveTimestamp", milliseconds(self.first_received).to_string()),
        ]);
        if let Some(trace) = &self.trace {
            attributes.insert("AWSTraceHeader", trace.clone());
        }
        if let Some(group) = &self.group {
            attributes.insert("MessageGroupId", group.clone());
        }
        if let Some(fifo) = &self.fifo {
            attributes.insert("MessageDeduplicationId", fifo.deduplication_id.clone());
            attributes.insert("SequenceNumber", sequence_number(fifo.sequence));
        }
        attributes
    }
}

/// Returns the milliseconds since the epoch.
fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
