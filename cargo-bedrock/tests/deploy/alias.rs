//! All callers invoke the alias `live`: calls during a deploy, and stages of earlier versions of the command, whose callers
//! invoke unqualified functions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{CommandOutput, TestApp, WORKER};

const ARN_PREFIX: &str = "arn:aws:lambda:us-east-1:123456789012:function:";
const BUCKET: &str = "shop-dev-uploads-123456789012-us-east-1";

/// A worker that calls another one, in a first version.
fn app_with_call() -> TestApp {
    let mut app = TestApp::new(&["counter", "reporter"]).with("/workers/counter/invokes", json!(["reporter"]));
    app.set("/workers/reporter/environment", json!({ "MODE": "1" }));
    app
}

/// Changes code and settings of the called worker to those of `version`.
fn set_version(app: &mut TestApp, version: u32) {
    app.code("reporter", &WORKER.replace("\"version\": 1", &format!("\"version\": {version}")));
    app.set("/workers/reporter/environment", json!({ "MODE": version.to_string() }));
}

/// Calls `function`, which calls `reporter`, until `work` has ended. Returns the responses.
fn call_during(aws: &EmulatedAws, function: &str, work: impl FnOnce()) -> Vec<Value> {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let calls = scope.spawn(|| {
            let mut responses = Vec::new();
            while !is_done.load(Ordering::Relaxed) || responses.is_empty() {
                responses.push(aws.invoke(function, &json!({ "call": "reporter" })));
            }
            responses
        });
        work();
        is_done.store(true, Ordering::Relaxed);
        calls.join().expect("all calls have a response")
    })
}

/// Checks that all calls were answered by `reporter`, and returns the pairs of code and settings that answered.
fn check_answers(responses: &[Value]) -> BTreeSet<String> {
    let answer = |response: &Value| {
        assert_eq!(response["name"], "shop-dev-reporter", "{response}");
        format!("code {} settings {}", response["version"], response["mode"].as_str().unwrap_or_default())
    };
    responses.iter().map(answer).collect()
}

#[test]
fn calls_during_a_deploy_reach_one_complete_version() {
    let Some(aws) = EmulatedAws::start(true) else { return };
    let mut app = app_with_call();
    aws.deploy(&app);
    let before = aws.invoke("shop-dev-counter:live", &json!({ "call": "reporter" }));
    let mut answers = BTreeSet::from_iter(check_answers(&[before]));
    for version in 2..5 {
        set_version(&mut app, version);
        let responses = call_during(&aws, "shop-dev-counter:live", || drop(aws.deploy(&app)));
        answers.extend(check_answers(&responses));
    }
    let last = aws.invoke("shop-dev-counter:live", &json!({ "call": "reporter" }));
    answers.extend(check_answers(&[last]));
    let complete: BTreeSet<String> = (1..5).map(|version| format!("code {version} settings {version}")).collect();
    assert_eq!(answers, complete);
}

#[test]
fn removed_callee_is_deleted_after_its_callers_change() {
    let Some(aws) = EmulatedAws::start(true) else { return };
    let mut app = app_with_call();
    aws.deploy(&app);
    // Without the call the worker answers itself, as the new version of `counter` does.
    app.code("counter", "def handler(event, context):\n    return {'name': 'shop-dev-reporter', 'version': 2}\n");
    app.set("/workers/counter/invokes", json!([]));
    app.remove("reporter");
    let responses = call_during(&aws, "shop-dev-counter:live", || drop(aws.deploy(&app)));
    let expected = ["code 1 settings 1", "code 2 settings "].map(str::to_owned);
    assert!(check_answers(&responses).is_subset(&BTreeSet::from(expected)));
    assert_eq!(aws.list_resources("shop-dev-reporter"), Vec::<String>::new());
}

