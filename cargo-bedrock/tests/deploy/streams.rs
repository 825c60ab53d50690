//! Streams of tables and Kinesis as triggers: created, updated, compared and deleted together with the functions.

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::test_app::TestApp;

/// Sends what it gets of a change or a record to the queue `seen`.
const RELAY: &str = r#"
import base64
import boto3

def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="seen")["QueueUrl"]
    for record in event["Records"]:
        if record["eventSource"] == "aws:dynamodb":
            text = record["eventName"] + " " + record["dynamodb"]["Keys"]["id"]["S"]
        else:
            text = base64.b64decode(record["kinesis"]["data"]).decode()
        sqs.send_message(QueueUrl=url, MessageBody=text)
    return {"batchItemFailures": []}
"#;

fn trigger(source: &Value, changed: &Value) -> Value {
    let mut trigger = json!({
        "starting_position": "TRIM_HORIZON", "batch_size": 100, "batch_window": 0, "parallelization_factor": 1,
        "maximum_retry_attempts": -1, "maximum_record_age": -1, "bisect_batch_on_function_error": false,
        "tumbling_window": 0, "partial_failures": true, "on_failure": null
    });
    for (key, value) in [source, changed].into_iter().flat_map(|each| each.as_object().into_iter().flatten()) {
        trigger[key] = value.clone();
    }
    trigger
}

fn orders(changed: &Value) -> Value {
    trigger(&json!({ "dynamodb": "orders", "stream_view_type": "NEW_AND_OLD_IMAGES" }), changed)
}

fn clicks() -> Value {
    trigger(&json!({ "kinesis": "clicks" }), &json!({}))
}

fn app(triggers: Value) -> TestApp {
    let mut app = TestApp::new(&["counter", "writer"]).with("/version", json!(3));
    app.code("counter", RELAY);
    app.set("/workers/counter/triggers", triggers);
    let table = json!({
        "kind": "table", "name": "orders", "access": "write", "is_of_app": true, "variable": "SHOP_TABLE_ORDERS",
        "arn": "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}orders", "value": "{prefix}orders",
        "grants": [{ "actions": ["dynamodb:PutItem"], "suffixes": [""] }],
        "key": { "partition": { "name": "id", "type": "S" }, "sort": null }
    });
    app.set("/workers/writer/uses", json!([table]));
    app
}

fn mappings(aws: &EmulatedAws) -> Vec<Value> {
    let listed = aws.call("lambda", "list_event_source_mappings", &json!({}));
    listed["EventSourceMappings"].as_array().cloned().unwrap_or_default()
}

#[test]
fn changes_of_tables_and_records_invoke_their_worker() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let seen = aws.create_queue("seen");
    let mut app = app(json!([orders(&json!({})), clicks()]));
    insta::assert_snapshot!(aws.deploy(&app), @"
    + create  shop-dev-counter
    + create  shop-dev-writer
    + create  stream of table shop-dev-orders
    + create  stream shop-dev-clicks

    4 to create
    ");
    aws.call("dynamodb", "put_item", &json!({ "TableName": "shop-dev-orders", "Item": { "id": { "S": "7" } } }));
    aws.wait_for_message(&seen, "INSERT 7");
    let record = json!({ "StreamName": "shop-dev-clicks", "Data": "clicked", "PartitionKey": "a" });
    aws.call("kinesis", "put_record", &record);
    aws.wait_for_message(&seen, "clicked");
    assert_eq!(aws.deploy(&app), "4 unchanged\n");

    let failed = "arn:aws:sqs:us-east-1:123456789012:seen";
    let changes = json!({
        "batch_size": 5, "maximum_retry_attempts": 2, "bisect_batch_on_function_error": true, "on_failure": failed,
        "filters": [r#"{"eventName":["REMOVE"]}"#]
    });
    app.set("/workers/counter/triggers", json!([orders(&changes), clicks()]));
    let deployed = aws.deploy(&app);
    let change = "~ update  stream of table shop-dev-orders (batch size 100 → 5, maximum retry attempts none → 2, bisect off → \
                  on, filters, on failure none → arn:aws:sqs:us-east-1:123456789012:seen)\n";
    assert!(deployed.contains(change), "{deployed}");
    assert_eq!(aws.deploy(&app), "4 unchanged\n");

    let mapping = mappings(&aws).into_iter().find(|each| each["EventSourceArn"].to_string().contains("/stream/2"));
    let mapping = mapping.expect("a mapping");
    assert_eq!(
        (&mapping["BatchSize"], &mapping["DestinationConfig"]["OnFailure"]["Destination"]),
        (&json!(5), &json!(failed))
    );
    aws.call("lambda", "update_event_source_mapping", &json!({ "UUID": mapping["UUID"], "BatchSize": 9 }));
    let status = aws.run(&app, &["status", "--stage", "dev"]).stdout;
    assert!(status.contains("batch size 9 → 5"), "{status}");

    // Tables and streams contain data.
    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(mappings(&aws), Vec::<Value>::new());
    assert_eq!(aws.call("dynamodb", "list_tables", &json!({}))["TableNames"], json!(["shop-dev-orders"]));
    assert_eq!(aws.call("kinesis", "list_streams", &json!({}))["StreamNames"], json!(["shop-dev-clicks"]));
}

#[test]
fn other_view_type_of_a_stream_is_refused() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app(json!([orders(&json!({}))]));
    aws.deploy(&app);
    app.set("/workers/counter/triggers", json!([orders(&json!({ "stream_view_type": "KEYS_ONLY" }))]));
    let output = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    let message =
        "the stream of table `shop-dev-orders` has the view type NEW_AND_OLD_IMAGES, and the settings say KEYS_ONLY";
    assert!(output.code == Some(1) && output.stderr.contains(message), "{}", output.stderr);
}
