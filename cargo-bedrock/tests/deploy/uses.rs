//! What functions use: the resources of the app are created and kept, and roles get exactly the rights for them.

use serde_json::{Value, json};
use testbed::{AwsAction, AwsRule, AwsRules, RuleDecision};

use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{CommandOutput, TestApp};

/// Reads and writes an item of the app's table, and an item of another table.
const WORKER: &str = r#"
import boto3, os

def handler(event, context):
    table = event.get("table") or os.environ["SHOP_TABLE_ORDERS"]
    client = boto3.client("dynamodb")
    try:
        if event["do"] == "put":
            client.put_item(TableName=table, Item={"id": {"S": "1"}})
        else:
            client.get_item(TableName=table, Key={"id": {"S": "1"}})
    except Exception as error:
        return {"refused": type(error).__name__}
    return {"done": event["do"]}
"#;

fn resource(kind: &str, name: &str, arn: &str, value: &str, actions: &[&str]) -> Value {
    json!({
        "kind": kind, "name": name, "access": "x", "is_of_app": true, "arn": arn,
        "grants": [{ "actions": actions, "suffixes": [""] }],
        "variable": format!("SHOP_{}_{}", kind.to_uppercase(), name.to_uppercase()), "value": value
    })
}

fn table(access: &[&str], key: Option<&str>) -> Value {
    let arn = "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}orders";
    let mut table = resource("table", "orders", arn, "{prefix}orders", access);
    if let Some(key) = key {
        table["key"] = json!({ "partition": { "name": key, "type": "S" }, "sort": null });
    }
    table
}

fn app_with_table() -> TestApp {
    let mut app = TestApp::new(&["reader", "writer"]).with("/version", json!(3));
    app.set("/workers/reader/uses", json!([table(&["dynamodb:GetItem"], None)]));
    app.set("/workers/writer/uses", json!([table(&["dynamodb:PutItem"], Some("id"))]));
    for worker in ["reader", "writer"] {
        app.code(worker, WORKER);
    }
    app
}

#[test]
fn table_is_created_used_and_kept() {
    let Some(aws) = EmulatedAws::start(true) else { return };
    let mut app = app_with_table();
    insta::assert_snapshot!(aws.deploy(&app), @"
    + create  shop-dev-reader
    + create  shop-dev-writer
    + create  table shop-dev-orders

    3 to create
    ");
    let invoke = |worker: &str, event: Value| aws.invoke(&format!("shop-dev-{worker}"), &event);
    assert_eq!(invoke("writer", json!({ "do": "put" })), json!({ "done": "put" }));
    assert_eq!(invoke("reader", json!({ "do": "get" })), json!({ "done": "get" }));
    assert!(invoke("reader", json!({ "do": "put" }))["refused"].is_string());
    assert!(invoke("writer", json!({ "do": "get" }))["refused"].is_string());
    assert_eq!(aws.deploy(&app), "3 unchanged\n");

    let before = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(before.contains("table shop-dev-orders"), "{before}");

    // The key of a table cannot be changed.
    app.set("/workers/writer/uses", json!([table(&["dynamodb:PutItem"], Some("number"))]));
    let output = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(output.code, Some(1));
    insta::assert_snapshot!(output.stderr, @"
    error: table `shop-dev-orders` has the key `id`, and the settings say `number`
    help: DynamoDB cannot change the key of a table: use a table with another name, or delete this one
    ");
    app.set("/workers/writer/uses", json!([table(&["dynamodb:PutItem"], Some("id"))]));

    // `destroy` keeps it, and the next deploy finds it again.
    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(aws.call("dynamodb", "list_tables", &json!({}))["TableNames"], json!(["shop-dev-orders"]));
    assert_eq!(aws.deploy(&app), "+ create  shop-dev-reader\n+ create  shop-dev-writer\n\n2 to create, 1 unchanged\n");
}

#[test]
fn destroy_with_data_deletes_what_the_settings_name() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    let topic = "arn:{partition}:sns:{region}:{account}:{prefix}alerts";
    let bus = "arn:{partition}:events:{region}:{account}:event-bus/{prefix}orders";
    let mut bucket = resource("bucket", "pictures", "", "", &["s3:PutObject"]);
    bucket["arn"] = Value::Null;
    bucket["value"] = Value::Null;
    let uses = [
        table(&["dynamodb:PutItem"], Some("id")),
        resource("topic", "alerts", topic, topic, &["sns:Publish"]),
        resource("bus", "orders", bus, "{prefix}orders", &["events:PutEvents"]),
        bucket,
    ];
    app.set("/workers/counter/uses", json!(uses));
    let settings = "[package]\nname = \"shop\"\n[package.metadata.bedrock.workers.counter]\nuses = [\n    \
                    { table = \"orders\", access = \"write\", key = \"id\" },\n    \
                    { topic = \"alerts\", access = \"publish\" },\n    { bus = \"orders\", access = \"put\" },\n    \
                    { bucket = \"pictures\", access = \"write\" },\n]\n";
    app.write("Cargo.toml", settings);
    aws.deploy(&app);
    let pictures = "shop-dev-pictures-123456789012-us-east-1";
    aws.call("s3", "put_object", &json!({ "Bucket": pictures, "Key": "a", "Body": "x" }));
    // The question names what is lost.
    let asked = aws.run(&app, &["destroy", "--stage", "dev", "--with-data"]);
    assert_eq!(asked.code, Some(2), "{asked:?}");
    let question = format!(
        "delete all of it, with its logs, bucket {pictures}, bus shop-dev-orders, table shop-dev-orders, topic shop-dev-alerts?"
    );
    assert!(asked.stderr.contains(&question), "{asked:?}");
    let plan = aws.run(&app, &["destroy", "--stage", "dev", "--with-data", "--yes"]).success();
    for line in [
        &format!("- delete  bucket {pictures} (with its objects)"),
        "- delete  table shop-dev-orders (with its items)",
        "- delete  topic shop-dev-alerts",
        "- delete  bus shop-dev-orders",
    ] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    assert_eq!(aws.call("dynamodb", "list_tables", &json!({}))["TableNames"], json!([]));
    for (service, operation) in [("sns", "list_topics"), ("events", "list_event_buses"), ("s3", "list_buckets")] {
        let left = aws.call(service, operation, &json!({})).to_string();
        assert!(!left.contains("shop-dev-"), "{left}");
    }
    assert_eq!(aws.list_resources("shop-dev-"), [] as [String; 0]);
    // It can be repeated.
    let again = aws.run(&app, &["destroy", "--stage", "dev", "--with-data", "--yes"]).success();
    assert!(again.contains("nothing to do"), "{again}");
}

#[test]
fn table_of_someone_else_is_not_used() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    aws.call(
        "dynamodb",
        "create_table",
        &json!({
            "TableName": "shop-dev-orders", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }]
        }),
    );
    let output = aws.run(&app_with_table(), &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("table `shop-dev-orders` was not created by `cargo bedrock deploy`"), "{output:?}");
}

