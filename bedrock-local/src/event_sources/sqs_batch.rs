//! The event of a batch, and which of its messages failed (Lambda developer guide, "Using Lambda with Amazon SQS").

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::digest::md5_hex;
use super::sqs_message::{MessageAttribute, MessageAttributes, SqsMessage};

/// Returns the event that a function gets of a queue's messages.
#[must_use]
pub fn event_json(messages: &[SqsMessage], arn: &str) -> Value {
    let mut parts = arn.split(':').skip(3);
    let region = parts.next().unwrap_or_default();
    let account = parts.next().unwrap_or_default();
    let record = |message: &SqsMessage| {
        json!({
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": message.system_attributes(account),
            "messageAttributes": event_attributes(&message.attributes),
            "md5OfBody": md5_hex(message.body.as_bytes()),
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": region,
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

/// Returns attributes in the format of events, which differs from that of SQS's API.
fn event_attributes(attributes: &MessageAttributes) -> BTreeMap<&str, Value> {
    let describe = |attribute: &MessageAttribute| {
        let mut value = Map::new();
        value.extend(attribute.string_value.clone().map(|text| ("stringValue".to_owned(), text.into())));
        value.extend(attribute.binary_value.clone().map(|text| ("binaryValue".to_owned(), text.into())));
        value.insert("stringListValues".to_owned(), json!([]));
        value.insert("binaryListValues".to_owned(), json!([]));
        value.insert("dataType".to_owned(), attribute.data_type.clone().into());
        Value::Object(value)
    };
    attributes.iter().map(|(name, attribute)| (name.as_str(), describe(attribute))).collect()
}

/// Returns the messages that failed according to the worker's response: none, those that it names, or all of them if
/// the response is not valid. Only used with `partial-failures`.
#[must_use]
pub fn failed_messages<'a>(messages: &'a [SqsMessage], response: &[u8]) -> Vec<&'a SqsMessage> {
    let all = || messages.iter().collect();
    let Ok(response) = serde_json::from_slice::<Value>(response) else { return all() };
    let failures = match &response {
        Value::Null => return Vec::new(),
        Value::Object(response) => response.get("batchItemFailures"),
        _ => return all(),
    };
    let failures = match failures {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(failures)) => failures,
        Some(_) => return all(),
    };
    let mut failed = Vec::new();
    for item in failures {
        let id = item.get("itemIdentifier").and_then(Value::as_str);
        let message = id.and_then(|id| messages.iter().find(|message| message.id == id));
        match message {
            Some(message) if failed.iter().any(|other: &&SqsMessage| other.id == message.id) => {}
            Some(message) => failed.push(message),
            // The response names an unknown message.
            None => return all(),
        }
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::{event_json, failed_messages};
    use crate::event_sources::{FifoAttributes, SqsMessage, SqsMessageAttribute};
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    fn message(id: &str) -> SqsMessage {
        SqsMessage {
            id: id.to_owned(),
            body: "hällo".to_owned(),
            attributes: [("tone".to_owned(), SqsMessageAttribute::text("String", "low".to_owned()))].into(),
            trace: None,
            sent: UNIX_EPOCH + Duration::from_secs(1),
            first_received: UNIX_EPOCH + Duration::from_secs(2),
            receives: 2,
            receipt: format!("receipt-{id}"),
            group: None,
            fifo: None,
        }
    }

    #[test]
    fn batch_event_has_lambda_format() {
        assert_eq!(
            event_json(&[message("a")], "arn:aws:sqs:eu-west-1:000000000000:shop-local-jobs"),
            json!({ "Records": [{
                "messageId": "a",
                "receiptHandle": "receipt-a",
                "body": "hällo",
                "attributes": {
                    "ApproximateReceiveCount": "2",
                    "SentTimestamp": "1000",
                    "SenderId": "000000000000",
                    "ApproximateFirstReceiveTimestamp": "2000",
                },
                "messageAttributes": {
                    "tone": { "stringValue": "low", "stringListValues": [], "binaryListValues": [], "dataType": "String" },
                },
                "md5OfBody": "38bbce5fb3d0aec801f9eab39182fa7a",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:shop-local-jobs",
                "awsRegion": "eu-west-1",
            }] })
        );
    }

    #[test]
    fn fifo_messages_have_group_and_number() {
        let fifo = Some(FifoAttributes { deduplication_id: "d".to_owned(), sequence: 7 });
        let message = SqsMessage { group: Some("g".to_owned()), fifo, ..message("a") };
        let event = event_json(&[message], "arn:aws:sqs:eu-west-1:000000000000:jobs.fifo");
        let attributes = &event["Records"][0]["attributes"];
        assert_eq!((&attributes["MessageGroupId"], &attributes["MessageDeduplicationId"]), (&json!("g"), &json!("d")));
        assert_eq!(attributes["SequenceNumber"], "00000000000000000007");
    }

    #[test]
    fn response_names_the_failed_messages() {
        let messages = ["a", "b", "c"].map(message);
        let all = ["a", "b", "c"];
        for (response, expected) in [
            ("null", &[][..]),
            ("{}", &[]),
            (r#"{"statusCode": 200}"#, &[]),
            (r#"{"batchItemFailures": null}"#, &[]),
            (r#"{"batchItemFailures": []}"#, &[]),
            (r#"{"batchItemFailures": [{"itemIdentifier": "b"}]}"#, &["b"]),
            (r#"{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "a"}]}"#, &["c", "a"]),
            (r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#, &all),
            (r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#, &all),
            (r#"{"batchItemFailures": [{"itemIdentifier": "z"}]}"#, &all),
            (r#"{"batchItemFailures": [{"id": "b"}]}"#, &all),
            (r#"{"batchItemFailures": "b"}"#, &all),
            (r#""done""#, &all),
            ("no JSON", &all),
        ] {
            let found: Vec<_> =
                failed_messages(&messages, response.as_bytes()).iter().map(|message| message.id.as_str()).collect();
            assert_eq!(found, expected, "{response}");
        }
    }
}
