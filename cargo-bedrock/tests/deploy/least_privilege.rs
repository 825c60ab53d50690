//! The policy that `deploy --print-policy` prints permits exactly what the commands of a stage do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use testbed::AwsAction;

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{CommandOutput, TestApp, WORKER};

const ACCOUNT: &str = "123456789012";
/// Actions that AWS checks during another action.
const IMPLIED_ACTIONS: [(&str, &str); 13] = [
    ("cloudwatch:TagResource", "cloudwatch:PutMetricAlarm"),
    ("iam:PassRole", "lambda:CreateFunction"),
    ("iam:TagRole", "iam:CreateRole"),
    ("iam:TagPolicy", "iam:CreatePolicy"),
    ("lambda:GetLayerVersion", "lambda:CreateFunction"),
    ("lambda:ListTags", "lambda:GetFunction"),
    ("lambda:TagResource", "lambda:CreateFunction"),
    ("logs:TagResource", "logs:CreateLogGroup"),
    ("scheduler:TagResource", "scheduler:CreateScheduleGroup"),
    ("sqs:TagQueue", "sqs:CreateQueue"),
    ("sns:TagResource", "sns:CreateTopic"),
    ("events:TagResource", "events:PutRule"),
    ("dynamodb:TagResource", "dynamodb:CreateTable"),
];

/// Runs commands and records their requests.
struct Recorder<'a> {
    aws: &'a EmulatedAws,
    proxy: Proxy,
    actions: Arc<Mutex<BTreeSet<AwsAction>>>,
}

impl<'a> Recorder<'a> {
    fn start(aws: &'a EmulatedAws) -> Self {
        let actions = Arc::new(Mutex::new(BTreeSet::new()));
        let log = Arc::clone(&actions);
        let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
            log.lock().expect("lock").insert(AwsAction::of_request(request.bytes(), ACCOUNT));
            ProxyAction::Forward
        });
        Self { aws, proxy, actions }
    }

    fn run(&self, app: &TestApp, args: &[&str]) -> CommandOutput {
        let mut environment = self.aws.environment();
        environment.push(("AWS_ENDPOINT_URL".to_owned(), self.proxy.endpoint.clone()));
        app.command(&[args, &["--stage", "dev"]].concat(), &environment).output().expect("the command starts").into()
    }

    fn deploy(&self, app: &TestApp) {
        self.run(app, &["deploy", "--yes"]).success();
    }
}

