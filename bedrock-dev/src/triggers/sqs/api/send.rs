//! The operations that send messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_local::event_sources::{MessageAttributes, SqsMessageAttribute, sequence_number};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::super::super::aws_api::{hex, md5_hex};
use super::super::message::md5_of_attributes;
use super::super::queue::{MAX_DELAY_SECONDS, OutgoingMessage, SqsQueue};
use super::error::SqsError;
use super::request::{entries, for_each_entry, number, text};

/// Maximum size of a message with its attributes, and of all messages of a batch (SQS quotas).
pub(super) const MAX_MESSAGE_BYTES: usize = 1_048_576;
/// Maximum number of attributes of a message.
const MAX_ATTRIBUTES: usize = 10;
/// Maximum length of the name of an attribute.
const MAX_ATTRIBUTE_NAME_BYTES: usize = 256;
/// The system attribute that a sender may set.
const TRACE_HEADER: &str = "AWSTraceHeader";
/// Maximum length of a group id and of a deduplication id.
const MAX_ID_BYTES: usize = 128;
/// `MessageGroupId` is allowed on standard queues, too, for fair queues.
const GROUP_ID: &str = "MessageGroupId";
const DEDUPLICATION_ID: &str = "MessageDeduplicationId";

/// `SendMessage`
pub(super) fn send_message(queue: &SqsQueue, params: &Value, trace: Option<&str>) -> Result<Value, SqsError> {
    Ok(Value::Object(send(queue, params, trace)?))
}

/// `SendMessageBatch`
pub(super) fn send_message_batch(queue: &SqsQueue, params: &Value, trace: Option<&str>) -> Result<Value, SqsError> {
    let size = |entry: &Value| -> usize {
        let body = text(entry, "MessageBody").map_or(0, str::len);
        // An entry whose attributes cannot be read is refused below.
        body + read_attributes(entry).map_or(0, |attributes| attributes_size(&attributes))
    };
    let bytes: usize = entries(params).iter().map(size).sum();
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
    let group = id(params, GROUP_ID)?;
    let deduplication_id = deduplication_id(queue, params, body)?;
    if queue.fifo.is_some() && group.is_none() {
        return Err(SqsError::missing_parameter(GROUP_ID));
    }
    let system_attributes = read_system_attributes(params)?;
    let attributes = read_attributes(params)?;
    let bytes = body.len() + attributes_size(&attributes);
    if bytes > MAX_MESSAGE_BYTES {
        let reason = format!("Reason: Message must be shorter than {MAX_MESSAGE_BYTES} bytes.");
        return Err(SqsError::invalid_value(format!("One or more parameters are invalid. {reason}")));
    }
    let delay = number(params, "DelaySeconds", 0..=MAX_DELAY_SECONDS)?;
    if queue.fifo.is_some() && delay.is_some() {
        return Err(wrong_queue_type(params, "DelaySeconds"));
    }
    // The trace header of the message takes precedence over that of the request.
    let header = system_attributes.get(TRACE_HEADER).and_then(|header| header.string_value.as_deref());
    let trace = header.or(trace);
    let sent = queue.send(&OutgoingMessage {
        body,
        attributes: &attributes,
        trace,
        delay: delay.unwrap_or_default(),
        group,
        deduplication_id: deduplication_id.as_deref(),
    })?;
    let mut result = Map::new();
    result.insert("MessageId".to_owned(), sent.id.into());
    if let Some(sequence) = sent.sequence {
        result.insert("SequenceNumber".to_owned(), sequence_number(sequence).into());
    }
    result.insert("MD5OfMessageBody".to_owned(), md5_hex(body.as_bytes()).into());
    if !attributes.is_empty() {
        result.insert("MD5OfMessageAttributes".to_owned(), md5_of_attributes(&attributes).into());
    }
    if !system_attributes.is_empty() {
        result.insert("MD5OfMessageSystemAttributes".to_owned(), md5_of_attributes(&system_attributes).into());
    }
    Ok(result)
}

