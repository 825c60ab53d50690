//! Tests of triggers in `bedrock::test`: AWS's events, batches, retries and dead letters on the clock of the test.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::test_runtime::TestRuntime;
use super::{App, BusEvent, ItemChange, KinesisRecord, Message, Notification, Outcome};
use crate::WorkerError;

const SECOND: Duration = Duration::from_secs(1);

/// Starts an app with mocks of the workers `one` and `two`, whose settings are TOML.
fn app(settings: &str) -> (TempDir, App) {
    let (dir, app) = start(settings);
    for worker in ["one", "two"] {
        app.mock(worker, |_: Value| Ok(Value::Null));
    }
    (dir, app)
}

fn start(settings: &str) -> (TempDir, App) {
    let dir = tempfile::tempdir().expect("a folder");
    let manifest = format!("[package]\nname = \"shop\"\n[package.metadata.bedrock.workers]\n{settings}\n");
    std::fs::write(dir.path().join("Cargo.toml"), manifest).expect("a file");
    for worker in ["one", "two"] {
        let folder = dir.path().join("workers").join(worker);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("main.py"), "").expect("a file");
    }
    let on_disk = bedrock_build::App::open(dir.path()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let runtime = TestRuntime::start().expect("a runtime");
    let handle = runtime.handle();
    let app = App::new(on_disk, &handle, Some(runtime)).expect("an app");
    (dir, app)
}

/// Returns a field of each record of each batch that a worker got.
fn batches(app: &App, worker: &str, field: &str) -> Vec<Vec<Value>> {
    let invocations = app.invocations().into_iter().filter(|invocation| invocation.worker == worker);
    let records = invocations.map(|invocation| invocation.event["Records"].as_array().expect("records").clone());
    records.map(|records| records.iter().map(|record| record.pointer(field).expect(field).clone()).collect()).collect()
}

fn failing(_: Value) -> crate::Result<Value> {
    Err(WorkerError::new("Broken", "it does not work"))
}

#[tokio::test]
async fn queue_messages_arrive_in_batches() {
    let (_dir, app) = app("one.triggers = [{ queue = 'jobs', batch-size = 2 }]");
    let ids = app.send_messages("jobs", ["a", "b", "c"]).expect("sent");
    app.wait_for_due_events().await;
    let mut bodies = batches(&app, "one", "/body");
    bodies.sort_by_key(Vec::len);
    assert_eq!(bodies, [vec![json!("c")], vec![json!("a"), json!("b")]]);
    let found = batches(&app, "one", "/messageId").concat();
    assert!(found.len() == 3 && ids.iter().all(|id| found.contains(&json!(id))), "{found:?}");
    assert!(app.messages("jobs").is_empty());
}

#[tokio::test]
async fn queue_event_is_that_of_lambda() {
    let (_dir, app) = app("one.triggers = [{ queue = 'jobs' }]");
    let message =
        Message::new("hällo").attribute("tone", "low").number_attribute("n", 1.5).binary_attribute("b", b"hi");
    let id = app.send_message("jobs", message).expect("sent");
    app.wait_for_due_events().await;
    let mut record = app.invocations()[0].event["Records"][0].clone();
    assert!(record["receiptHandle"].take().is_string());
    let sent = app.clock().now().duration_since(SystemTime::UNIX_EPOCH).expect("a time").as_millis().to_string();
    let attribute = |kind: &str, key: &str, value: &str| json!({ "dataType": kind, key: value, "stringListValues": [], "binaryListValues": [] });
    assert_eq!(
        record,
        json!({
            "messageId": id, "receiptHandle": null, "body": "hällo", "md5OfBody": "38bbce5fb3d0aec801f9eab39182fa7a",
            "attributes": {
                "ApproximateReceiveCount": "1", "SentTimestamp": sent, "SenderId": "000000000000",
                "ApproximateFirstReceiveTimestamp": sent
            },
            "messageAttributes": {
                "tone": attribute("String", "stringValue", "low"), "n": attribute("Number", "stringValue", "1.5"),
                "b": attribute("Binary", "binaryValue", "aGk=")
            },
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:shop-local-jobs",
            "awsRegion": "us-east-1"
        })
    );
}

