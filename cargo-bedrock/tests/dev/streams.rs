//! DynamoDB streams and Kinesis streams as triggers, with the real ministack.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dev_process::DevProcess;
use crate::services::dev;
use crate::test_app::TestApp;

/// Calls DynamoDB or Kinesis as an SDK does.
const WRITER: &str = r#"
import json, os, urllib.request
from bedrock.workers.resources import resource
from bedrock.workers.worker import Worker

class Snake(Worker):
    def execute(self, event, context):
        if "id" in event:
            target, version = "DynamoDB_20120810.PutItem", "1.0"
            body = {"TableName": resource("table", "orders"), "Item": {"id": {"S": event["id"]}}}
        else:
            target, version = "Kinesis_20131202.PutRecord", "1.1"
            body = {"StreamName": resource("stream", "clicks"), "PartitionKey": "a", "Data": event["data"]}
        service = target.split("_")[0].lower()
        scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/{service}/aws4_request"
        headers = {
            "Content-Type": f"application/x-amz-json-{version}",
            "X-Amz-Target": target,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        }
        request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], json.dumps(body).encode(), headers)
        return json.load(urllib.request.urlopen(request))
"#;

/// Appends the records that it gets to a file, and fails for some.
const READER: &str = r#"
import json, os
from bedrock.workers.worker import Worker

class Lizard(Worker):
    def execute(self, event, context):
        with open(os.environ["SEEN"], "a") as seen:
            for record in event["Records"]:
                seen.write(json.dumps(record) + "\n")
        if "wrong" in json.dumps(event):
            raise ValueError("wrong")
"#;

/// A queue that gets a record of each discarded batch.
const FAILED: &str = "arn:aws:sqs:us-east-1:000000000000:failed";

fn app() -> TestApp {
    let app = TestApp::compilable();
    for worker in ["snake", "lizard"] {
        app.run_ok(&["new", "worker", &format!("{worker}.py")]);
    }
    app.write("workers/snake/main.py", WRITER);
    app.write("workers/lizard/main.py", READER);
    let settings = format!(
        "\n[package.metadata.bedrock.dev]\nservices = \"ministack\"\n
[package.metadata.bedrock.workers.snake]
uses = [{{ table = \"orders\", access = \"write\", key = \"id\" }}, {{ stream = \"clicks\", access = \"put\" }}]
[package.metadata.bedrock.workers.lizard]
env = {{ SEEN = \"{}\" }}
triggers = [
    {{ dynamodb = \"orders\", batch-size = 1, maximum-retry-attempts = 1, filters = [{{ eventName = [\"INSERT\"] }}], on-failure = \"{FAILED}\" }},
    {{ kinesis = \"clicks\" }},
    {{ queue = \"{FAILED}\" }},
]\n",
        app.path("seen.jsonl").display()
    );
    app.append("Cargo.toml", &settings);
    app
}

/// Waits for the record with this number, from 0.
fn record(app: &TestApp, number: usize) -> Value {
    let started = Instant::now();
    loop {
        let text = fs::read_to_string(app.path("seen.jsonl")).unwrap_or_default();
        let lines: Vec<&str> = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
        if let Some(line) = lines.get(number) {
            return serde_json::from_str(line).expect("JSON");
        }
        assert!(started.elapsed() < Duration::from_secs(60), "no record {number}: {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn put(dev: &DevProcess, event: &Value) {
    let (status, response) = dev.invoke("snake", event);
    assert_eq!(status, 200, "{response}");
}

#[test]
fn changes_and_records_invoke_a_worker_once() {
    let Some(ministack) = testbed::tool("ministack/bin/ministack") else { return };
    let app = app();
    let mut first = DevProcess::start_command(dev(&app, &ministack));
    put(&first, &json!({ "id": "1" }));
    let change = record(&app, 0);
    assert_eq!((&change["eventName"], &change["eventSource"]), (&json!("INSERT"), &json!("aws:dynamodb")));
    let dynamodb = &change["dynamodb"];
    assert_eq!(
        (&dynamodb["Keys"], &dynamodb["NewImage"]),
        (&json!({ "id": { "S": "1" } }), &json!({ "id": { "S": "1" } }))
    );
    assert_eq!(dynamodb["StreamViewType"], "NEW_AND_OLD_IMAGES");
    for key in ["SequenceNumber", "SizeBytes", "ApproximateCreationDateTime"] {
        assert!(!dynamodb[key].is_null(), "{change}");
    }
    let arn = change["eventSourceARN"].as_str().expect("text");
    assert!(arn.contains(":table/shop-local-orders/stream/2"), "{arn}");

    put(&first, &json!({ "data": "aGVsbG8=" }));
    let click = record(&app, 1);
    assert_eq!((&click["kinesis"]["data"], &click["kinesis"]["partitionKey"]), (&json!("aGVsbG8="), &json!("a")));
    let id = format!("shardId-000000000000:{}", click["kinesis"]["sequenceNumber"].as_str().expect("text"));
    assert!(click["eventID"].as_str().is_some_and(|found| found.len() == id.len()), "{click}");

    // It is retried once and discarded, and the next record follows.
    put(&first, &json!({ "id": "wrong" }));
    put(&first, &json!({ "id": "2" }));
    let is_change = |record: &Value| record["eventSource"] == "aws:dynamodb";
    let records = (2..6).map(|number| record(&app, number));
    let (changes, discarded): (Vec<Value>, Vec<Value>) = records.partition(is_change);
    let ids: Vec<Value> = changes.iter().map(|change| change["dynamodb"]["Keys"]["id"]["S"].clone()).collect();
    assert_eq!(ids, ["wrong", "wrong", "2"]);
    let discarded: Value = serde_json::from_str(discarded[0]["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(discarded["requestContext"]["condition"], "RetryAttemptsExhausted");
    let info = &discarded["DDBStreamBatchInfo"];
    assert_eq!(
        (&info["batchSize"], &info["startSequenceNumber"]),
        (&json!(1), &changes[0]["dynamodb"]["SequenceNumber"])
    );
    first.interrupt();
    let (code, stderr) = first.wait();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("note: created the stream `shop-local-clicks` at"), "{stderr}");

    // A restart goes on after the last record.
    let mut second = DevProcess::start_command(dev(&app, &ministack));
    put(&second, &json!({ "id": "3" }));
    assert_eq!(record(&app, 6)["dynamodb"]["Keys"]["id"]["S"], "3");
    second.interrupt();
    assert_eq!(second.wait().0, Some(0));
}
