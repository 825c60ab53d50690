//! The operations that send messages.

use serde_json::{Map, Value};

use super::super::super::aws_api::md5_hex;
use super::super::message::{Attributes, md5_of_attributes};
use super::super::queue::SqsQueue;
use super::error::SqsError;
use super::request::{entries, for_each_entry, number, text};

/// Maximum size of a message with its attributes, and of all messages of a batch (SQS quotas).
pub(super) const MAX_MESSAGE_BYTES: usize = 1_048_576;
/// Maximum delay of a message.
const MAX_DELAY_SECONDS: u64 = 900;
/// Maximum number of attributes of a message.
const MAX_ATTRIBUTES: usize = 10;

/// `SendMessage`
pub(super) fn send_message(queue: &SqsQueue, params: &Value, trace: Option<&str>) -> Result<Value, SqsError> {
    Ok(Value::Object(send(queue, params, trace)?))
}

/// `SendMessageBatch`
pub(super) fn send_message_batch(queue: &SqsQueue, params: &Value, trace: Option<&str>) -> Result<Value, SqsError> {
    let bodies = entries(params).iter().filter_map(|entry| text(entry, "MessageBody"));
    let bytes: usize = bodies.map(str::len).sum();
    if bytes > MAX_MESSAGE_BYTES {
        let message =
            format!("Batch requests cannot be longer than {MAX_MESSAGE_BYTES} bytes. You have sent {bytes} bytes.");
        let query = "AWS.SimpleQueueService.BatchRequestTooLong";
        return Err(SqsError::with_code("BatchRequestTooLong", query, &message));
    }
    for_each_entry(params, |entry| send(queue, entry, trace))
}

fn send(queue: &SqsQueue, params: &Value, trace: Option<&str>) -> Result<Map<String, Value>, SqsError> {
    let body = text(params, "MessageBody").ok_or_else(|| SqsError::missing_parameter("MessageBody"))?;
    if body.is_empty() {
        return Err(SqsError::missing_parameter("MessageBody"));
    }
    if let Some(c) = body.chars().find(|c| !is_xml_char(*c)) {
        let message = format!("Invalid binary character '#x{:X}' was found in the message body.", u32::from(c));
        return Err(SqsError::with_code("InvalidMessageContents", "InvalidMessageContents", &message));
    }
    let attributes = read_attributes(params)?;
    let attribute_sizes = attributes.iter().map(|(name, attribute)| {
        let value = attribute.string_value.as_ref().or(attribute.binary_value.as_ref());
        name.len() + attribute.data_type.len() + value.map_or(0, String::len)
    });
    let bytes = body.len() + attribute_sizes.sum::<usize>();
    if bytes > MAX_MESSAGE_BYTES {
        let reason = format!("Reason: Message must be shorter than {MAX_MESSAGE_BYTES} bytes.");
        return Err(SqsError::invalid_value(format!("One or more parameters are invalid. {reason}")));
    }
    let delay = number(params, "DelaySeconds", 0..=MAX_DELAY_SECONDS)?.unwrap_or_default();
    // The trace header of the message takes precedence over that of the request.
    let system = params.get("MessageSystemAttributes").and_then(|system| system.get("AWSTraceHeader"));
    let trace = system.and_then(|header| text(header, "StringValue")).or(trace);
    let id = queue.send(body, &attributes, trace, delay)?;
    let mut result = Map::new();
    result.insert("MessageId".to_owned(), id.into());
    result.insert("MD5OfMessageBody".to_owned(), md5_hex(body.as_bytes()).into());
    if !attributes.is_empty() {
        result.insert("MD5OfMessageAttributes".to_owned(), md5_of_attributes(&attributes).into());
    }
    Ok(result)
}

fn read_attributes(params: &Value) -> Result<Attributes, SqsError> {
    let Some(value) = params.get("MessageAttributes").filter(|value| !value.is_null()) else {
        return Ok(Attributes::new());
    };
    let attributes: Attributes =
        serde_json::from_value(value.clone()).map_err(|error| SqsError::invalid_json(&error))?;
    if attributes.len() > MAX_ATTRIBUTES {
        let message = format!("Number of message attributes [{}] exceeds the allowed maximum [10].", attributes.len());
        return Err(SqsError::invalid_value(message));
    }
    for (name, attribute) in &attributes {
        let kind = attribute.data_type.split('.').next().unwrap_or_default();
        let has_value = match kind {
            "String" | "Number" => attribute.string_value.as_ref().is_some_and(|value| !value.is_empty()),
            "Binary" => attribute.binary_value.as_ref().is_some_and(|value| !value.is_empty()),
            _ => {
                let message = format!(
                    "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
                     type prefixes: Binary, Number, String."
                );
                return Err(SqsError::invalid_value(message));
            }
        };
        if !has_value {
            let message = format!("Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'.");
            return Err(SqsError::invalid_value(message));
        }
    }
    Ok(attributes)
}

/// Returns whether a character is allowed in XML, to which SQS restricts message bodies.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::{Attributes, is_xml_char, md5_of_attributes, read_attributes};
    use serde_json::json;

    #[test]
    fn attribute_digest_matches_that_of_clients() {
        let params = json!({ "MessageAttributes": {
            "tone": { "DataType": "String", "StringValue": "low" },
            "bits": { "DataType": "Binary", "BinaryValue": "AAH/" },
        } });
        let attributes = read_attributes(&params).expect("attributes");
        assert_eq!(attributes.len(), 2);
        assert_eq!(md5_of_attributes(&attributes), "e85c50e0288e823de62b59c133828b67");
        assert_eq!(read_attributes(&json!({})), Ok(Attributes::new()));
    }

    #[test]
    fn attributes_require_a_known_type_and_a_value() {
        for invalid in [
            json!({ "x": { "DataType": "Text", "StringValue": "a" } }),
            json!({ "x": { "DataType": "String", "StringValue": "" } }),
            json!({ "x": { "DataType": "Binary", "StringValue": "a" } }),
            json!([1]),
        ] {
            assert!(read_attributes(&json!({ "MessageAttributes": invalid })).is_err(), "{invalid}");
        }
    }

    #[test]
    fn message_bodies_are_restricted_to_xml_characters() {
        assert!("ä\t\r\n🙂".chars().all(is_xml_char));
        assert!(!"\u{0}\u{8}\u{fffe}".chars().any(is_xml_char));
    }
}
