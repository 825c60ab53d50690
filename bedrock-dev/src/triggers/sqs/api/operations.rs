//! What SQS's operations do.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::super::message::{Message, md5, md5_of_attributes};
use super::super::queue::SqsQueue;
use super::error::SqsError;
use super::sending;
use super::server::Sqs;

/// Messages that one call gives.
const MOST_MESSAGES: u64 = 10;
/// Seconds that a receiver may wait.
const LONGEST_WAIT: u64 = 20;
/// Seconds for which a message may be hidden.
const LONGEST_HIDDEN: u64 = 43_200;

/// Runs an operation. `trace` is the caller's.
pub(super) async fn run(sqs: &Sqs, operation: &str, given: &Value, trace: Option<&str>) -> Result<Value, SqsError> {
    match operation {
        "GetQueueUrl" => {
            let name = text(given, "QueueName").ok_or_else(|| SqsError::missing("QueueName"))?;
            return Ok(json!({ "QueueUrl": named(sqs, name)?.url }));
        }
        "ListQueues" => {
            let prefix = text(given, "QueueNamePrefix").unwrap_or_default();
            let urls = sqs.queues.iter().filter(|queue| queue.name.starts_with(prefix)).map(|queue| &queue.url);
            return Ok(json!({ "QueueUrls": urls.collect::<Vec<_>>() }));
        }
        _ => {}
    }
    let queue = at(sqs, given)?;
    match operation {
        "SendMessage" => sending::one(&queue, given, trace),
        "SendMessageBatch" => sending::batch(&queue, given, trace),
        "ReceiveMessage" => receive(sqs, &queue, given).await,
        "DeleteMessage" => {
            queue.delete(receipt(given)?)?;
            Ok(json!({}))
        }
        "DeleteMessageBatch" => each(given, |entry| {
            queue.delete(receipt(entry)?)?;
            Ok(Map::new())
        }),
        "ChangeMessageVisibility" => {
            hide(&queue, given)?;
            Ok(json!({}))
        }
        "ChangeMessageVisibilityBatch" => each(given, |entry| {
            hide(&queue, entry)?;
            Ok(Map::new())
        }),
        "GetQueueAttributes" => attributes(sqs, &queue, given),
        "PurgeQueue" => {
            queue.purge()?;
            Ok(json!({}))
        }
        _ => Err(SqsError::unknown(operation)),
    }
}