/// Returns the error for a parameter that the kind of queue does not have.
fn wrong_queue_type(params: &Value, name: &str) -> SqsError {
    let reason = format!("Reason: The request includes a parameter that is not valid for this queue type: {name}.");
    SqsError::invalid_value(format!("Value {} for parameter {name} is invalid. {reason}", params[name]))
}

/// Reads a group id or a deduplication id. `None` if the request has none.
fn id<'p>(params: &'p Value, name: &str) -> Result<Option<&'p str>, SqsError> {
    let Some(value) = params.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let is_valid = |id: &&str| {
        (1..=MAX_ID_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte.is_ascii_punctuation())
    };
    value.as_str().filter(is_valid).map(Some).ok_or_else(|| {
        SqsError::invalid_value(format!(
            "Value {value} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and \
             punctuation characters. 1 to {MAX_ID_BYTES} in length."
        ))
    })
}

/// Returns what identifies duplicates of a message in a FIFO queue. `None` for a standard queue.
fn deduplication_id(queue: &SqsQueue, params: &Value, body: &str) -> Result<Option<String>, SqsError> {
    let given = id(params, DEDUPLICATION_ID)?;
    match (queue.fifo, given) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(wrong_queue_type(params, DEDUPLICATION_ID)),
        (Some(_), Some(given)) => Ok(Some(given.to_owned())),
        // The attributes do not count.
        (Some(fifo), None) if fifo.content_based_deduplication => Ok(Some(hex(&Sha256::digest(body.as_bytes())))),
        (Some(_), None) => Err(SqsError::invalid_value(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )),
    }
}

/// Reads the system attributes. There is only one.
fn read_system_attributes(params: &Value) -> Result<MessageAttributes, SqsError> {
    let attributes = attributes_of(params, "MessageSystemAttributes")?;
    for (name, attribute) in &attributes {
        if name != TRACE_HEADER {
            let message = format!("Message system attribute name '{name}' is invalid.");
            return Err(SqsError::invalid_value(message));
        }
        check_attribute(name, attribute)?;
        if attribute.data_type != "String" {
            let message = format!("The type of message system attribute '{name}' must be 'String'.");
            return Err(SqsError::invalid_value(message));
        }
    }
    Ok(attributes)
}

fn attributes_of(params: &Value, name: &str) -> Result<MessageAttributes, SqsError> {
    let Some(value) = params.get(name).filter(|value| !value.is_null()) else {
        return Ok(MessageAttributes::new());
    };
    serde_json::from_value(value.clone()).map_err(|error| SqsError::invalid_json(&error))
}

fn read_attributes(params: &Value) -> Result<MessageAttributes, SqsError> {
    let attributes = attributes_of(params, "MessageAttributes")?;
    if attributes.len() > MAX_ATTRIBUTES {
        let message = format!("Number of message attributes [{}] exceeds the allowed maximum [10].", attributes.len());
        return Err(SqsError::invalid_value(message));
    }
    attributes.iter().try_for_each(|(name, attribute)| check_attribute(name, attribute))?;
    Ok(attributes)
}

/// Returns the size of attributes as SQS counts it. A binary value counts without Base64.
fn attributes_size(attributes: &MessageAttributes) -> usize {
    let size = |(name, attribute): (&String, &SqsMessageAttribute)| {
        let binary = attribute
            .binary_value
            .as_ref()
            .map(|value| STANDARD.decode(value).map_or(value.len(), |bytes| bytes.len()));
        let value = attribute.string_value.as_ref().map(String::len).or(binary);
        name.len() + attribute.data_type.len() + value.unwrap_or_default()
    };
    attributes.iter().map(size).sum()
}