#[tokio::test]
async fn batch_window_gathers_messages() {
    let (_dir, app) = app("one.triggers = [{ queue = 'jobs', batch-size = 3, batch-window = 5 }]");
    app.send_message("jobs", "a").expect("sent");
    app.clock().advance(SECOND * 3).await;
    app.send_message("jobs", "b").expect("sent");
    app.clock().advance(SECOND).await;
    app.assert_not_called("one");
    app.clock().advance(SECOND).await;
    assert_eq!(batches(&app, "one", "/body"), [["a", "b"]]);
    // A full batch does not wait.
    app.send_messages("jobs", ["c", "d", "e"]).expect("sent");
    app.wait_for_due_events().await;
    app.assert_called("one").times(2);
}

#[tokio::test]
async fn delayed_message_waits_for_the_clock() {
    let (_dir, app) = app("one.triggers = [{ queue = 'jobs' }]");
    app.send_message("jobs", Message::new("a").delay(SECOND * 60)).expect("sent");
    app.clock().advance(SECOND * 59).await;
    app.assert_not_called("one");
    app.clock().advance(SECOND).await;
    app.assert_called("one").times(1);
}

#[tokio::test]
async fn failed_messages_return_and_become_dead_letters() {
    let (_dir, app) = app("one = { timeout = 10, triggers = [{ queue = 'jobs', max-receives = 2 }] }");
    app.mock("one", failing);
    app.send_message("jobs", "a").expect("sent");
    app.wait_for_due_events().await;
    let waiting = app.messages("jobs");
    assert_eq!((waiting.len(), waiting[0].receives, waiting[0].is_in_flight), (1, 1, false));
    assert_eq!(waiting[0].visible_at, app.clock().now() + SECOND * 60);
    app.clock().advance(SECOND * 59).await;
    app.assert_called("one").times(1);
    app.clock().advance(SECOND).await;
    assert_eq!(batches(&app, "one", "/attributes/ApproximateReceiveCount"), [["1"], ["2"]]);
    assert!(app.messages("jobs-dead").is_empty());
    app.run_all_events().await;
    app.assert_called("one").times(2);
    let dead = app.messages("jobs-dead");
    assert_eq!((dead.len(), dead[0].body.as_str(), app.messages("jobs").len()), (1, "a", 0));
}

#[tokio::test]
async fn partial_failures_return_the_named_messages() {
    let (_dir, app) = app("one.triggers = [{ queue = 'jobs', partial-failures = true, max-receives = 3 }]\n\
                           two.triggers = [{ queue = 'plain' }]");
    let respond = |event: Value| {
        let records = event["Records"].as_array().cloned().unwrap_or_default();
        let failed = records.iter().filter(|record| record["body"] == "bad");
        let failed: Vec<Value> = failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
        Ok(json!({ "batchItemFailures": failed }))
    };
    app.mock("one", respond);
    app.mock("two", respond);
    app.send_messages("jobs", ["good", "bad", "fine"]).expect("sent");
    app.send_messages("plain", ["good", "bad"]).expect("sent");
    app.run_all_events().await;
    assert_eq!(batches(&app, "one", "/body"), [vec!["good", "bad", "fine"], vec!["bad"], vec!["bad"]]);
    assert_eq!(app.messages("jobs-dead").len(), 1);
    // Without the setting, the response does not matter.
    app.assert_called("two").times(1);
    assert!(app.messages("plain-dead").is_empty());
    // A response that names an unknown message fails all of them.
    app.mock("one", |_: Value| Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "unknown" }] })));
    app.send_messages("jobs", ["x", "y"]).expect("sent");
    app.wait_for_due_events().await;
    assert_eq!(app.messages("jobs").len(), 2);
}

