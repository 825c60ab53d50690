//! The operations of SQS.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bedrock_local::event_sources::SqsMessage;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::super::super::aws_api::md5_hex;
use super::super::message::md5_of_attributes;
use super::super::queue::SqsQueue;
use super::error::SqsError;
use super::request::{for_each_entry, number, receipt_handle, text, texts};
use super::send;
use super::state::Sqs;

/// The operations of the local SQS.
const OPERATIONS: [&str; 13] = [
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "DeleteMessage",
    "DeleteMessageBatch",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListQueueTags",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
    "SendMessageBatch",
];
/// Maximum number of messages in one response.
const MAX_RECEIVED_MESSAGES: u64 = 10;
/// Maximum wait time of a receiver.
const MAX_WAIT_SECONDS: u64 = 20;
/// Maximum visibility timeout.
const MAX_VISIBILITY_SECONDS: u64 = 43_200;

/// The names of attributes that SQS knows (API reference, "GetQueueAttributes"). Some of them no local queue has.
const QUEUE_ATTRIBUTES: [&str; 22] = [
    "All",
    "Policy",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
    "ApproximateNumberOfMessagesDelayed",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

/// The names of attributes of messages, in addition to those of queues, which SQS accepts in the same place.
const MESSAGE_ATTRIBUTES: [&str; 9] = [
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

/// Runs an operation. `trace` is the trace header of the caller.
pub(super) async fn run(
    sqs: &Arc<Sqs>,
    operation: &str,
    params: Value,
    trace: Option<String>,
) -> Result<Value, SqsError> {
    if !OPERATIONS.contains(&operation) {
        return Err(SqsError::unknown_operation(operation));
    }
    match operation {
        "GetQueueUrl" => {
            let name = text(&params, "QueueName").ok_or_else(|| SqsError::missing_parameter("QueueName"))?;
            return Ok(json!({ "QueueUrl": sqs.find(name)?.url }));
        }
        "ListQueues" => {
            let prefix = text(&params, "QueueNamePrefix").unwrap_or_default();
            let urls = sqs.queues.iter().filter(|queue| queue.name.starts_with(prefix)).map(|queue| &queue.url);
            return Ok(json!({ "QueueUrls": urls.collect::<Vec<_>>() }));
        }
        _ => {}
    }
    let queue = queue_of(sqs, &params)?;
    if operation == "ReceiveMessage" {
        return receive(sqs, &queue, &params).await;
    }
    let sqs = Arc::clone(sqs);
    let operation = operation.to_owned();
    queue.on_thread(move |queue| run_on_messages(&sqs, queue, &operation, &params, trace.as_deref())).await
}

fn run_on_messages(
    sqs: &Sqs,
    queue: &SqsQueue,
    operation: &str,
    params: &Value,
    trace: Option<&str>,
) -> Result<Value, SqsError> {
    match operation {
        "SendMessage" => send::send_message(queue, params, trace),
        "SendMessageBatch" => send::send_message_batch(queue, params, trace),
        "DeleteMessage" => {
            queue.delete(receipt_handle(params)?)?;
            Ok(json!({}))
        }
        "DeleteMessageBatch" => for_each_entry(params, |entry| {
            queue.delete(receipt_handle(entry)?)?;
            Ok(Map::new())
        }),
        "ChangeMessageVisibility" => {
            change_visibility(queue, params)?;
            Ok(json!({}))
        }
        "ChangeMessageVisibilityBatch" => for_each_entry(params, |entry| {
            change_visibility(queue, entry)?;
            Ok(Map::new())
        }),
        "GetQueueAttributes" => queue_attributes(sqs, queue, params),
        "ListDeadLetterSourceQueues" => {
            let is_source = |source: &&Arc<SqsQueue>| {
                source.redrive.as_ref().is_some_and(|redrive| redrive.dead_letter_queue == queue.name)
            };
            let urls: Vec<_> = sqs.queues.iter().filter(is_source).map(|source| &source.url).collect();
            Ok(json!({ "queueUrls": urls }))
        }
        "ListQueueTags" => Ok(json!({})),
        "PurgeQueue" => {
            queue.purge()?;
            Ok(json!({}))
        }
        _ => Err(SqsError::unknown_operation(operation)),
    }
}

async fn receive(sqs: &Sqs, queue: &Arc<SqsQueue>, params: &Value) -> Result<Value, SqsError> {
    let max_messages = number(params, "MaxNumberOfMessages", 1..=MAX_RECEIVED_MESSAGES)?.unwrap_or(1);
    let max_messages = usize::try_from(max_messages).unwrap_or(1);
    let visibility = number(params, "VisibilityTimeout", 0..=MAX_VISIBILITY_SECONDS)?;
    let wait = number(params, "WaitTimeSeconds", 0..=MAX_WAIT_SECONDS)?.unwrap_or_default();
    let system_names = [texts(params, "AttributeNames"), texts(params, "MessageSystemAttributeNames")].concat();
    let is_known = |name: &&str| MESSAGE_ATTRIBUTES.contains(name) || QUEUE_ATTRIBUTES.contains(name);
    if let Some(unknown) = system_names.iter().find(|name| !is_known(name)) {
        return Err(unknown_attribute(unknown));
    }
    let deadline = Instant::now() + Duration::from_secs(wait);
    let messages = loop {
        let received = queue.on_thread(move |queue| queue.receive(max_messages, visibility)).await?;
        if !received.messages.is_empty() || Instant::now() >= deadline {
            break received.messages;
        }
        // Receivers wait in real time, whatever the clock of the messages shows.
        let Ok(waited) = tokio::time::timeout_at(deadline, queue.wait(None)).await else {
            let received = queue.on_thread(move |queue| queue.receive(max_messages, visibility)).await?;
            break received.messages;
        };
        waited?;
    };
    let names = texts(params, "MessageAttributeNames");
    let messages: Vec<Value> =
        messages.iter().map(|message| message_json(message, &sqs.account, &system_names, &names)).collect();
    Ok(if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) })
}