#[test]
fn no_alias_moves_unless_all_functions_are_ready() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_call();
    aws.deploy(&app);
    set_version(&mut app, 2);
    app.set("/workers/counter/memory", json!(512));
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_update = request.is_mutation && request.operation.ends_with("/shop-dev-counter/configuration");
        if is_update { ProxyAction::Respond(403, "AccessDeniedException") } else { ProxyAction::Forward }
    });
    let failed = crate::faults::deploy(&app, &aws, &proxy, &[]);
    assert_eq!(failed.code, Some(1));
    let message = "error: 0 of 2 functions are up to date, remaining: `shop-dev-counter`, `shop-dev-reporter`\n";
    assert!(failed.stderr.contains(message), "{}", failed.stderr);
    assert_eq!(["counter", "reporter"].map(|worker| aws.live_version(&format!("shop-dev-{worker}"))), ["1", "1"]);
    assert_eq!(
        aws.deploy(&app),
        "~ update  shop-dev-counter (memory 256 → 512)\n~ update  shop-dev-reporter (code, environment ~MODE)\n\n2 to update\n"
    );
    assert_eq!(["counter", "reporter"].map(|worker| aws.live_version(&format!("shop-dev-{worker}"))), ["2", "2"]);
}

/// An app with a call, a trigger of each kind and retries of its own.
fn app_with_triggers() -> TestApp {
    let mut app = app_with_call();
    app.set("/version", json!(2));
    app.set("/workers/reporter/retries", json!(0));
    let queue = json!({
        "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
        "visibility_timeout": 180
    });
    let bucket = json!({ "bucket": "uploads", "prefix": "in/", "suffix": "", "events": ["created"] });
    let schedule = json!({ "schedule": "rate(5 minutes)", "timezone": "UTC", "event": null });
    app.set("/workers/reporter/triggers", json!([schedule, queue, bucket]));
    app
}

/// Turns a stage into one that an earlier version of the command deployed: functions call each other without a qualifier.
fn use_unqualified_functions(aws: &EmulatedAws, app: &TestApp) {
    for function in app.workers().iter().map(|worker| format!("shop-dev-{worker}")) {
        let name = json!({ "FunctionName": function });
        let settings = aws.call("lambda", "get_function_configuration", &name).to_string();
        let settings: Value = serde_json::from_str(&settings.replace(":live\"", "\"")).expect("JSON");
        let environment = json!({ "Variables": settings["Environment"]["Variables"] });
        let update = json!({ "FunctionName": function, "Environment": environment });
        aws.call("lambda", "update_function_configuration", &update);
        let publish = json!({ "FunctionName": function, "Description": "deploy 100" });
        let version = aws.call("lambda", "publish_version", &publish)["Version"].clone();
        aws.call(
            "lambda",
            "update_alias",
            &json!({ "FunctionName": function, "Name": "live", "FunctionVersion": version }),
        );
    }
}

/// The same for the triggers and the retries of `reporter`.
fn use_unqualified_triggers(aws: &EmulatedAws) {
    let function = "shop-dev-reporter";
    let arn = format!("{ARN_PREFIX}{function}");
    let mapping = aws.call("lambda", "list_event_source_mappings", &json!({}))["EventSourceMappings"][0].clone();
    let update = json!({ "UUID": mapping["UUID"], "FunctionName": function });
    aws.call("lambda", "update_event_source_mapping", &update);
    let schedule = json!({ "GroupName": "shop-dev", "Name": "reporter-1" });
    let mut schedule = aws.call("scheduler", "get_schedule", &schedule);
    schedule["Target"]["Arn"] = json!(arn);
    let keys = ["GroupName", "Name", "ScheduleExpression", "Target", "FlexibleTimeWindow"];
    let update: BTreeMap<&str, Value> = keys.iter().map(|key| (*key, schedule[*key].clone())).collect();
    aws.call("scheduler", "update_schedule", &json!(update));
    let alias = json!({ "FunctionName": function, "Qualifier": "live" });
    let policy = aws.call("lambda", "get_policy", &alias)["Policy"].as_str().expect("a policy").to_owned();
    let policy: Value = serde_json::from_str(&policy).expect("JSON");
    let id = policy["Statement"][0]["Sid"].as_str().expect("an id");
    let statement = json!({ "FunctionName": function, "StatementId": id, "Qualifier": "live" });
    aws.call("lambda", "remove_permission", &statement);
    let statement = json!({
        "FunctionName": function, "StatementId": id.replace("-live-", "-"), "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceArn": format!("arn:aws:s3:::{BUCKET}"), "SourceAccount": "123456789012"
    });
    aws.call("lambda", "add_permission", &statement);
    let notifications = aws.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": BUCKET }));
    let mut notifications = notifications["LambdaFunctionConfigurations"].clone();
    notifications[0]["LambdaFunctionArn"] = json!(arn);
    let configuration = json!({ "LambdaFunctionConfigurations": notifications });
    let arguments = json!({ "Bucket": BUCKET, "NotificationConfiguration": configuration });
    aws.call("s3", "put_bucket_notification_configuration", &arguments);
    aws.call("lambda", "delete_function_event_invoke_config", &alias);
    let events = json!({ "FunctionName": function, "MaximumRetryAttempts": 0 });
    aws.call("lambda", "put_function_event_invoke_config", &events);
}

