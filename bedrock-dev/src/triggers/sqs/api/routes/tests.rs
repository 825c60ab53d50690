//! Tests of SQS's API as clients use it, without their libraries.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use bedrock_build::triggers::is_fifo_queue;
use serde_json::{Value, json};

use super::super::state::Sqs;
use super::serve;
use crate::Clock;
use crate::triggers::sqs::{FifoQueueConfig, MessageStore, RedrivePolicy, SqsQueue, SqsQueueConfig};

struct TestSqs {
    _scratch: tempfile::TempDir,
    sqs: Arc<Sqs>,
}

impl TestSqs {
    /// Opens the queue `jobs` and its dead-letter queue, and two FIFO queues.
    fn open() -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let messages = Arc::new(MessageStore::open(&scratch.path().join("messages.sqlite")).expect("a store"));
        let queue = |name: &str, redrive| {
            let config = SqsQueueConfig {
                name: name.to_owned(),
                arn: format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
                url: format!("http://127.0.0.1/_sqs/000000000000/{name}"),
                visibility: 30,
                redrive,
                fifo: is_fifo_queue(name)
                    .then_some(FifoQueueConfig { content_based_deduplication: name == "hashed.fifo" }),
            };
            Arc::new(SqsQueue::new(config, Arc::clone(&messages), Clock::real()))
        };
        let redrive = RedrivePolicy { dead_letter_queue: "jobs-dead".to_owned(), max_receives: 3 };
        let mut queues = vec![queue("jobs", Some(redrive)), queue("jobs-dead", None)];
        queues.extend(["ordered.fifo", "hashed.fifo"].map(|name| queue(name, None)));
        Self { _scratch: scratch, sqs: Arc::new(Sqs { queues, account: "000000000000".to_owned() }) }
    }

    /// Calls an operation of a queue. Returns the response, or the code of the query protocol.
    async fn call(&self, queue: &str, operation: &str, mut params: Value) -> Result<Value, String> {
        params["QueueUrl"] = format!("http://127.0.0.1/_sqs/000000000000/{queue}").into();
        let request = Request::post("/_sqs/")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=any/1/us-east-1/sqs/aws4_request")
            .header("x-amz-target", format!("AmazonSQS.{operation}"))
            .body(Body::from(params.to_string()))
            .expect("a request");
        let (head, body) = serve(State(Arc::clone(&self.sqs)), request).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        if head.status.is_success() {
            return Ok(serde_json::from_slice(&body).expect("JSON"));
        }
        let code = head.headers["x-amzn-query-error"].to_str().expect("text");
        Err(code.split(';').next().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn messages_return_their_attributes_and_digests() {
    let sqs = TestSqs::open();
    let trace = "Root=1-6555a4f0-0123456789abcdef01234567;Sampled=1";
    let message = json!({
        "MessageBody": "hello",
        "MessageGroupId": "tenant/1",
        "MessageAttributes": {
            "tone": { "DataType": "String", "StringValue": "low" },
            "bits": { "DataType": "Binary", "BinaryValue": "AAH/" },
        },
        "MessageSystemAttributes": { "AWSTraceHeader": { "DataType": "String", "StringValue": trace } },
    });
    let sent = sqs.call("jobs", "SendMessage", message).await.expect("sent");
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(sent["MD5OfMessageAttributes"], "e85c50e0288e823de62b59c133828b67");
    assert_eq!(sent["MD5OfMessageSystemAttributes"].as_str().map(str::len), Some(32));
    let names = json!({ "MessageSystemAttributeNames": ["AWSTraceHeader"], "MessageAttributeNames": ["to.*"] });
    let received = sqs.call("jobs", "ReceiveMessage", names).await.expect("received");
    let received = &received["Messages"][0];
    assert_eq!(received["Attributes"], json!({ "AWSTraceHeader": trace }));
    assert_eq!(received["MessageAttributes"], json!({ "tone": { "DataType": "String", "StringValue": "low" } }));
    let receipt = json!({ "ReceiptHandle": received["ReceiptHandle"] });
    assert_eq!(sqs.call("jobs", "DeleteMessage", receipt).await, Ok(json!({})));
}

#[tokio::test]
async fn invalid_parameters_are_refused_with_the_code_of_aws() {
    let sqs = TestSqs::open();
    let string = json!({ "DataType": "String", "StringValue": "x" });
    let entries = |ids: &[&str]| {
        let entry = |id: &&str| json!({ "Id": id, "MessageBody": "x" });
        json!({ "Entries": ids.iter().map(entry).collect::<Vec<_>>() })
    };
    let long = "a".repeat(129);
    for (operation, params, code) in [
        ("SendMessage", json!({}), "MissingParameter"),
        ("SendMessage", json!({ "MessageBody": "" }), "MissingParameter"),
        ("SendMessage", json!({ "MessageBody": "\u{1}" }), "InvalidMessageContents"),
        ("SendMessage", json!({ "MessageBody": "x", "DelaySeconds": 901 }), "InvalidParameterValue"),
        ("SendMessage", json!({ "MessageBody": "x", "MessageGroupId": "a b" }), "InvalidParameterValue"),
        ("SendMessage", json!({ "MessageBody": "x", "MessageGroupId": "" }), "InvalidParameterValue"),
        ("SendMessage", json!({ "MessageBody": "x", "MessageGroupId": long }), "InvalidParameterValue"),
        ("SendMessage", json!({ "MessageBody": "x", "MessageDeduplicationId": "d" }), "InvalidParameterValue"),
        (
            "SendMessage",
            json!({ "MessageBody": "x", "MessageSystemAttributes": { "Other": string } }),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({ "MessageBody": "x", "MessageAttributes": { "AWS.x": string } }),
            "InvalidParameterValue",
        ),
        ("SendMessageBatch", entries(&[]), "AWS.SimpleQueueService.EmptyBatchRequest"),
        ("SendMessageBatch", json!({ "Entries": [{ "MessageBody": "x" }] }), "MissingParameter"),
        ("SendMessageBatch", entries(&["a", "a"]), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        ("SendMessageBatch", entries(&["a.b"]), "AWS.SimpleQueueService.InvalidBatchEntryId"),
        ("SendMessageBatch", entries(&["a"; 11]), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
        ("ReceiveMessage", json!({ "MaxNumberOfMessages": 11 }), "InvalidParameterValue"),
        ("ReceiveMessage", json!({ "WaitTimeSeconds": 21 }), "InvalidParameterValue"),
        ("ReceiveMessage", json!({ "AttributeNames": ["Nope"] }), "InvalidAttributeName"),
        ("GetQueueAttributes", json!({ "AttributeNames": ["Nope"] }), "InvalidAttributeName"),
        ("DeleteMessage", json!({ "ReceiptHandle": "nope" }), "ReceiptHandleIsInvalid"),
        ("DeleteMessage", json!({}), "MissingParameter"),
        ("CreateQueue", json!({ "QueueName": "new" }), "InvalidAction"),
        ("StartMessageMoveTask", json!({}), "InvalidAction"),
    ] {
        assert_eq!(sqs.call("jobs", operation, params.clone()).await, Err(code.to_owned()), "{operation} {params}");
    }
    let unknown = sqs.call("none", "SendMessage", json!({ "MessageBody": "x" })).await;
    assert_eq!(unknown, Err("AWS.SimpleQueueService.NonExistentQueue".to_owned()));
}

#[tokio::test]
async fn entries_of_a_batch_fail_on_their_own() {
    let sqs = TestSqs::open();
    let entries = json!({ "Entries": [{ "Id": "a", "MessageBody": "x" }, { "Id": "b", "MessageBody": "\u{1}" }] });
    let sent = sqs.call("jobs", "SendMessageBatch", entries).await.expect("a response");
    assert_eq!((&sent["Successful"][0]["Id"], &sent["Failed"][0]["Id"]), (&json!("a"), &json!("b")));
    assert_eq!(
        (&sent["Failed"][0]["Code"], &sent["Failed"][0]["SenderFault"]),
        (&json!("InvalidMessageContents"), &json!(true))
    );
}

#[tokio::test]
async fn queues_list_their_sources_and_no_tags() {
    let sqs = TestSqs::open();
    let sources = sqs.call("jobs-dead", "ListDeadLetterSourceQueues", json!({})).await;
    assert_eq!(sources, Ok(json!({ "queueUrls": ["http://127.0.0.1/_sqs/000000000000/jobs"] })));
    assert_eq!(sqs.call("jobs", "ListQueueTags", json!({})).await, Ok(json!({})));
}

#[tokio::test]
async fn requests_without_an_operation_name_the_protocol() {
    let sqs = TestSqs::open();
    let request = Request::post("/_sqs/")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=any/1/us-east-1/sqs/aws4_request")
        .body(Body::from("Action=ListQueues"))
        .expect("a request");
    let body = serve(State(Arc::clone(&sqs.sqs)), request).await.into_body();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let text = String::from_utf8_lossy(&body);
    assert!(text.contains("InvalidAction") && text.contains("only the JSON protocol"), "{text}");
}

#[tokio::test]
async fn fifo_queue_requires_group_and_deduplication_id() {
    let sqs = TestSqs::open();
    for (params, code) in [
        (json!({ "MessageBody": "x", "MessageDeduplicationId": "d" }), "MissingParameter"),
        (json!({ "MessageBody": "x", "MessageGroupId": "g" }), "InvalidParameterValue"),
        (
            json!({ "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 1 }),
            "InvalidParameterValue",
        ),
        (
            json!({ "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "a b" }),
            "InvalidParameterValue",
        ),
    ] {
        assert_eq!(sqs.call("ordered.fifo", "SendMessage", params.clone()).await, Err(code.to_owned()), "{params}");
    }
    let message = json!({ "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d" });
    let sent = sqs.call("ordered.fifo", "SendMessage", message).await.expect("sent");
    assert_eq!(sent["SequenceNumber"].as_str().map(str::len), Some(20));
    let names =
        json!({ "MessageSystemAttributeNames": ["MessageGroupId", "MessageDeduplicationId", "SequenceNumber"] });
    let received = sqs.call("ordered.fifo", "ReceiveMessage", names).await.expect("received");
    assert_eq!(
        received["Messages"][0]["Attributes"],
        json!({ "MessageGroupId": "g", "MessageDeduplicationId": "d", "SequenceNumber": sent["SequenceNumber"] })
    );
}

#[tokio::test]
async fn body_identifies_duplicates_if_the_queue_says_so() {
    let sqs = TestSqs::open();
    let message = json!({ "MessageBody": "x", "MessageGroupId": "g" });
    let first = sqs.call("hashed.fifo", "SendMessage", message.clone()).await.expect("sent");
    let second = sqs.call("hashed.fifo", "SendMessage", message).await.expect("sent");
    assert_eq!(first, second);
    let names = json!({ "AttributeNames": ["FifoQueue", "ContentBasedDeduplication", "ApproximateNumberOfMessages"] });
    assert_eq!(
        sqs.call("hashed.fifo", "GetQueueAttributes", names).await.expect("attributes")["Attributes"],
        json!({ "FifoQueue": "true", "ContentBasedDeduplication": "true", "ApproximateNumberOfMessages": "1" })
    );
}
