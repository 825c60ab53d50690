//! Sending messages, one or some.

use serde_json::{Map, Value};

use super::super::message::{Attributes, md5, md5_of_attributes};
use super::super::queue::SqsQueue;
use super::error::SqsError;
use super::operations::{each, number, text};

/// Bytes of a message with its attributes (SQS quotas), and of all messages of a batch.
pub(super) const LARGEST: usize = 1_048_576;
/// Seconds by which a message may be delayed.
const LONGEST_DELAY: u64 = 900;
/// Attributes of a message.
const MOST_ATTRIBUTES: usize = 10;

/// `SendMessage`
pub(super) fn one(queue: &SqsQueue, given: &Value, trace: Option<&str>) -> Result<Value, SqsError> {
    Ok(Value::Object(send(queue, given, trace)?))
}

/// `SendMessageBatch`
pub(super) fn batch(queue: &SqsQueue, given: &Value, trace: Option<&str>) -> Result<Value, SqsError> {
    let entries = given.get("Entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let bytes: usize = entries.iter().filter_map(|entry| text(entry, "MessageBody")).map(str::len).sum();
    if bytes > LARGEST {
        let message = format!("Batch requests cannot be longer than {LARGEST} bytes. You have sent {bytes} bytes.");
        let query = "AWS.SimpleQueueService.BatchRequestTooLong";
        return Err(SqsError::batch("BatchRequestTooLong", query, &message));
    }
    each(given, |entry| send(queue, entry, trace))
}

fn send(queue: &SqsQueue, given: &Value, trace: Option<&str>) -> Result<Map<String, Value>, SqsError> {
    let body = text(given, "MessageBody").ok_or_else(|| SqsError::missing("MessageBody"))?;
    if body.is_empty() {
        return Err(SqsError::missing("MessageBody"));
    }
    if let Some(c) = body.chars().find(|c| !is_legal(*c)) {
        let message = format!("Invalid binary character '#x{:X}' was found in the message body.", u32::from(c));
        return Err(SqsError::batch("InvalidMessageContents", "InvalidMessageContents", &message));
    }
    let attributes = attributes(given)?;
    let more = attributes.iter().map(|(name, attribute)| {
        let value = attribute.string_value.as_ref().or(attribute.binary_value.as_ref());
        name.len() + attribute.data_type.len() + value.map_or(0, String::len)
    });
    let bytes = body.len() + more.sum::<usize>();
    if bytes > LARGEST {
        let reason = format!("Reason: Message must be shorter than {LARGEST} bytes.");
        return Err(SqsError::invalid(format!("One or more parameters are invalid. {reason}")));
    }
    let delay = number(given, "DelaySeconds", 0..=LONGEST_DELAY)?.unwrap_or_default();
    // What the message says of its trace goes before what the request says.
    let system = given.get("MessageSystemAttributes").and_then(|system| system.get("AWSTraceHeader"));
    let trace = system.and_then(|header| text(header, "StringValue")).or(trace);
    let id = queue.send(body, (&attributes, trace), delay)?;
    let mut sent = Map::new();
    sent.insert("MessageId".to_owned(), id.into());
    sent.insert("MD5OfMessageBody".to_owned(), md5(body.as_bytes()).into());
    if !attributes.is_empty() {
        sent.insert("MD5OfMessageAttributes".to_owned(), md5_of_attributes(&attributes).into());
    }
    Ok(sent)
}

fn attributes(given: &Value) -> Result<Attributes, SqsError> {
    let Some(value) = given.get("MessageAttributes").filter(|value| !value.is_null()) else {
        return Ok(Attributes::new());
    };
    let attributes: Attributes = serde_json::from_value(value.clone()).map_err(|error| SqsError::no_json(&error))?;
    if attributes.len() > MOST_ATTRIBUTES {
        let message = format!("Number of message attributes [{}] exceeds the allowed maximum [10].", attributes.len());
        return Err(SqsError::invalid(message));
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
                return Err(SqsError::invalid(message));
            }
        };
        if !has_value {
            let message = format!("Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'.");
            return Err(SqsError::invalid(message));
        }
    }
    Ok(attributes)
}

/// Characters that XML can have, which SQS's bodies keep to.
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::{Attributes, attributes, is_legal, md5_of_attributes};
    use serde_json::json;

    #[test]
    fn the_digest_of_attributes_is_that_which_clients_compute() {
        let given = json!({ "MessageAttributes": {
            "tone": { "DataType": "String", "StringValue": "low" },
            "bits": { "DataType": "Binary", "BinaryValue": "AAH/" },
        } });
        let found = attributes(&given).expect("attributes");
        assert_eq!(found.len(), 2);
        assert_eq!(md5_of_attributes(&found), "e85c50e0288e823de62b59c133828b67");
        assert_eq!(attributes(&json!({})), Ok(Attributes::new()));
    }

    #[test]
    fn attributes_need_a_known_type_and_a_value() {
        for wrong in [
            json!({ "x": { "DataType": "Text", "StringValue": "a" } }),
            json!({ "x": { "DataType": "String", "StringValue": "" } }),
            json!({ "x": { "DataType": "Binary", "StringValue": "a" } }),
            json!([1]),
        ] {
            assert!(attributes(&json!({ "MessageAttributes": wrong })).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bodies_have_the_characters_of_xml() {
        assert!("ä\t\r\n🙂".chars().all(is_legal));
        assert!(!"\u{0}\u{8}\u{fffe}".chars().any(is_legal));
    }
}
