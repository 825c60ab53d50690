//! The policy that `deploy --print-policy` prints permits exactly what the commands of a stage do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use testbed::AwsAction;

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction};
use crate::role_settings::set_deploy_settings;
use crate::test_app::{CommandOutput, TestApp, WORKER};

const ACCOUNT: &str = "123456789012";
/// Actions that AWS checks during another action.
const IMPLIED_ACTIONS: [(&str, &str); 14] = [
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
    ("apigateway:TagResource", "apigateway:POST"),
];

/// Services of which the emulator compares other ARNs with policies than AWS. Their resources are tested by the other tests.
const SERVICES_WITH_OTHER_ARNS: [&str; 6] = ["cloudwatch", "dynamodb", "events", "lambda", "scheduler", "sns"];

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
pub(crate) fn app_with_everything(callees: &[&str]) -> TestApp {
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
    app.set("/endpoint/http_api", http_api(&["$default", "GET /old"]));
    app
}

fn http_api(routes: &[&str]) -> Value {
    let routes: Vec<Value> = routes.iter().map(|key| json!({ "key": key, "auth": "none", "scopes": [] })).collect();
    json!({ "routes": routes, "jwt": null, "domain": null, "throttling": null })
}

pub(crate) fn stream(source: &Value) -> Value {
    let mut trigger = json!({
        "starting_position": "LATEST", "batch_size": 100, "batch_window": 0, "parallelization_factor": 1,
        "maximum_retry_attempts": -1, "maximum_record_age": -1, "bisect_batch_on_function_error": false,
        "tumbling_window": 0, "partial_failures": true, "on_failure": null
    });
    for (key, value) in source.as_object().expect("an object") {
        trigger[key] = value.clone();
    }
    trigger
}