#[tokio::test]
async fn fifo_groups_keep_their_order() {
    let (_dir, app) = app("one = { timeout = 10, triggers = [{ queue = 'jobs.fifo', batch-size = 1, \
                           content-based-deduplication = true }] }");
    let mut failures = 1;
    app.mock("one", move |event: Value| {
        if event["Records"][0]["body"] == "a1" && failures > 0 {
            failures -= 1;
            return failing(event);
        }
        Ok(Value::Null)
    });
    let message = |body: &str, group: &str| Message::new(body).group(group);
    let first =
        app.send_messages("jobs.fifo", [message("a1", "a"), message("a2", "a"), message("b1", "b")]).expect("sent");
    // A duplicate is not delivered.
    assert_eq!(app.send_message("jobs.fifo", message("a1", "a")).expect("sent"), first[0]);
    app.wait_for_due_events().await;
    let mut bodies = batches(&app, "one", "/body").concat();
    bodies.sort_by_key(ToString::to_string);
    assert_eq!(bodies, ["a1", "b1"], "`a2` waits for `a1`");
    app.clock().advance(SECOND * 60).await;
    assert_eq!(batches(&app, "one", "/body").concat()[2..], ["a1", "a2"]);
    let is_first = |record: &Value| record["body"] == "a1";
    let mut records = app.invocations().into_iter().map(|call| call.event["Records"][0].clone());
    let attributes = records.find(is_first).expect("a record")["attributes"].clone();
    assert_eq!(attributes["MessageGroupId"], "a");
    assert_eq!(attributes["SequenceNumber"], "00000000000000000001");
    let sha256_of_a1 = "f55ff16f66f43360266b95db6f8fec01d76031054306ae4a4b380598f6cfd114";
    assert_eq!(attributes["MessageDeduplicationId"], sha256_of_a1);
    app.clock().advance(SECOND * 300).await;
    app.send_message("jobs.fifo", message("a1", "a")).expect("sent");
    app.wait_for_due_events().await;
    app.assert_called("one").times(5);
}