/// Returns a message with the requested attributes.
fn message_json(message: &SqsMessage, account: &str, system_names: &[&str], names: &[&str]) -> Value {
    let mut json = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": md5_hex(message.body.as_bytes()),
        "Body": message.body,
    });
    let mut system: BTreeMap<&str, String> = message.system_attributes(account);
    system.retain(|name, _| system_names.iter().any(|requested| *requested == "All" || requested == name));
    if !system.is_empty() {
        json["Attributes"] = json!(system);
    }
    let is_requested = |name: &str| {
        let matches = |requested: &&str| {
            let prefix = requested.strip_suffix(".*");
            *requested == "All"
                || *requested == ".*"
                || *requested == name
                || prefix.is_some_and(|prefix| name.starts_with(prefix))
        };
        names.iter().any(matches)
    };
    let mut attributes = message.attributes.clone();
    attributes.retain(|name, _| is_requested(name));
    if !attributes.is_empty() {
        json["MD5OfMessageAttributes"] = md5_of_attributes(&attributes).into();
        json["MessageAttributes"] = json!(attributes);
    }
    json
}

fn change_visibility(queue: &SqsQueue, params: &Value) -> Result<(), SqsError> {
    let seconds = number(params, "VisibilityTimeout", 0..=MAX_VISIBILITY_SECONDS)?;
    let seconds = seconds.ok_or_else(|| SqsError::missing_parameter("VisibilityTimeout"))?;
    if queue.change_visibility(receipt_handle(params)?, seconds)? {
        return Ok(());
    }
    Err(SqsError::invalid_receipt_handle("The receipt handle is not that of a received message."))
}

fn queue_attributes(sqs: &Sqs, queue: &SqsQueue, params: &Value) -> Result<Value, SqsError> {
    let counts = queue.counts()?;
    let mut attributes = HashMap::from([
        ("QueueArn", queue.arn.clone()),
        ("VisibilityTimeout", queue.visibility.to_string()),
        ("ApproximateNumberOfMessages", counts.waiting.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
        ("DelaySeconds", "0".to_owned()),
        ("ReceiveMessageWaitTimeSeconds", "0".to_owned()),
        ("MaximumMessageSize", send::MAX_MESSAGE_BYTES.to_string()),
        ("MessageRetentionPeriod", "345600".to_owned()),
    ]);
    if let Some(redrive) = &queue.redrive {
        let arn = sqs.find(&redrive.dead_letter_queue).map(|queue| queue.arn.clone()).unwrap_or_default();
        let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": redrive.max_receives });
        attributes.insert("RedrivePolicy", policy.to_string());
    }
    if let Some(fifo) = queue.fifo {
        attributes.insert("FifoQueue", "true".to_owned());
        attributes.insert("ContentBasedDeduplication", fifo.content_based_deduplication.to_string());
        attributes.insert("DeduplicationScope", "queue".to_owned());
        attributes.insert("FifoThroughputLimit", "perQueue".to_owned());
    }
    let names = texts(params, "AttributeNames");
    if let Some(unknown) = names.iter().find(|name| !QUEUE_ATTRIBUTES.contains(name)) {
        return Err(unknown_attribute(unknown));
    }
    attributes.retain(|name, _| names.iter().any(|requested| *requested == "All" || requested == name));
    Ok(if attributes.is_empty() { json!({}) } else { json!({ "Attributes": attributes }) })
}

fn unknown_attribute(name: &str) -> SqsError {
    let message = format!("Unknown Attribute {name}.");
    SqsError::with_code("InvalidAttributeName", "InvalidAttributeName", &message)
}

/// Returns the queue of the request, whose name is the last segment of the queue URL.
fn queue_of(sqs: &Sqs, params: &Value) -> Result<Arc<SqsQueue>, SqsError> {
    let url = text(params, "QueueUrl").ok_or_else(|| SqsError::missing_parameter("QueueUrl"))?;
    sqs.find(url.rsplit('/').next().unwrap_or_default())
}
