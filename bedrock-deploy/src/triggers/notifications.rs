//! Which notifications of a bucket belong to this tool, and how S3 writes prefixes and suffixes.

use std::fmt::Write;

use aws_sdk_s3::types::LambdaFunctionConfiguration;
use bedrock_artifacts::Digest;

use super::desired::NotificationConfig;

/// Start of the ids of our notifications.
const ID_PREFIX: &str = "bedrock-";

/// Returns the id of a notification.
pub(crate) fn notification_id(notification: &NotificationConfig) -> String {
    let NotificationConfig { key, prefix, suffix, events, invokes_alias: _ } = notification;
    let digest = Digest::of(format!("{prefix}\n{suffix}\n{}", events.join("\n")).as_bytes()).to_string();
    format!("{ID_PREFIX}{key}-{}", digest.get(..16).unwrap_or_default())
}

/// Returns the notifications that this tool set: those of our functions whose ids are ours. In a bucket without such ids,
/// they were set by an earlier version, which set no ids, and all notifications of our functions are ours.
pub(crate) fn own_notifications(
    all: &[LambdaFunctionConfiguration],
    is_our_function: impl Fn(&str) -> bool,
) -> impl Iterator<Item = &LambdaFunctionConfiguration> {
    let has_our_id = |each: &LambdaFunctionConfiguration| each.id().is_some_and(|id| id.starts_with(ID_PREFIX));
    let has_ids = all.iter().any(|each| is_our_function(each.lambda_function_arn()) && has_our_id(each));
    all.iter().filter(move |each| is_our_function(each.lambda_function_arn()) && (!has_ids || has_our_id(each)))
}

/// Encodes a prefix or suffix: S3 compares it with the encoded key, in which a space is `+`.
pub(crate) fn encode_key_filter(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b' ' => encoded.push('+'),
            b'/' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            // Writing to a string does not fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
        encoded
    })
}

/// Decodes a prefix or suffix. Text that is not encoded is returned unchanged, except that `+` becomes a space.
pub(crate) fn decode_key_filter(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|hex| *first == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        decoded.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(id: &str, arn: &str) -> LambdaFunctionConfiguration {
        let configuration = LambdaFunctionConfiguration::builder().id(id).lambda_function_arn(arn);
        configuration.events("s3:ObjectCreated:*".into()).build().expect("complete")
    }

    #[test]
    fn key_filters_are_encoded_as_s3_compares_them() {
        for (plain, encoded) in [
            ("in/", "in/"),
            ("my pictures/", "my+pictures/"),
            ("year=2026/", "year%3D2026/"),
            ("a+b", "a%2Bb"),
            ("über", "%C3%BCber"),
            (".tar.gz", ".tar.gz"),
        ] {
            assert_eq!(encode_key_filter(plain), encoded);
            assert_eq!(decode_key_filter(encoded), plain);
        }
        // Earlier versions did not encode.
        for raw in ["year=2026/", "my pictures/", "50%", "%zz", "%ff"] {
            assert_eq!(decode_key_filter(raw), raw);
        }
    }

    #[test]
    fn notifications_that_users_add_are_not_ours() {
        let ours = |all: &[LambdaFunctionConfiguration]| -> Vec<String> {
            own_notifications(all, |arn| arn == "own").filter_map(|each| each.id().map(str::to_owned)).collect()
        };
        let added = [configuration("bedrock-a-1", "own"), configuration("by-hand", "own"), configuration("x", "other")];
        assert_eq!(ours(&added), ["bedrock-a-1"]);
        let legacy = [configuration("ZGVm", "own"), configuration("x", "other")];
        assert_eq!(ours(&legacy), ["ZGVm"]);
    }
}