#[tokio::test]
async fn filtered_messages_are_deleted() {
    let (_dir, app) = app("one.triggers = [{ queue = 'jobs', filters = [{ body = { kind = ['order'] } }] }]");
    app.send_messages("jobs", [json!({ "kind": "order" }), json!({ "kind": "other" })]).expect("sent");
    app.wait_for_due_events().await;
    assert_eq!(batches(&app, "one", "/body"), [[r#"{"kind":"order"}"#]]);
    assert!(app.messages("jobs").is_empty());
}

#[tokio::test]
async fn refused_messages_say_why() {
    let (_dir, app) = app("one.triggers = [{ queue = 'jobs' }, { queue = 'jobs.fifo' }]");
    let error = |queue: &str, message: Message| app.send_message(queue, message).expect_err("an error").to_string();
    assert_eq!(
        error("other", "a".into()),
        "no worker has a trigger with the queue `other`\n\
         help: those of the app are `jobs`, `jobs-dead`, `jobs-dead.fifo`, `jobs.fifo`"
    );
    assert!(error("jobs", "".into()).contains("not empty"));
    assert!(error("jobs", "a\u{0}".into()).contains("XML"));
    assert!(error("jobs", "a".repeat(1_048_577).into()).contains("1048577 bytes"));
    assert!(error("jobs", Message::new("a").delay(SECOND * 901)).contains("901 s"));
    assert!(error("jobs", Message::new("a").deduplication_id("x")).contains("not a FIFO queue"));
    assert!(error("jobs.fifo", "a".into()).contains("no group"));
    assert!(error("jobs.fifo", Message::new("a").group("g")).contains("no deduplication id"));
    let delayed = Message::new("a").group("g").deduplication_id("x").delay(SECOND);
    assert!(error("jobs.fifo", delayed).contains("no delay"));
    assert!(app.publish("news", "a").expect_err("an error").to_string().ends_with("or with any other topic"));
    assert!(app.messages("jobs").is_empty() && app.invocations().is_empty());
}

#[tokio::test]
async fn topic_invokes_subscribers_whose_filter_accepts() {
    let (_dir, app) = app(
        "one.triggers = [{ topic = 'news', filter = { kind = ['order'], n = [{ numeric = ['>', 1] }] } }]\n\
                           two = { retries = 1, triggers = [{ topic = 'news', filter-scope = 'body', filter = { a = [1] } }] }",
    );
    app.mock("two", failing);
    app.publish("news", Notification::new("x").attribute("kind", "order").number_attribute("n", 2.0))
        .expect("published");
    app.publish("news", Notification::new("x").attribute("kind", "order").number_attribute("n", 1.0))
        .expect("published");
    app.publish("news", json!({ "a": 1 })).expect("published");
    app.wait_for_due_events().await;
    app.assert_called("one").times(1);
    let record =
        app.invocations().into_iter().find(|call| call.worker == "one").expect("a call").event["Records"][0].clone();
    assert_eq!(record["EventSource"], "aws:sns");
    assert_eq!(record["Sns"]["TopicArn"], "arn:aws:sns:us-east-1:000000000000:shop-local-news");
    assert_eq!(record["Sns"]["MessageAttributes"]["n"], json!({ "Type": "Number", "Value": "2" }));
    // It is an asynchronous invocation, with the retries of the worker.
    app.assert_called("two").times(1);
    app.clock().advance(SECOND * 60).await;
    app.assert_called("two").times(2);
    assert_eq!(app.undelivered_events().len(), 1);
}

#[tokio::test]
async fn bus_invokes_workers_of_matching_rules() {
    let (_dir, app) = app(
        "one.triggers = [{ bus = 'orders', pattern = { source = ['shop'], detail = { price = [{ numeric = ['>', 100] }] } } }]\n\
                           two.triggers = [{ bus = 'default', pattern = { source = ['aws.s3'] } }]",
    );
    for price in [50, 200] {
        app.put_event("orders", BusEvent::new("shop", "sold", json!({ "price": price }))).expect("put");
    }
    let id =
        app.put_event("default", BusEvent::new("aws.s3", "Object Created", json!({})).resources(&["arn:aws:s3:::b"]));
    app.wait_for_due_events().await;
    app.assert_called("one").times(1);
    let event = app.invocations().into_iter().find(|call| call.worker == "two").expect("a call").event;
    assert_eq!((&event["id"], &event["resources"]), (&json!(id.expect("put")), &json!(["arn:aws:s3:::b"])));
    assert_eq!((&event["account"], &event["detail-type"]), (&json!("000000000000"), &json!("Object Created")));
    assert!(app.put_event("orders", BusEvent::new("shop", "sold", json!(1))).is_err());
    assert!(app.put_event("other", BusEvent::new("shop", "sold", json!({}))).is_err());
}

#[tokio::test]
async fn stream_retries_in_order_and_discards() {
    let (_dir, app) = app("one.triggers = [{ kinesis = 'clicks', batch-size = 2, maximum-retry-attempts = 1, \
                           on-failure = 'arn:aws:sqs:us-east-1:000000000000:dead' }]\n\
                           two.triggers = [{ kinesis = 'clicks', filters = [{ data = { kind = ['b'] } }] }]");
    app.mock("one", |event: Value| {
        let is_bad = event["Records"][0]["kinesis"]["partitionKey"] == "a";
        if is_bad { failing(event) } else { Ok(Value::Null) }
    });
    let record = |key: &str| KinesisRecord::json(key, &json!({ "kind": key }));
    let sequences = app.put_records("clicks", [record("a"), record("b"), record("c")]).expect("put");
    app.wait_for_due_events().await;
    // The last record waits for those before it.
    assert_eq!(batches(&app, "one", "/kinesis/partitionKey"), [["a", "b"]]);
    assert_eq!(batches(&app, "two", "/kinesis/partitionKey"), [["b"]]);
    app.clock().advance(SECOND).await;
    assert_eq!(batches(&app, "one", "/kinesis/partitionKey"), [vec!["a", "b"], vec!["a", "b"], vec!["c"]]);
    let [discarded] = &app.undelivered_events()[..] else { panic!("one batch") };
    assert_eq!(
        (discarded.worker.as_str(), discarded.condition, discarded.attempts),
        ("one", "RetryAttemptsExhausted", 2)
    );
    assert_eq!(discarded.destination.as_deref(), Some("arn:aws:sqs:us-east-1:000000000000:dead"));
    let info = &discarded.record["KinesisBatchInfo"];
    assert_eq!(
        (&info["startSequenceNumber"], &info["endSequenceNumber"]),
        (&json!(sequences[0]), &json!(sequences[1]))
    );
    assert_eq!(
        discarded.record["requestContext"]["functionArn"],
        "arn:aws:lambda:us-east-1:000000000000:function:shop-local-one"
    );
    assert_eq!(discarded.event["Records"][0]["eventID"], format!("shardId-000000000000:{}", sequences[0]));
}

#[tokio::test]
async fn stream_goes_on_at_the_reported_record() {
    let (_dir, app) = app("one.triggers = [{ kinesis = 'clicks', partial-failures = true }]\n\
                           two.triggers = [{ kinesis = 'clicks', bisect-batch-on-function-error = true, maximum-retry-attempts = 0 }]");
    let failed = Arc::new(Mutex::new(false));
    app.mock("one", move |event: Value| {
        let is_first = !std::mem::replace(&mut *failed.lock().expect("a flag"), true);
        let second = event["Records"][1]["kinesis"]["sequenceNumber"].clone();
        Ok(if is_first { json!({ "batchItemFailures": [{ "itemIdentifier": second }] }) } else { Value::Null })
    });
    app.mock("two", |event: Value| {
        let is_bad =
            event["Records"].as_array().is_some_and(|all| all.iter().any(|one| one["kinesis"]["partitionKey"] == "b"));
        if is_bad { failing(event) } else { Ok(Value::Null) }
    });
    app.put_records("clicks", ["a", "b", "c"].map(|key| KinesisRecord::new(key, key))).expect("put");
    app.run_all_events().await;
    assert_eq!(batches(&app, "one", "/kinesis/partitionKey"), [vec!["a", "b", "c"], vec!["b", "c"]]);
    assert_eq!(
        batches(&app, "two", "/kinesis/partitionKey"),
        [vec!["a", "b", "c"], vec!["a"], vec!["b", "c"], vec!["b"], vec!["c"]]
    );
    assert_eq!(app.undelivered_events().len(), 1);
    assert_eq!(app.undelivered_events()[0].destination, None);
}

#[tokio::test]
async fn records_expire_if_a_worker_keeps_failing() {
    let (_dir, app) = app("one.triggers = [{ kinesis = 'clicks', maximum-record-age = 60 }]\n\
                           two.triggers = [{ kinesis = 'clicks' }]");
    app.mock("one", failing);
    app.mock("two", failing);
    app.put_records("clicks", [KinesisRecord::new("a", "a")]).expect("put");
    app.clock().advance(SECOND * 80).await;
    let conditions: Vec<_> =
        app.undelivered_events().iter().map(|event| (event.worker.clone(), event.condition)).collect();
    assert_eq!(conditions, [("one".to_owned(), "MaximumRecordAgeExceeded")]);
    // The stream itself keeps records for a day.
    app.clock().advance(SECOND * 86_410).await;
    assert_eq!(app.undelivered_events().len(), 2);
    app.mock("two", |_: Value| Ok(Value::Null));
    let before = app.invocations().len();
    app.run_all_events().await;
    assert_eq!(app.invocations().len(), before);
}

#[tokio::test]
async fn changed_items_arrive_as_dynamodb_records() {
    let (_dir, app) = app(
        "one = { uses = [{ table = 'orders', access = 'write', key = 'id' }], triggers = [{ dynamodb = 'orders' }] }\n\
                           two.triggers = [{ dynamodb = 'orders', filters = [{ eventName = ['REMOVE'], userIdentity = { type = ['Service'] } }] }]",
    );
    let item = |state: &str| json!({ "id": { "S": "7" }, "state": { "S": state } });
    let sequences = app.change_items(
        "orders",
        [
            ItemChange::insert(item("open")),
            ItemChange::modify(item("open"), item("open")),
            ItemChange::modify(item("open"), item("paid")),
            ItemChange::remove(item("paid")),
            ItemChange::expire(item("paid")),
        ],
    );
    app.wait_for_due_events().await;
    assert_eq!(batches(&app, "one", "/eventName"), [["INSERT", "MODIFY", "REMOVE", "REMOVE"]]);
    assert_eq!(batches(&app, "two", "/userIdentity/principalId"), [["dynamodb.amazonaws.com"]]);
    let records =
        app.invocations().into_iter().find(|call| call.worker == "one").expect("a call").event["Records"].clone();
    let modified = &records[1];
    let change = &modified["dynamodb"];
    assert_eq!(
        (&change["Keys"], &change["OldImage"], &change["NewImage"]),
        (&json!({ "id": { "S": "7" } }), &item("open"), &item("paid"))
    );
    assert_eq!(change["SequenceNumber"], sequences.expect("written")[1]);
    assert_eq!((&change["SizeBytes"], &change["StreamViewType"]), (&json!(27), &json!("NEW_AND_OLD_IMAGES")));
    assert_eq!((&modified["eventVersion"], &modified["awsRegion"]), (&json!("1.1"), &json!("us-east-1")));
    let arn = modified["eventSourceARN"].as_str().expect("an ARN");
    assert!(arn.starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/shop-local-orders/stream/"), "{arn}");
    assert!(records[0]["dynamodb"].get("OldImage").is_none() && records[2]["dynamodb"].get("NewImage").is_none());
}

#[tokio::test]
async fn changed_items_need_the_key_of_the_table() {
    // Of a table that is not of the app, no function says the key.
    let stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-30T00:00:00.000";
    let (_dir, app) = app(&format!("one.triggers = [{{ dynamodb = '{stream}' }}]"));
    let item = json!({ "id": { "S": "7" }, "n": { "N": "12" } });
    let error = |change: ItemChange| app.change_items("orders", [change]).expect_err("an error").to_string();
    assert!(error(ItemChange::insert(item.clone())).contains("with_key"));
    assert!(error(ItemChange::insert(item.clone()).with_key(&["other"])).contains("`other`"));
    assert!(error(ItemChange::insert(json!({ "id": "7" }))).contains("attribute values"));
    app.change_items("orders", [ItemChange::insert(item).with_key(&["id", "n"])]).expect("written");
    app.wait_for_due_events().await;
    let change = app.invocations()[0].event["Records"][0]["dynamodb"].clone();
    assert_eq!(change["Keys"], json!({ "id": { "S": "7" }, "n": { "N": "12" } }));
}

#[tokio::test]
async fn objects_and_schedules_invoke_workers() {
    let (_dir, app) = app("one.triggers = [{ bucket = 'uploads', prefix = 'in/', events = ['created', 'removed'] }]\n\
                           two.triggers = [{ bucket = 'uploads', prefix = 'out/' }, { schedule = 'rate(1 day)', event = { at = '<aws.scheduler.scheduled-time>' } }]");
    app.object_created("uploads", "in/a b.png", "hello").expect("notified");
    app.object_removed("uploads", "in/a b.png").expect("notified");
    app.object_created("uploads", "other", "hello").expect("notified");
    app.fire_schedule("two", 1).expect("fired");
    app.wait_for_due_events().await;
    let mut names = batches(&app, "one", "/eventName").concat();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["ObjectCreated:Put", "ObjectRemoved:Delete"]);
    let mut records = app.invocations().into_iter().map(|call| call.event["Records"][0].clone());
    let created = records.find(|record| record["eventName"] == "ObjectCreated:Put").expect("a record");
    let created = &created["s3"];
    assert_eq!(
        (&created["bucket"]["name"], &created["object"]["key"]),
        (&json!("shop-local-uploads"), &json!("in/a+b.png"))
    );
    assert_eq!(created["object"]["eTag"], "5d41402abc4b2a76b9719d911017c592");
    app.assert_called("two").times(1);
    let fired = app.invocations().into_iter().find(|call| call.worker == "two").expect("a call");
    assert!(fired.event["at"].as_str().is_some_and(|time| time.ends_with('Z')), "{:?}", fired.event);
    assert!(app.fire_schedule("two", 0).is_err());
}

#[tokio::test]
async fn worker_sees_its_contract_checked() {
    let (dir, app) = app("one.triggers = [{ queue = 'jobs' }, { topic = 'news' }]");
    let contract = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "x-contract": 1, "type": "object",
        "properties": { "event": { "type": "boolean" }, "response": { "type": "null" } }, "required": ["event", "response"]
    });
    std::fs::write(dir.path().join("workers/one/contract.json"), contract.to_string()).expect("a file");
    app.send_message("jobs", "a").expect("sent");
    app.wait_for_due_events().await;
    let calls = app.invocations();
    assert!(calls.iter().all(|call| matches!(call.outcome, Outcome::Failed(_))), "{calls:?}");
    assert_eq!(app.messages("jobs").len(), 1);
    assert!(app.publish("news", "a").is_err());
}

#[tokio::test]
async fn durable_worker_gets_no_batches() {
    let (_dir, app) =
        start("one = { durable = { timeout = '1h' }, triggers = [{ queue = 'jobs' }, { kinesis = 'clicks' }] }");
    let error = app.send_message("jobs", "a").expect_err("an error").to_string();
    assert!(error.contains("app.start_execution(\"one\", event)"), "{error}");
    assert!(app.put_records("clicks", [KinesisRecord::new("a", "a")]).is_err());
    // A mock is not durable, as with calls.
    app.mock("one", |_: Value| Ok(Value::Null));
    app.send_message("jobs", "a").expect("sent");
    app.wait_for_due_events().await;
    app.assert_called("one").times(1);
}

#[tokio::test]
async fn open_messages_are_in_the_message_of_an_assertion() {
    let (_dir, app) = app("one.triggers = [{ queue = 'jobs', batch-window = 5 }]");
    app.send_message("jobs", "a").expect("sent");
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| app.assert_called("one"))).expect_err("a panic");
    let message = panic.downcast_ref::<String>().expect("a text");
    assert!(message.contains("`one` with 1 message of the queue `jobs`"), "{message}");
}