#[test]
fn topics_buses_queues_and_buckets_are_created() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    let topic = "arn:{partition}:sns:{region}:{account}:{prefix}alerts";
    let mut queue =
        resource("queue", "jobs", "arn:{partition}:sqs:{region}:{account}:{prefix}jobs", "", &["sqs:SendMessage"]);
    queue["value"] = Value::Null;
    let mut bucket = resource("bucket", "pictures", "", "", &["s3:PutObject"]);
    bucket["arn"] = Value::Null;
    bucket["value"] = Value::Null;
    let uses = json!([
        resource("topic", "alerts", topic, topic, &["sns:Publish"]),
        resource("bus", "orders", "arn:{partition}:events:{region}:{account}:event-bus/{prefix}orders", "{prefix}orders", &["events:PutEvents"]),
        queue,
        bucket,
        { "statement": { "Action": ["ses:SendEmail"], "Resource": ["*"] } }
    ]);
    app.set("/workers/counter/uses", uses);
    insta::assert_snapshot!(aws.deploy(&app), @"
    + create  shop-dev-counter
    + create  queue shop-dev-jobs
    + create  bucket shop-dev-pictures-123456789012-us-east-1
    + create  bus shop-dev-orders
    + create  topic shop-dev-alerts

    5 to create
    ");
    assert_eq!(aws.deploy(&app), "5 unchanged\n");
    let found = aws.call("lambda", "get_function_configuration", &json!({ "FunctionName": "shop-dev-counter" }));
    let variables = &found["Environment"]["Variables"];
    assert_eq!(variables["SHOP_TOPIC_ALERTS"], "arn:aws:sns:us-east-1:123456789012:shop-dev-alerts");
    assert_eq!(variables["SHOP_BUS_ORDERS"], "shop-dev-orders");
    assert_eq!(variables["SHOP_BUCKET_PICTURES"], "shop-dev-pictures-123456789012-us-east-1");
    assert!(variables["SHOP_QUEUE_JOBS"].as_str().is_some_and(|url| url.ends_with("/123456789012/shop-dev-jobs")));
    let role = json!({ "RoleName": "shop-dev-counter-us-east-1", "PolicyName": "own" });
    let policy = aws.call("iam", "get_role_policy", &role)["PolicyDocument"].to_string();
    assert!(policy.contains("ses:SendEmail") && policy.contains("Use5"), "{policy}");
}

