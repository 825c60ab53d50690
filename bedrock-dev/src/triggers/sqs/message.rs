//! The MD5 digest of the attributes of messages, which clients check.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_local::event_sources::MessageAttributes;
use md5::{Digest, Md5};

use super::super::aws_api::hex;

/// Returns the digest of message attributes (SQS developer guide, "Calculating the MD5 message digest for message
/// attributes").
pub(super) fn md5_of_attributes(attributes: &MessageAttributes) -> String {
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