/// Checks an attribute (SQS developer guide, "Amazon SQS message metadata").
fn check_attribute(name: &str, attribute: &SqsMessageAttribute) -> Result<(), SqsError> {
    let is_invalid =
        |problem: &str| Err(SqsError::invalid_value(format!("Message (user) attribute '{name}' {problem}")));
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_allowed) {
        return is_invalid(
            "has a name that is not valid: it can contain only A-Z, a-z, 0-9, underscores, hyphens and periods.",
        );
    }
    if name.len() > MAX_ATTRIBUTE_NAME_BYTES {
        return is_invalid(&format!(
            "has a name of {} characters, at most {MAX_ATTRIBUTE_NAME_BYTES} are allowed.",
            name.len()
        ));
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return is_invalid("has a name that starts or ends with a period, or has successive periods.");
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return is_invalid("has a name with the reserved prefix 'AWS.' or 'Amazon.'.");
    }
    let kind = attribute.data_type.split('.').next().unwrap_or_default();
    if !["Binary", "Number", "String"].contains(&kind) {
        return Err(SqsError::invalid_value(format!(
            "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
             type prefixes: Binary, Number, String."
        )));
    }
    let value = if kind == "Binary" { &attribute.binary_value } else { &attribute.string_value };
    let Some(value) = value.as_ref().filter(|value| !value.is_empty()) else {
        return is_invalid(&format!("must contain a non-empty value of type '{kind}'."));
    };
    match kind {
        "Number" if !is_number(value) => is_invalid("must contain a value of type 'Number'."),
        "Binary" if STANDARD.decode(value).is_err() => is_invalid("must contain a value in Base64."),
        "String" if !value.chars().all(is_xml_char) => is_invalid("contains a character that is not valid in XML."),
        _ => Ok(()),
    }
}

/// Returns whether a text is a number in decimal digits, with an optional exponent.
fn is_number(text: &str) -> bool {
    let has_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let is_mantissa = match mantissa.split_once('.') {
        None => has_digits(mantissa),
        Some((whole, fraction)) => {
            (has_digits(whole) || whole.is_empty()) && (has_digits(fraction) || fraction.is_empty()) && mantissa != "."
        }
    };
    is_mantissa && exponent.is_none_or(|exponent| has_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

/// Returns whether a character is allowed in XML, to which SQS restricts message bodies.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::{MessageAttributes, is_xml_char, md5_of_attributes, read_attributes};
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
        assert_eq!(read_attributes(&json!({})), Ok(MessageAttributes::new()));
    }

    #[test]
    fn attributes_require_a_known_type_and_a_value() {
        for invalid in [
            json!({ "x": { "DataType": "Text", "StringValue": "a" } }),
            json!({ "x": { "DataType": "String", "StringValue": "" } }),
            json!({ "x": { "DataType": "Binary", "StringValue": "a" } }),
            json!([1]),
            json!({ "": { "DataType": "String", "StringValue": "a" } }),
            json!({ "a b": { "DataType": "String", "StringValue": "a" } }),
            json!({ "a\u{1}": { "DataType": "String", "StringValue": "a" } }),
            json!({ ".a": { "DataType": "String", "StringValue": "a" } }),
            json!({ "a..b": { "DataType": "String", "StringValue": "a" } }),
            json!({ "AWS.x": { "DataType": "String", "StringValue": "a" } }),
            json!({ "amazon.x": { "DataType": "String", "StringValue": "a" } }),
            json!({ "a".repeat(257): { "DataType": "String", "StringValue": "a" } }),
            json!({ "x": { "DataType": "Number", "StringValue": "abc" } }),
            json!({ "x": { "DataType": "Number", "StringValue": "1e" } }),
            json!({ "x": { "DataType": "Number", "StringValue": "." } }),
            json!({ "x": { "DataType": "Binary", "BinaryValue": "not Base64" } }),
            json!({ "x": { "DataType": "String", "StringValue": "a\u{8}" } }),
        ] {
            assert!(read_attributes(&json!({ "MessageAttributes": invalid })).is_err(), "{invalid}");
        }
    }

    #[test]
    fn numbers_and_names_of_attributes_are_accepted() {
        for value in ["1", "-1.5", "+2", "1e10", "1.5E-3", ".5", "5."] {
            let params =
                json!({ "MessageAttributes": { "a.B-c_9": { "DataType": "Number.int", "StringValue": value } } });
            assert_eq!(read_attributes(&params).map(|attributes| attributes.len()), Ok(1), "{value}");
        }
    }

    #[test]
    fn message_bodies_are_restricted_to_xml_characters() {
        assert!("ä\t\r\n🙂".chars().all(is_xml_char));
        assert!(!"\u{0}\u{8}\u{fffe}".chars().any(is_xml_char));
    }
}