/// An app that uses everything of AWS that an app can use.
fn app_with_everything(callees: &[&str]) -> TestApp {
    let mut app = TestApp::new(callees).with_endpoint(callees);
    app.set("/version", json!(4));
    app.set("/workers/counter/durable", json!({ "timeout": 86_400, "retention": 14 }));
    app.layer("counter", "ranks", "NAME = 'ranks'\n");
    let secrets = json!({ "TOKEN": { "ssm": "/shop/token" }, "KEY": { "secretsmanager": "key" } });
    app.set("/workers/counter/secrets", secrets);
    app.set("/workers/counter/concurrency", json!(1));
    app.set("/workers/counter/retries", json!(0));
    app.set("/workers/counter/recursion", json!("allow"));
    let queue = json!({
        "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
        "visibility_timeout": 180
    });
    let bucket = |name: &str| json!({ "bucket": name, "prefix": "in/", "suffix": "", "events": ["created"] });
    let schedule = json!({ "schedule": "rate(5 minutes)", "timezone": "UTC", "event": null });
    let topic = json!({ "topic": "alerts", "filter": null, "filter_scope": "attributes" });
    let bus = |bus: &str| json!({ "bus": bus, "pattern": r#"{"source":["shop"]}"# });
    let buckets = ["uploads", "pictures", "arn:aws:s3:::theirs"].map(bucket);
    let triggers: Vec<Value> =
        [schedule, queue, topic, bus("default"), bus("orders")].into_iter().chain(buckets).collect();
    app.set("/workers/counter/triggers", json!(triggers));
    let table = "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}orders";
    let table = json!({
        "kind": "table", "name": "orders", "access": "read", "is_of_app": true, "arn": table, "variable": "SHOP_TABLE_ORDERS",
        "grants": [{ "actions": ["dynamodb:GetItem"], "suffixes": [""] }], "value": "{prefix}orders",
        "key": { "partition": { "name": "id", "type": "S" }, "sort": null }
    });
    let alarms = json!({
        "notify": "ops", "errors": 1, "throttles": 1, "dead_letters": 1, "period": 60, "evaluation_periods": 1,
        "datapoints_to_alarm": 1
    });
    app.set("/workers/counter/alarms", alarms);
    app.set("/workers/counter/uses", json!([table]));
    app
}

/// Changes everything that a deploy can change.
fn change_everything(aws: &EmulatedAws, app: &mut TestApp) {
    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    app.set("/endpoint/invokes", json!(["counter"]));
    app.set("/endpoint/url_auth", json!("iam"));
    app.set("/workers/counter/memory", json!(512));
    app.set("/workers/counter/alarms/throttles", Value::Null);
    app.set("/workers/counter/concurrency", Value::Null);
    app.set("/workers/counter/retries", json!(2));
    app.set("/workers/counter/triggers/0/schedule", json!("rate(1 hour)"));
    app.set("/workers/counter/triggers/1/batch_size", json!(1));
    app.set("/workers/counter/triggers/1/visibility_timeout", json!(200));
    app.set("/workers/counter/triggers/2/filter", json!(r#"{"kind":["a"]}"#));
    let document = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    let trust = json!({ "RoleName": "shop-dev-counter-us-east-1", "PolicyDocument": document });
    aws.call("iam", "update_assume_role_policy", &trust);
}

#[test]
fn printed_policy_permits_exactly_what_commands_do() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let parameter = json!({ "Name": "/shop/token", "Value": "x", "Type": "SecureString" });
    aws.call("ssm", "put_parameter", &parameter);
    aws.call("secretsmanager", "create_secret", &json!({ "Name": "key", "SecretString": "y" }));
    aws.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    aws.call("logs", "create_log_group", &json!({ "logGroupName": "/aws/lambda/shop-dev-counter" }));
    // So many callees do not fit into the inline policy of the endpoint.
    let names: Vec<String> = (1..=59).map(|number| format!("a_worker_with_a_rather_long_name_{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["counter"]).collect();
    let mut app = app_with_everything(&names);
    let recorder = Recorder::start(&aws);
    recorder.deploy(&app);
    let policy = aws.run(&app, &["deploy", "--print-policy", "--stage", "dev"]).success();
    change_everything(&aws, &mut app);
    recorder.deploy(&app);
    // A deploy that could not delete the record has left this tag.
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-counter";
    aws.call("lambda", "tag_resource", &json!({ "Resource": arn, "Tags": { "bedrock:unrecorded": "true" } }));
    recorder.deploy(&app);
    recorder.run(&app, &["status"]).success();
    recorder.run(&app, &["logs"]).success();
    recorder.run(&app, &["invoke", "counter", "--remote"]).success();
    recorder.run(&app, &["rollback", "--yes", "counter"]).success();
    // What a stopped deploy has left is found by its log group.
    aws.call("logs", "create_log_group", &json!({ "logGroupName": "/aws/lambda/shop-dev-gone" }));
    // The lock of another process is read.
    let lock = json!({ "Bucket": "cargo-bedrock-123456789012-us-east-1", "Key": "locks/shop-dev.json", "Body": "{}" });
    aws.call("s3", "put_object", &lock);
    assert_eq!(recorder.run(&app, &["deploy", "--yes"]).code, Some(1));
    let lock = json!({ "Bucket": "cargo-bedrock-123456789012-us-east-1", "Key": "locks/shop-dev.json" });
    aws.call("s3", "delete_object", &lock);
    recorder.run(&app, &["destroy", "--yes"]).success();

    let policy: Value = serde_json::from_str(&policy).expect("JSON");
    let actions = recorder.actions.lock().expect("lock").clone();
    assert_permitted(&policy, &actions);
    assert_needed(&policy, &actions);
}

fn assert_permitted(policy: &Value, actions: &BTreeSet<AwsAction>) {
    let statements = policy["Statement"].as_array().expect("statements");
    // Everybody may ask for the own identity.
    let needs_permission = |action: &&AwsAction| action.action != "sts:GetCallerIdentity";
    let is_denied = |action: &&AwsAction| !statements.iter().any(|statement| action.is_allowed_by(statement));
    let denied: Vec<_> = actions.iter().filter(needs_permission).filter(is_denied).collect();
    assert_eq!(denied, Vec::<&AwsAction>::new());
}

fn assert_needed(policy: &Value, actions: &BTreeSet<AwsAction>) {
    let used: BTreeSet<&str> = actions.iter().map(|action| action.action.as_str()).collect();
    let is_implied = |action: &str| IMPLIED_ACTIONS.iter().any(|(implied, by)| *implied == action && used.contains(by));
    let statements = policy["Statement"].as_array().expect("statements").iter();
    let permitted = statements.flat_map(|statement| statement["Action"].as_array().expect("actions"));
    let permitted: BTreeSet<&str> = permitted.filter_map(Value::as_str).collect();
    let unused: Vec<_> = permitted.into_iter().filter(|action| !used.contains(action) && !is_implied(action)).collect();
    assert_eq!(unused, Vec::<&str>::new());
}

#[test]
fn policy_is_printed_without_aws_and_without_a_stage() {
    let app = TestApp::new(&["counter"]);
    let print = |more: &[&str]| {
        CommandOutput::from(
            app.command(&[&["deploy", "--print-policy"], more].concat(), &[]).output().expect("the command starts"),
        )
    };
    let all: Value = serde_json::from_str(&print(&[]).success()).expect("JSON");
    assert!(all.to_string().contains("arn:aws:lambda:*:*:function:shop-*-*"), "{all}");
    let one = print(&["--stage", "dev", "--region", "eu-west-1"]).success();
    assert!(one.contains("arn:aws:lambda:eu-west-1:*:function:shop-dev-*"), "{one}");
    assert_eq!(print(&["--stage", "Dev"]).code, Some(2));
    let deploy = app.command(&["deploy"], &[]).output().expect("the command starts");
    assert!(String::from_utf8_lossy(&deploy.stderr).contains("--stage <NAME>"), "{deploy:?}");
}