#[test]
fn stage_of_an_earlier_version_moves_without_a_lost_call() {
    let Some(aws) = EmulatedAws::start(true) else { return };
    let app = app_with_triggers();
    aws.deploy(&app);
    use_unqualified_functions(&aws, &app);
    use_unqualified_triggers(&aws);
    let queue = aws.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs" }))["QueueUrl"].clone();
    let unchanged = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(unchanged.contains("environment ~SHOP_WORKER_ARN_REPORTER"), "{unchanged}");

    // The called function itself does not change: the emulator ends its running calls then, which AWS does not.
    let mut sent = 0;
    let responses = call_during(&aws, "shop-dev-counter:live", || {
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let messages = scope.spawn(|| {
                let mut sent = 0;
                while !is_done.load(Ordering::Relaxed) {
                    aws.call("sqs", "send_message", &json!({ "QueueUrl": queue, "MessageBody": "a job" }));
                    sent += 1;
                }
                sent
            });
            aws.deploy(&app);
            is_done.store(true, Ordering::Relaxed);
            sent = messages.join().expect("all messages are sent");
        });
    });
    assert!(sent > 0);
    check_answers(&responses);
    assert_triggers_invoke_the_alias(&aws);
    let after = aws.call("lambda", "get_function_configuration", &json!({ "FunctionName": "shop-dev-counter" }));
    let arn = format!("{ARN_PREFIX}shop-dev-reporter:live");
    assert_eq!(after["Environment"]["Variables"]["SHOP_WORKER_ARN_REPORTER"], arn);
    // The worker has deleted all messages from the queue.
    let attributes = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
    let is_empty = || {
        let attributes = aws.call("sqs", "get_queue_attributes", &attributes)["Attributes"].clone();
        ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            .iter()
            .all(|name| attributes[*name] == "0")
    };
    assert!((0..2_000).any(|_| is_empty()), "messages are left");
    let dead = aws.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs-dead" }))["QueueUrl"].clone();
    let received = aws.call("sqs", "receive_message", &json!({ "QueueUrl": dead }));
    assert_eq!(received["Messages"], Value::Null);
    assert_eq!(aws.deploy(&app), "5 unchanged\n");
    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(aws.list_resources("shop-"), Vec::<String>::new());
}

fn assert_triggers_invoke_the_alias(aws: &EmulatedAws) {
    let arn = format!("{ARN_PREFIX}shop-dev-reporter:live");
    let mappings = aws.call("lambda", "list_event_source_mappings", &json!({}))["EventSourceMappings"].clone();
    assert_eq!(mappings.as_array().map(Vec::len), Some(1));
    assert_eq!(mappings[0]["FunctionArn"], arn);
    let schedule = aws.call("scheduler", "get_schedule", &json!({ "GroupName": "shop-dev", "Name": "reporter-1" }));
    assert_eq!(schedule["Target"]["Arn"], arn);
    let notifications = aws.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": BUCKET }));
    let notifications = notifications["LambdaFunctionConfigurations"].clone();
    assert_eq!(notifications.as_array().map(Vec::len), Some(1));
    assert_eq!(notifications[0]["LambdaFunctionArn"], arn);
    let alias = json!({ "FunctionName": "shop-dev-reporter", "Qualifier": "live" });
    let policy = aws.call("lambda", "get_policy", &alias)["Policy"].to_string();
    assert!(policy.contains(BUCKET) && !policy.contains("function:shop-dev-reporter\\\""), "{policy}");
    let events = aws.call("lambda", "get_function_event_invoke_config", &alias);
    assert_eq!(events["MaximumRetryAttempts"], 0);
}

