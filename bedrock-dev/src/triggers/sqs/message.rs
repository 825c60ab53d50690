//! Messages with their attributes, and the MD5 digest of attributes, which clients check.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::super::aws_api::hex;

/// A message attribute, in the format of SQS's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct Attribute {
    pub(super) data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<String>,
}

/// Message attributes by name.
pub(in super::super) type Attributes = BTreeMap<String, Attribute>;

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Message {
    pub(in super::super) id: String,
    pub(in super::super) body: String,
    pub(in super::super) attributes: Attributes,
    /// The value of `AWSTraceHeader`, if the sender has set it.
    pub(in super::super) trace: Option<String>,
    pub(in super::super) sent: SystemTime,
    pub(in super::super) first_received: SystemTime,
    /// Number of times that it has been received, including this one.
    pub(in super::super) receives: u32,
    /// The receipt handle of this receive.
    pub(in super::super) receipt: String,
    /// `MessageGroupId`, if the sender has set it.
    pub(in super::super) group: Option<String>,
    /// What only messages of FIFO queues have.
    pub(in super::super) fifo: Option<FifoAttributes>,
}

/// Attributes of a message of a FIFO queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct FifoAttributes {
    /// `MessageDeduplicationId`
    pub(in super::super) deduplication_id: String,
    /// The number of the message in its queue.
    pub(in super::super) sequence: i64,
}

/// Returns a `SequenceNumber`: 20 digits.
pub(super) fn sequence_number(sequence: i64) -> String {
    format!("{sequence:020}")
}

impl Message {
    /// Returns the system attributes as strings.
    pub(super) fn system_attributes(&self, account: &str) -> BTreeMap<&'static str, String> {
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
pub(super) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the digest of message attributes (SQS developer guide, "Calculating the MD5 message digest for message
/// attributes").
pub(super) fn md5_of_attributes(attributes: &Attributes) -> String {
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        update_with_length(&mut digest, name.as_bytes());
        update_with_length(&mut digest, attribute.data_type.as_bytes());
        if let Some(binary) = &attribute.binary_value {
            digest.update([2]);
            update_with_length(&mut digest, &STANDARD.decode(binary).unwrap_or_default());
        } else {
            digest.update([1]);
            update_with_length(&mut digest, attribute.string_value.as_deref().unwrap_or_default().as_bytes());
        }
    }
    hex(&digest.finalize())
}

/// Adds the length in four bytes, and the bytes.
fn update_with_length(digest: &mut Md5, bytes: &[u8]) {
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}