#[test]
fn queue_of_a_trigger_stays_when_another_function_uses_it() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "sender"]).with("/version", json!(3));
    let trigger = json!({
        "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": false, "max_receives": 5,
        "visibility_timeout": 180
    });
    let arn = "arn:{partition}:sqs:{region}:{account}:{prefix}jobs";
    let mut queue = resource("queue", "jobs", arn, "", &["sqs:SendMessage"]);
    queue["value"] = Value::Null;
    app.set("/workers/counter/triggers", json!([trigger]));
    app.set("/workers/sender/uses", json!([queue]));
    aws.deploy(&app);
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
    // A partial deploy does not know the trigger, and changes nothing of the queue.
    let plan = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--only", "sender"]).success();
    assert!(plan.contains("2 unchanged"), "{plan}");
    app.set("/workers/counter/triggers", json!([]));
    let plan = aws.deploy(&app);
    assert!(plan.contains("~ update  queue shop-dev-jobs (no longer invokes worker counter)"), "{plan}");
    assert!(plan.contains("~ update  queue shop-dev-jobs (used by worker sender)"), "{plan}");
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
    // Only the worker that uses the queue is left, and `destroy` finds the queue.
    app.remove("counter");
    aws.deploy(&app);
    let plan = aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert!(plan.contains("- delete  queue shop-dev-jobs"), "{plan}");
    let left = aws.call("sqs", "list_queues", &json!({}))["QueueUrls"].to_string();
    assert!(!left.contains("shop-dev-jobs"), "{left}");
}

/// A proxy for which some buckets belong to another account.
fn foreign_buckets(aws: &EmulatedAws) -> Proxy {
    let rules = AwsRules::new(&[AwsRule::ForeignBucket]);
    Proxy::start(aws.emulator.endpoint(), move |request| {
        let action = AwsAction::of_request(request.bytes(), "123456789012");
        match rules.decide(&action, &Value::Null) {
            RuleDecision::Refuse(refusal) => ProxyAction::Refuse(refusal),
            _ => ProxyAction::Forward,
        }
    })
}

#[test]
fn bucket_of_another_account_does_not_stop_destroy() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    let bucket = |name: &str| {
        let mut bucket = resource("bucket", name, "", "", &["s3:PutObject"]);
        bucket["arn"] = Value::Null;
        bucket["value"] = Value::Null;
        bucket
    };
    let notified = json!({ "bucket": "uploads", "prefix": "", "suffix": "", "events": ["created"] });
    app.set("/workers/counter/triggers", json!([notified]));
    app.set("/workers/counter/uses", json!([bucket("old-uploads"), bucket("pictures")]));
    let settings = "[package]\nname = \"shop\"\n[package.metadata.bedrock.workers.counter]\nuses = [\n    \
                    { bucket = \"old-uploads\", access = \"write\" },\n    { bucket = \"pictures\", access = \"write\" },\n]\n\
                    triggers = [{ bucket = \"uploads\" }]\n";
    app.write("Cargo.toml", settings);
    aws.deploy(&app);
    // Others have buckets with two of these names now.
    let proxy = foreign_buckets(&aws);
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let run = |more: &[&str]| -> CommandOutput {
        let args = [&["destroy", "--stage", "dev", "--with-data"], more].concat();
        app.command(&args, &environment).output().expect("the command starts").into()
    };
    for more in [&["--dry-run"][..], &["--yes"]] {
        let output = run(more);
        assert_eq!(output.code, Some(0), "{output:?}");
        for name in ["old-uploads", "uploads"] {
            let warning = format!(
                "warning: bucket `shop-dev-{name}-123456789012-us-east-1` is kept: it belongs to another account than `123456789012`, or"
            );
            assert!(output.stderr.contains(&warning), "{warning}: {}", output.stderr);
        }
        assert!(output.stdout.contains("- delete  bucket shop-dev-pictures-123456789012-us-east-1"), "{output:?}");
        assert!(!output.stdout.contains("delete  bucket shop-dev-uploads"), "{output:?}");
    }
    assert_eq!(aws.list_resources("shop-dev-"), [] as [String; 0]);
    let left = aws.call("s3", "list_buckets", &json!({})).to_string();
    assert!(!left.contains("pictures") && left.contains("shop-dev-uploads"), "{left}");
    // A deploy needs the bucket, so it is refused.
    let refused = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("belongs to another account than `123456789012`"), "{}", refused.stderr);
}