/// Serves the code of each version, as AWS does: the emulator returns the newest code for all versions.
struct VersionedCode {
    zips: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    proxy: Proxy,
}

impl VersionedCode {
    fn start(aws: &EmulatedAws) -> Self {
        let zips = Arc::new(Mutex::new(BTreeMap::<String, Vec<u8>>::new()));
        let served_zips = Arc::clone(&zips);
        let endpoint = Arc::new(Mutex::new(String::new()));
        let proxy_endpoint = Arc::clone(&endpoint);
        let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
            if let Some(zip) = served_zips.lock().expect("lock").get(&request.operation) {
                return ProxyAction::RespondWith(zip.clone());
            }
            let path = request.operation.strip_prefix("GET /2015-03-31/functions/");
            match path.and_then(|path| path.split_once("?Qualifier=")) {
                Some((function, number)) if number != "live" => {
                    let endpoint = proxy_endpoint.lock().expect("lock");
                    ProxyAction::ReplaceInResponse("/Code/Location", json!(format!("{endpoint}/{function}/{number}")))
                }
                _ => ProxyAction::Forward,
            }
        });
        endpoint.lock().expect("lock").clone_from(&proxy.endpoint);
        Self { zips, proxy }
    }

    /// Sets the code of a version to that of the last build.
    fn set(&self, app: &TestApp, worker: &str, number: u32) {
        let zip = std::fs::read(app.path(&format!("target/bedrock/workers/{worker}.zip"))).expect("the zip");
        self.zips.lock().expect("lock").insert(format!("GET /shop-dev-{worker}/{number}"), zip);
    }

    fn rollback(&self, aws: &EmulatedAws, app: &TestApp, more: &[&str]) -> CommandOutput {
        let mut environment = aws.environment();
        environment.push(("AWS_ENDPOINT_URL".to_owned(), self.proxy.endpoint.clone()));
        let args = [&["rollback", "--stage", "dev"], more].concat();
        app.command(&args, &environment).output().expect("the command starts").into()
    }
}

#[test]
fn rollback_to_earlier_versions_restores_functions_themselves() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_call();
    let codes = VersionedCode::start(&aws);
    aws.deploy(&app);
    use_unqualified_functions(&aws, &app);
    codes.set(&app, "counter", 2);
    codes.set(&app, "reporter", 2);
    set_version(&mut app, 2);
    aws.deploy(&app);
    let call = || check_answers(&[aws.invoke("shop-dev-counter:live", &json!({ "call": "reporter" }))]);
    assert_eq!(call(), BTreeSet::from(["code 2 settings 2".to_owned()]));
    let done = codes.rollback(&aws, &app, &["--yes"]);
    assert!(done.stderr.contains("done: rolled back `shop-dev-reporter`: version 3 → 2"), "{}", done.stderr);
    assert_eq!(call(), BTreeSet::from(["code 1 settings 1".to_owned()]));
    aws.deploy(&app);
    assert_eq!(call(), BTreeSet::from(["code 2 settings 2".to_owned()]));
}

#[test]
fn rollback_checks_the_downloaded_code() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    aws.deploy(&app);
    use_unqualified_functions(&aws, &app);
    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    aws.deploy(&app);
    let codes = VersionedCode::start(&aws);
    codes.set(&app, "counter", 2);
    let refused = codes.rollback(&aws, &app, &["--yes"]);
    assert_eq!(refused.code, Some(1));
    assert_snapshot!(refused.stderr, @"
    error: failed to roll back function `shop-dev-counter`
      caused by: the downloaded code is not that of version 2
    error: 0 of 1 functions are up to date, remaining: `shop-dev-counter`
    help: run the same command again to continue
    ");
    assert_eq!(aws.invoke("shop-dev-counter:live", &json!({}))["version"], 2);
}