/// Changes everything that a deploy can change.
pub(crate) fn change_everything(aws: &EmulatedAws, app: &mut TestApp) {
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
    app.set("/endpoint/http_api", http_api(&["$default", "GET /new"]));
    app.set("/endpoint/http_api/throttling", json!({ "burst": 20, "rate": 10 }));
    // The table exists, and gets a stream.
    let streams = [
        stream(&json!({ "dynamodb": "orders", "stream_view_type": "KEYS_ONLY" })),
        stream(&json!({ "kinesis": "clicks" })),
    ];
    let existing = json!({
        "queue": "arn:aws:sqs:us-east-1:123456789012:theirs", "batch_size": 10, "batch_window": 0, "partial_failures": true,
        "max_receives": 3, "visibility_timeout": 180
    });
    for (number, stream) in (8..).zip(streams.into_iter().chain([existing])) {
        app.add_to("/workers/counter/triggers", number, stream);
    }
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
    aws.call("sqs", "create_queue", &json!({ "QueueName": "theirs" }));
    aws.call("logs", "create_log_group", &json!({ "logGroupName": "/aws/lambda/shop-dev-counter" }));
    // So many callees do not fit into the inline policy of the endpoint.
    let names: Vec<String> = (1..=59).map(|number| format!("a_worker_with_a_rather_long_name_{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["counter"]).collect();
    let mut app = app_with_everything(&names);
    let recorder = Recorder::start(&aws);
    recorder.deploy(&app);
    change_everything(&aws, &mut app);
    // Changed tags reach everything that exists.
    set_deploy_settings(&app, "tags = { team = \"shop\" }");
    let policy = aws.run(&app, &["deploy", "--print-policy", "--stage", "dev"]).success();
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
    let lock =
        json!({ "Bucket": "cargo-bedrock-123456789012-us-east-1-an", "Key": "locks/shop-dev.json", "Body": "{}" });
    aws.call("s3", "put_object", &lock);
    assert_eq!(recorder.run(&app, &["deploy", "--yes"]).code, Some(1));
    let lock = json!({ "Bucket": "cargo-bedrock-123456789012-us-east-1-an", "Key": "locks/shop-dev.json" });
    aws.call("s3", "delete_object", &lock);
    recorder.run(&app, &["destroy", "--yes"]).success();

    let policy: Value = serde_json::from_str(&policy).expect("JSON");
    let actions = recorder.actions.lock().expect("lock").clone();
    assert_permitted(&policy, &actions);
    assert_needed(&policy, &actions);
    assert_each_statement_is_needed(&policy, &actions);
}

/// Without any one statement, an action that was used is denied.
fn assert_each_statement_is_needed(policy: &Value, actions: &BTreeSet<AwsAction>) {
    let statements = policy["Statement"].as_array().expect("statements");
    let used: BTreeSet<&str> = actions.iter().map(|action| action.action.as_str()).collect();
    let implied = |action: &str| IMPLIED_ACTIONS.iter().any(|(each, by)| *each == action && used.contains(by));
    for (number, statement) in statements.iter().enumerate() {
        let others: Vec<&Value> =
            statements.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, other)| other).collect();
        let is_denied = |action: &&AwsAction| {
            action.is_allowed_by(statement) && !others.iter().any(|other| action.is_allowed_by(other))
        };
        let names = |statement: &Value| -> Vec<String> {
            let actions = statement["Action"].as_array().into_iter().flatten();
            actions.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let is_only_here =
            |action: &String| implied(action) && !others.iter().any(|other| names(other).contains(action));
        let is_needed = actions.iter().any(|action| is_denied(&action)) || names(statement).iter().any(is_only_here);
        assert!(is_needed, "{}", statement["Sid"]);
    }
}

/// Attaches each statement of `policy` to a new user as a policy of its own. Returns the variables of the user's commands.
///
/// The emulator sends no values for the conditions, so they are left out.
fn create_deployer(aws: &EmulatedAws, policy: &Value) -> Vec<(String, String)> {
    aws.call("iam", "create_user", &json!({ "UserName": "deployer" }));
    for statement in policy["Statement"].as_array().expect("statements") {
        set_statement(aws, statement);
    }
    let key = aws.call("iam", "create_access_key", &json!({ "UserName": "deployer" }))["AccessKey"].clone();
    let mut environment = aws.environment();
    for (name, member) in [("AWS_ACCESS_KEY_ID", "AccessKeyId"), ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey")] {
        environment.push((name.to_owned(), key[member].as_str().expect("a key").to_owned()));
    }
    environment
}

fn set_statement(aws: &EmulatedAws, statement: &Value) {
    let mut unconditional = statement.clone();
    unconditional.as_object_mut().expect("a statement").remove("Condition");
    let is_of = |service: &str| statement["Action"].to_string().contains(&format!("\"{service}:"));
    if SERVICES_WITH_OTHER_ARNS.into_iter().any(is_of) {
        unconditional["Resource"] = json!("*");
    }
    // The emulator also names some actions of Lambda differently.
    if statement["Resource"] != "*" && is_of("lambda") {
        unconditional["Action"] = json!("lambda:*");
    }
    let document = json!({ "Version": "2012-10-17", "Statement": [unconditional] }).to_string();
    let policy = json!({ "UserName": "deployer", "PolicyName": statement["Sid"], "PolicyDocument": document });
    aws.call("iam", "put_user_policy", &policy);
}

#[test]
fn commands_run_under_exactly_the_printed_policy() {
    let Some(aws) = EmulatedAws::start(true) else { return };
    aws.call("ssm", "put_parameter", &json!({ "Name": "/shop/token", "Value": "x", "Type": "SecureString" }));
    aws.call("secretsmanager", "create_secret", &json!({ "Name": "key", "SecretString": "y" }));
    aws.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    let mut app = app_with_everything(&["counter"]);
    app.add_to("/workers/counter/triggers", 8, stream(&json!({ "kinesis": "clicks" })));
    app.add_to(
        "/workers/counter/triggers",
        9,
        stream(&json!({ "dynamodb": "orders", "stream_view_type": "KEYS_ONLY" })),
    );
    let policy: Value =
        serde_json::from_str(&aws.run(&app, &["deploy", "--print-policy", "--stage", "dev"]).success()).expect("JSON");
    let environment = create_deployer(&aws, &policy);
    let run = |args: &[&str]| {
        let command = app.command(&[args, &["--stage", "dev"]].concat(), &environment).output();
        CommandOutput::from(command.expect("the command starts"))
    };
    run(&["deploy", "--yes"]).success();
    run(&["status"]).success();
    run(&["logs"]).success();
    run(&["invoke", "counter", "--remote"]).success();
    let statements = policy["Statement"].as_array().expect("statements");
    for (sid, action) in [
        ("List", "logs:DescribeLogGroups"),
        ("Roles", "iam:GetRole"),
        ("Queues", "sqs:ListQueueTags"),
        ("Tables", "dynamodb:DescribeTable"),
        ("Streams", "kinesis:DescribeStreamSummary"),
        ("Topics", "sns:GetTopicAttributes"),
        ("Schedules", "scheduler:GetScheduleGroup"),
        ("EventBuses", "events:DescribeEventBus"),
        ("HttpApis", "apigateway:GET"),
        ("ListAlarms", "cloudwatch:DescribeAlarms"),
        ("Rules", "events:DescribeRule"),
        ("Secrets", "secretsmanager:GetSecretValue"),
    ] {
        let statement = statements.iter().find(|statement| statement["Sid"] == sid).expect(sid);
        aws.call("iam", "delete_user_policy", &json!({ "UserName": "deployer", "PolicyName": sid }));
        let denied = run(&["deploy", "--yes", "--refresh"]);
        assert_eq!(denied.code, Some(1), "{sid}: {denied:?}");
        assert!(denied.stderr.contains(action), "{sid}: {}", denied.stderr);
        set_statement(&aws, statement);
    }
    run(&["deploy", "--yes", "--refresh"]).success();
    run(&["destroy", "--yes"]).success();
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
    let mut app = TestApp::new(&["counter"]).with("/version", json!(4));
    // One stage needs more than the others.
    let secrets = json!({ "KEY": { "secretsmanager": "prod-key" } });
    app.set("/stages", json!({ "prod": { "counter": { "secrets": secrets } } }));
    let print = |more: &[&str]| {
        CommandOutput::from(
            app.command(&[&["deploy", "--print-policy"], more].concat(), &[]).output().expect("the command starts"),
        )
    };
    let all: Value = serde_json::from_str(&print(&[]).success()).expect("JSON");
    assert!(all.to_string().contains("arn:aws:lambda:*:*:function:shop-*-*"), "{all}");
    let of_secret = "arn:aws:secretsmanager:*:*:secret:prod-key-??????";
    assert!(all.to_string().contains(of_secret), "{all}");
    assert!(print(&["--terraform"]).success().contains(of_secret));
    assert!(print(&["--stage", "prod"]).success().contains(of_secret));
    assert!(!print(&["--stage", "dev"]).success().contains("secretsmanager"));
    let one = print(&["--stage", "dev", "--region", "eu-west-1"]).success();
    assert!(one.contains("arn:aws:lambda:eu-west-1:*:function:shop-dev-*"), "{one}");
    assert_eq!(print(&["--stage", "Dev"]).code, Some(2));
    let deploy = app.command(&["deploy"], &[]).output().expect("the command starts");
    assert!(String::from_utf8_lossy(&deploy.stderr).contains("--stage <NAME>"), "{deploy:?}");
}
