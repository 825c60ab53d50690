//! What is kept of a message, and the MD5 digests by which clients check that it arrived whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// A message attribute, as SQS's API has it.
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

/// By their names.
pub(in super::super) type Attributes = BTreeMap<String, Attribute>;

/// A message that somebody has received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Message {
    pub(in super::super) id: String,
    pub(in super::super) body: String,
    pub(in super::super) attributes: Attributes,
    /// The value of `AWSTraceHeader`, if the sender told its trace.
    pub(in super::super) trace: Option<String>,
    pub(in super::super) sent: SystemTime,
    pub(in super::super) first_received: SystemTime,
    /// With this time.
    pub(in super::super) receives: u32,
    /// Of this time.
    pub(in super::super) receipt: String,
}

impl Message {
    /// The system attributes, as texts.
    pub(super) fn system(&self, account: &str) -> BTreeMap<&'static str, String> {
        let mut system = BTreeMap::from([
            ("ApproximateReceiveCount", self.receives.to_string()),
            ("SentTimestamp", milliseconds(self.sent).to_string()),
            ("SenderId", account.to_owned()),
            ("ApproximateFirstReceiveTimestamp", milliseconds(self.first_received).to_string()),
        ]);
        if let Some(trace) = &self.trace {
            system.insert("AWSTraceHeader", trace.clone());
        }
        system
    }
}

/// Since 1970.
pub(super) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The MD5 digest of a text, in hexadecimal digits.
pub(in super::super) fn md5(bytes: &[u8]) -> String {
    hexadecimal(&Md5::digest(bytes))
}

pub(in super::super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The digest of message attributes (SQS developer guide, "Calculating the MD5 message digest for message attributes").
pub(super) fn md5_of_attributes(attributes: &Attributes) -> String {
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        measured(&mut digest, name.as_bytes());
        measured(&mut digest, attribute.data_type.as_bytes());
        if let Some(binary) = &attribute.binary_value {
            digest.update([2]);
            measured(&mut digest, &STANDARD.decode(binary).unwrap_or_default());
        } else {
            digest.update([1]);
            measured(&mut digest, attribute.string_value.as_deref().unwrap_or_default().as_bytes());
        }
    }
    hexadecimal(&digest.finalize())
}

/// The length in four bytes, and the bytes.
fn measured(digest: &mut Md5, bytes: &[u8]) {
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}