/// Each entry of a batch on its own: what is wrong with one is no fault of the others.
pub(super) fn each(
    given: &Value,
    mut how: impl FnMut(&Value) -> Result<Map<String, Value>, SqsError>,
) -> Result<Value, SqsError> {
    let entries = given.get("Entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let ids: Vec<&str> = entries.iter().filter_map(|entry| text(entry, "Id")).collect();
    if entries.is_empty() || ids.len() < entries.len() {
        let message = "There should be at least one SendMessageBatchRequestEntry in the request.";
        return Err(SqsError::batch("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", message));
    }
    if entries.len() > 10 {
        let message = format!("Maximum number of entries per request are 10. You have sent {}.", entries.len());
        let query = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
        return Err(SqsError::batch("TooManyEntriesInBatchRequest", query, &message));
    }
    if let Some(twice) = ids.iter().enumerate().find(|(at, id)| ids[..*at].contains(id)) {
        let message = format!("Id {} repeated.", twice.1);
        let query = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
        return Err(SqsError::batch("BatchEntryIdsNotDistinct", query, &message));
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (entry, id) in entries.iter().zip(ids) {
        match how(entry) {
            Ok(mut result) => {
                result.insert("Id".to_owned(), id.into());
                done.push(Value::Object(result));
            }
            Err(fault) => failed.push(json!({
                "Id": id, "SenderFault": true, "Code": fault.query, "Message": fault.message
            })),
        }
    }
    Ok(json!({ "Successful": done, "Failed": failed }))
}

async fn receive(sqs: &Sqs, queue: &SqsQueue, given: &Value) -> Result<Value, SqsError> {
    let most = number(given, "MaxNumberOfMessages", 1..=MOST_MESSAGES)?.unwrap_or(1);
    let most = usize::try_from(most).unwrap_or(1);
    let visibility = number(given, "VisibilityTimeout", 0..=LONGEST_HIDDEN)?;
    let wait = number(given, "WaitTimeSeconds", 0..=LONGEST_WAIT)?.unwrap_or_default();
    let limit = Instant::now() + Duration::from_secs(wait);
    let messages = loop {
        let received = queue.receive(most, visibility)?;
        if !received.messages.is_empty() || Instant::now() >= limit {
            break received.messages;
        }
        // Who waits does so in the world's time, whatever the clock of the messages shows.
        match tokio::time::timeout_at(limit, queue.wait(None)).await {
            Ok(waited) => waited?,
            Err(_) => break queue.receive(most, visibility)?.messages,
        }
    };
    let texts = |name: &str| -> Vec<&str> {
        given.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let system = [texts("AttributeNames"), texts("MessageSystemAttributeNames")].concat();
    let own = texts("MessageAttributeNames");
    let shown: Vec<Value> = messages.iter().map(|message| shown(message, &sqs.account, &system, &own)).collect();
    Ok(if shown.is_empty() { json!({}) } else { json!({ "Messages": shown }) })
}

fn shown(message: &Message, account: &str, system: &[&str], own: &[&str]) -> Value {
    let mut shown = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": md5(message.body.as_bytes()),
        "Body": message.body,
    });
    let mut found: BTreeMap<&str, String> = message.system(account);
    found.retain(|name, _| system.iter().any(|wanted| *wanted == "All" || wanted == name));
    if !found.is_empty() {
        shown["Attributes"] = json!(found);
    }
    let is_wanted = |name: &str| {
        let of = |wanted: &&str| {
            let prefix = wanted.strip_suffix(".*");
            *wanted == "All"
                || *wanted == ".*"
                || *wanted == name
                || prefix.is_some_and(|prefix| name.starts_with(prefix))
        };
        own.iter().any(of)
    };
    let mut attributes = message.attributes.clone();
    attributes.retain(|name, _| is_wanted(name));
    if !attributes.is_empty() {
        shown["MD5OfMessageAttributes"] = md5_of_attributes(&attributes).into();
        shown["MessageAttributes"] = json!(attributes);
    }
    shown
}

fn hide(queue: &SqsQueue, given: &Value) -> Result<(), SqsError> {
    let seconds = number(given, "VisibilityTimeout", 0..=LONGEST_HIDDEN)?;
    let seconds = seconds.ok_or_else(|| SqsError::missing("VisibilityTimeout"))?;
    if queue.hide(receipt(given)?, seconds)? {
        return Ok(());
    }
    let message = "The receipt handle is not that of a message which somebody has received.";
    Err(SqsError::batch("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", message))
}

fn attributes(sqs: &Sqs, queue: &SqsQueue, given: &Value) -> Result<Value, SqsError> {
    let counts = queue.counts()?;
    let mut all = HashMap::from([
        ("QueueArn", queue.arn.clone()),
        ("VisibilityTimeout", queue.visibility.to_string()),
        ("ApproximateNumberOfMessages", counts.waiting.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
        ("DelaySeconds", "0".to_owned()),
        ("ReceiveMessageWaitTimeSeconds", "0".to_owned()),
        ("MaximumMessageSize", sending::LARGEST.to_string()),
        ("MessageRetentionPeriod", "345600".to_owned()),
    ]);
    if let Some(dead) = &queue.dead {
        let arn = named(sqs, &dead.queue).map(|queue| queue.arn.clone()).unwrap_or_default();
        let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": dead.max_receives });
        all.insert("RedrivePolicy", policy.to_string());
    }
    let wanted: Vec<&str> =
        given.get("AttributeNames").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    all.retain(|name, _| wanted.iter().any(|wanted| *wanted == "All" || wanted == name));
    Ok(if all.is_empty() { json!({}) } else { json!({ "Attributes": all }) })
}

/// The queue of a URL, whose last part is the name.
fn at(sqs: &Sqs, given: &Value) -> Result<Arc<SqsQueue>, SqsError> {
    let url = text(given, "QueueUrl").ok_or_else(|| SqsError::missing("QueueUrl"))?;
    named(sqs, url.rsplit('/').next().unwrap_or_default())
}

fn named(sqs: &Sqs, name: &str) -> Result<Arc<SqsQueue>, SqsError> {
    sqs.queues.iter().find(|queue| queue.name == name).cloned().ok_or_else(SqsError::no_queue)
}

fn receipt(given: &Value) -> Result<&str, SqsError> {
    text(given, "ReceiptHandle").ok_or_else(|| SqsError::missing("ReceiptHandle"))
}

pub(super) fn text<'a>(given: &'a Value, name: &str) -> Option<&'a str> {
    given.get(name)?.as_str()
}

pub(super) fn number(given: &Value, name: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>, SqsError> {
    let Some(value) = given.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let number = value.as_u64().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| {
        let (least, most) = range.into_inner();
        SqsError::invalid(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be between {least} and {most}, if provided."
        ))
    })
}
