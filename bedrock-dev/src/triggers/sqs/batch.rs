//! The event of a batch, and which of its messages failed. Pure (Lambda developer guide, "Using Lambda with Amazon SQS").

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::message::{Attribute, Attributes, Message, md5};

/// The event that a worker gets.
pub(super) fn event(messages: &[Message], arn: &str) -> Value {
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let record = |message: &Message| {
        json!({
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": message.system(account),
            "messageAttributes": attributes(&message.attributes),
            "md5OfBody": md5(message.body.as_bytes()),
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": region,
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

/// As events have them, which is not as SQS's API has them.
fn attributes(attributes: &Attributes) -> BTreeMap<&str, Value> {
    let shown = |attribute: &Attribute| {
        let mut value = Map::new();
        value.extend(attribute.string_value.clone().map(|text| ("stringValue".to_owned(), text.into())));
        value.extend(attribute.binary_value.clone().map(|text| ("binaryValue".to_owned(), text.into())));
        value.insert("stringListValues".to_owned(), json!([]));
        value.insert("binaryListValues".to_owned(), json!([]));
        value.insert("dataType".to_owned(), attribute.data_type.clone().into());
        Value::Object(value)
    };
    attributes.iter().map(|(name, attribute)| (name.as_str(), shown(attribute))).collect()
}

/// Which messages failed when the worker answered `response`: none, those that it names, or all because the answer makes no
/// sense. Only where the answer is asked for it (`partial-failures`).
pub(super) fn failed<'a>(messages: &'a [Message], response: &[u8]) -> Vec<&'a Message> {
    let all = || messages.iter().collect();
    let Ok(response) = serde_json::from_slice::<Value>(response) else { return all() };
    let named = match &response {
        Value::Null => return Vec::new(),
        Value::Object(response) => response.get("batchItemFailures"),
        _ => return all(),
    };
    let named = match named {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(named)) => named,
        Some(_) => return all(),
    };
    let mut failed = Vec::new();
    for item in named {
        let id = item.get("itemIdentifier").and_then(Value::as_str);
        let message = id.and_then(|id| messages.iter().find(|message| message.id == id));
        match message {
            Some(message) if failed.iter().any(|other: &&Message| other.id == message.id) => {}
            Some(message) => failed.push(message),
            // Nobody knows what the worker meant.
            None => return all(),
        }
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::{event, failed};
    use crate::triggers::sqs::message::{Attribute, Message};
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    fn message(id: &str) -> Message {
        Message {
            id: id.to_owned(),
            body: "hällo".to_owned(),
            attributes: [(
                "tone".to_owned(),
                Attribute { data_type: "String".to_owned(), string_value: Some("low".to_owned()), binary_value: None },
            )]
            .into(),
            trace: None,
            sent: UNIX_EPOCH + Duration::from_secs(1),
            first_received: UNIX_EPOCH + Duration::from_secs(2),
            receives: 2,
            receipt: format!("receipt-{id}"),
        }
    }

    #[test]
    fn the_event_of_a_batch_is_lambdas() {
        assert_eq!(
            event(&[message("a")], "arn:aws:sqs:eu-west-1:000000000000:shop-local-jobs"),
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
    fn the_answer_names_the_messages_that_failed() {
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
                failed(&messages, response.as_bytes()).iter().map(|message| message.id.as_str()).collect();
            assert_eq!(found, expected, "{response}");
        }
    }
}
