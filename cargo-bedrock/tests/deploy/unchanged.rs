//! A deploy in which nothing has changed: how many requests it sends, and what it finds in spite of that.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::lock::{contents, foreign_lock, put_lock};
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{CommandOutput, TestApp, WORKER};

const BUCKET: &str = "cargo-bedrock-123456789012-us-east-1-an";
/// The object of the lock, which has the record.
const RECORD: &str = "locks/shop-dev.json";
/// Requests of a stage: who the caller is, and the record of the last deployment.
const STAGE_REQUESTS: usize = 3;

/// An app with everything that needs requests of its own: an endpoint, a layer and triggers.
fn app() -> TestApp {
    let mut app = TestApp::new(&["counter", "reporter"]).with_endpoint(&["counter"]);
    app.set("/version", json!(2));
    app.layer("counter", "ranks", "NAME = 'ranks'\n");
    app.set("/workers/counter/environment", json!({ "MODE": "slow" }));
    app.set("/workers/counter/retries", json!(0));
    let schedule = json!({ "schedule": "rate(5 minutes)", "timezone": "UTC", "event": null });
    let queue = json!({
        "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
        "visibility_timeout": 180
    });
    app.set("/workers/counter/triggers", json!([schedule, queue]));
    app
}

/// Runs a command, and returns its output and its requests.
fn run_and_count(app: &TestApp, aws: &EmulatedAws, more: &[&str]) -> (CommandOutput, Vec<String>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        log.lock().expect("lock").push(request.operation.clone());
        ProxyAction::Forward
    });
    let output = deploy(app, aws, &proxy, more);
    let requests = requests.lock().expect("lock").clone();
    (output, requests)
}

fn assert_unchanged(app: &TestApp, aws: &EmulatedAws) {
    let (output, requests) = run_and_count(app, aws, &[]);
    let plan = output.success();
    assert!(plan.ends_with("\n\n5 unchanged\n"), "{plan}");
    assert_eq!(requests.len(), 2 * 3 + STAGE_REQUESTS, "{requests:?}");
}

fn has_record(aws: &EmulatedAws) -> bool {
    let listed = aws.call("s3", "list_objects_v2", &json!({ "Bucket": BUCKET, "Prefix": RECORD }));
    listed["Contents"].as_array().is_some_and(|objects| !objects.is_empty())
        && contents(aws, RECORD)["record"].is_object()
}

#[test]
fn unchanged_deploy_sends_two_requests_per_function() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    let first = deploy(&app, &aws, &forward(&aws), &["--message-format", "json"]);
    let url = |output: &CommandOutput| output.events().last().expect("an event")["url"].clone();
    let first_url = url(&first);
    assert!(first_url.as_str().is_some_and(|url| url.starts_with("http")), "{first:?}");
    assert_unchanged(&app, &aws);
    let (json, requests) = run_and_count(&app, &aws, &["--message-format", "json"]);
    let end = json.events().last().cloned().expect("an event");
    assert_eq!((&end["requests"], &end["changed"]), (&json!(requests.len()), &json!(0)), "{requests:?}");
    assert_eq!(url(&json), first_url);
    let steps = json.events()[0]["triggers"].as_array().map(Vec::len);
    assert_eq!(steps, Some(2), "{json:?}");
    let (dry_run, requests) = run_and_count(&app, &aws, &["--dry-run"]);
    assert!(dry_run.success().ends_with("5 unchanged\n") && requests.len() == 9, "{requests:?}");
    // With more functions there are no more requests for the stage.
    app.add("extra");
    aws.deploy(&app);
    let (output, requests) = run_and_count(&app, &aws, &[]);
    assert!(output.success().ends_with("6 unchanged\n"));
    assert_eq!(requests.len(), 2 * 4 + STAGE_REQUESTS, "{requests:?}");
    // What has changed in the app is always seen.
    app.code("reporter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    assert!(aws.deploy(&app).contains("~ update  shop-dev-reporter (code)"));
    app.set("/workers/counter/environment", json!({ "MODE": "fast" }));
    assert!(aws.deploy(&app).contains("~ update  shop-dev-counter (environment ~MODE)"));
    app.remove("extra");
    assert!(aws.deploy(&app).contains("- delete  shop-dev-extra"));
    assert_unchanged(&app, &aws);
}

fn forward(aws: &EmulatedAws) -> Proxy {
    Proxy::start(aws.emulator.endpoint(), |_| ProxyAction::Forward)
}

#[test]
fn changed_functions_are_found_without_refresh() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app();
    aws.deploy(&app);
    let name = "shop-dev-counter";
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-counter";
    let changes: [(&str, Value, &str); 4] = [
        ("update_function_configuration", json!({ "FunctionName": name, "MemorySize": 512 }), "memory 512 → 256"),
        (
            "put_function_concurrency",
            json!({ "FunctionName": name, "ReservedConcurrentExecutions": 5 }),
            "concurrency 5 → none",
        ),
        ("delete_alias", json!({ "FunctionName": name, "Name": "live" }), "alias `live`"),
        ("delete_function", json!({ "FunctionName": name }), "+ create  shop-dev-counter"),
    ];
    for (operation, arguments, expected) in changes {
        assert_unchanged(&app, &aws);
        aws.call("lambda", operation, &arguments);
        let plan = aws.deploy(&app);
        assert!(plan.contains(expected), "{operation}: {plan}");
    }
    // A function that others own now is not touched.
    aws.call("lambda", "untag_resource", &json!({ "Resource": arn, "TagKeys": ["bedrock:owner"] }));
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert!(refused.stderr.contains("was not created by `cargo bedrock deploy`"), "{refused:?}");
}

#[test]
fn other_changes_by_hand_are_found_with_refresh() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app();
    aws.deploy(&app);
    let function = json!({ "FunctionName": "shop-dev-counter", "Qualifier": "live" });
    let role = json!({ "RoleName": "shop-dev-counter-us-east-1", "PolicyName": "own" });
    let log = json!({ "logGroupName": "/aws/lambda/shop-dev-counter", "retentionInDays": 7 });
    let statement = json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live", "StatementId": "bedrock-url" });
    let mappings = aws.call("lambda", "list_event_source_mappings", &json!({}));
    let mapping = json!({ "UUID": mappings["EventSourceMappings"][0]["UUID"] });
    let changes = [
        ("iam", "delete_role_policy", role, "shop-dev-counter (permissions)"),
        ("logs", "put_retention_policy", log, "log retention 7 → 30"),
        ("lambda", "delete_function_event_invoke_config", function, "retries 2 → 0"),
        ("lambda", "remove_permission", statement, "shop-dev-endpoint (URL access"),
        ("lambda", "delete_event_source_mapping", mapping, "queue shop-dev-jobs"),
    ];
    for (service, operation, arguments, expected) in changes {
        assert_unchanged(&app, &aws);
        aws.call(service, operation, &arguments);
        assert_unchanged(&app, &aws);
        let status = aws.run(&app, &["status", "--stage", "dev"]).success();
        assert!(status.contains("differs ("), "{operation}: {status}");
        let plan = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--refresh"]).success();
        assert!(plan.contains(expected), "{operation}: {plan}");
    }
}

#[test]
fn record_is_used_for_one_day() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app();
    aws.deploy(&app);
    aws.call("iam", "delete_role_policy", &json!({ "RoleName": "shop-dev-counter-us-east-1", "PolicyName": "own" }));
    assert_unchanged(&app, &aws);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_record = request.operation.starts_with("GET ") && request.operation.contains(RECORD);
        // The clock of S3 is some years ahead.
        if is_record {
            ProxyAction::ReplaceHeader("date", "Wed, 01 Jan 2098 00:00:00 GMT")
        } else {
            ProxyAction::Forward
        }
    });
    let plan = deploy(&app, &aws, &proxy, &[]).success();
    assert!(plan.contains("shop-dev-counter (permissions)"), "{plan}");
}

#[test]
fn record_that_cannot_be_read_is_not_needed() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app();
    for record in [json!(""), json!({}), json!([]), json!({ "format": 1 }), json!({ "format": 1_000_000 })] {
        aws.deploy(&app);
        let mut lock = contents(&aws, RECORD);
        lock["record"] = record.clone();
        put_lock(&aws, &lock);
        assert_eq!(aws.deploy(&app), "5 unchanged\n", "{record}");
        assert_unchanged(&app, &aws);
    }
}

#[test]
fn stopped_deploy_leaves_no_record() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    aws.deploy(&app);
    assert!(has_record(&aws));
    // Only a permission and a trigger change, which the two requests per function do not show.
    app.set("/workers/counter/triggers/1/batch_size", json!(1));
    app.set("/workers/reporter/log_retention", json!(7));
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| match request.operation.as_str() {
        operation if operation.starts_with("PUT ") && operation.contains("/event-source-mappings/") => {
            ProxyAction::Respond(400, "InvalidParameterValueException")
        }
        _ => ProxyAction::Forward,
    });
    assert_eq!(deploy(&app, &aws, &proxy, &[]).code, Some(1));
    assert!(!has_record(&aws));
    app.set("/workers/counter/triggers/1/batch_size", json!(10));
    app.set("/workers/reporter/log_retention", json!(30));
    assert!(aws.deploy(&app).contains("log retention 7 → 30"));
    assert_unchanged(&app, &aws);
    // A deploy of some functions deletes it too, and destroy.
    app.set("/workers/reporter/log_retention", json!(7));
    aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--only", "reporter"]).success();
    assert!(!has_record(&aws));
    app.set("/workers/reporter/log_retention", json!(30));
    assert!(aws.deploy(&app).contains("log retention 7 → 30"));
    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert!(!has_record(&aws));
    assert!(aws.deploy(&app).ends_with("5 to create\n"));
}

#[test]
fn deploy_without_the_bucket_marks_the_record_as_wrong() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    aws.deploy(&app);
    let denied = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_bucket = request.operation.contains(BUCKET);
        if is_bucket { ProxyAction::Respond(403, "AccessDenied") } else { ProxyAction::Forward }
    });
    app.set("/workers/reporter/log_retention", json!(7));
    deploy(&app, &aws, &denied, &[]).success();
    assert!(has_record(&aws));
    app.set("/workers/reporter/log_retention", json!(30));
    assert!(aws.deploy(&app).contains("log retention 7 → 30"));
    let tags = aws.call("lambda", "get_function", &json!({ "FunctionName": "shop-dev-reporter" }));
    assert_eq!(tags["Tags"].get("bedrock:unrecorded"), None, "{tags}");
    assert_unchanged(&app, &aws);
}

/// Refuses everything of the lock and of the record in it.
fn without_the_record(aws: &EmulatedAws) -> Proxy {
    Proxy::start(aws.emulator.endpoint(), |request| {
        let is_record = request.operation.contains(RECORD);
        if is_record { ProxyAction::Respond(403, "AccessDenied") } else { ProxyAction::Forward }
    })
}

fn is_marked(aws: &EmulatedAws, function: &str) -> bool {
    aws.call("lambda", "get_function", &json!({ "FunctionName": function }))["Tags"].get("bedrock:unrecorded").is_some()
}

#[test]
fn record_that_cannot_be_written_is_not_trusted_again() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    aws.deploy(&app);
    let denied = without_the_record(&aws);
    app.set("/workers/reporter/log_retention", json!(7));
    deploy(&app, &aws, &denied, &[]).success();
    // It changes nothing, and has no lock that it could leave with a record.
    let unchanged = deploy(&app, &aws, &denied, &[]);
    assert!(unchanged.stderr.contains("warning: another deploy of stage"), "{unchanged:?}");
    assert!(unchanged.success().ends_with("5 unchanged\n"));
    app.set("/workers/reporter/log_retention", json!(30));
    assert!(aws.deploy(&app).contains("log retention 7 → 30"));
    assert_unchanged(&app, &aws);
}

#[test]
fn function_created_without_the_record_is_found() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    aws.deploy(&app);
    app.add("extra");
    deploy(&app, &aws, &without_the_record(&aws), &["--only", "extra"]).success();
    for function in ["shop-dev-counter", "shop-dev-reporter", "shop-dev-endpoint", "shop-dev-extra"] {
        assert!(is_marked(&aws, function), "{function}");
    }
    app.remove("extra");
    assert!(aws.deploy(&app).contains("- delete  shop-dev-extra"));
    assert!(!is_marked(&aws, "shop-dev-endpoint"));
    assert_unchanged(&app, &aws);
}

#[test]
fn deploy_that_cannot_mark_the_record_is_refused() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    aws.deploy(&app);
    let denied = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_tag = request.operation.starts_with("POST ") && request.operation.contains("/tags/");
        let is_denied = is_tag || request.operation.contains(RECORD);
        if is_denied { ProxyAction::Respond(403, "AccessDenied") } else { ProxyAction::Forward }
    });
    app.set("/workers/reporter/log_retention", json!(7));
    let refused = deploy(&app, &aws, &denied, &[]);
    let help = format!("allow `s3:GetObject`, `s3:PutObject` and `s3:DeleteObject` on `{BUCKET}/{RECORD}`");
    assert!(refused.code == Some(1) && refused.stderr.contains(&help), "{refused:?}");
    app.set("/workers/reporter/log_retention", json!(30));
    assert_unchanged(&app, &aws);
}

#[test]
fn lock_is_released_if_the_record_cannot_be_written() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    let puts = Mutex::new(0);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        let is_put = request.operation.starts_with("PUT ") && request.operation.contains(RECORD);
        *puts.lock().expect("lock") += usize::from(is_put);
        // The first one finds no bucket, the second one takes the lock.
        if is_put && *puts.lock().expect("lock") > 2 {
            ProxyAction::Respond(400, "InvalidRequest")
        } else {
            ProxyAction::Forward
        }
    });
    let deployed = deploy(&app, &aws, &proxy, &[]);
    assert!(deployed.stderr.contains("warning: the deployment is not recorded"), "{deployed:?}");
    assert!(!has_record(&aws));
    app.set("/workers/reporter/log_retention", json!(7));
    assert!(aws.deploy(&app).contains("log retention 30 → 7"));
    assert!(has_record(&aws));
}

/// An earlier version of this program knows no record. It takes the lock, replaces or deletes the object when it does, and
/// deletes it at the end.
#[test]
fn changes_of_a_program_without_records_are_found() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app();
    aws.deploy(&app);
    let of_deploy = contents(&aws, RECORD);
    let name = "shop-dev-counter";
    let alias = aws.live_version(name);
    let role = json!({ "RoleName": "shop-dev-counter-us-east-1", "PolicyName": "own" });
    let statement = json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live", "StatementId": "bedrock-url" });
    let changes = [
        ("iam", "delete_role_policy", role, "shop-dev-counter (permissions)"),
        ("lambda", "remove_permission", statement, "shop-dev-endpoint (URL access"),
    ];
    for (service, operation, arguments, expected) in changes {
        assert_unchanged(&app, &aws);
        put_lock(&aws, &foreign_lock());
        aws.call(service, operation, &arguments);
        // Killed: everything is read, and the lock is in the way.
        let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
        assert!(
            refused.code == Some(1) && refused.stderr.contains("is being changed by another process"),
            "{refused:?}"
        );
        aws.call("s3", "delete_object", &json!({ "Bucket": BUCKET, "Key": RECORD }));
        let plan = aws.deploy(&app);
        assert!(plan.contains(expected), "{operation}: {plan}");
    }
    assert_eq!(aws.live_version(name), alias);
    // What such a program sees of a record is a lock whose process has ended.
    let process = of_deploy["process"].as_u64().expect("a process");
    assert!(!std::path::Path::new("/proc").join(process.to_string()).exists() && of_deploy["machine"].is_string());
}

#[test]
fn version_of_a_program_without_records_is_found() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app();
    aws.deploy(&app);
    let name = "shop-dev-counter";
    let live = aws.call("lambda", "get_function", &json!({ "FunctionName": name, "Qualifier": "live" }));
    let description = &live["Configuration"]["Description"];
    // It has deployed something else, and then the same code and settings with another role.
    aws.call("iam", "delete_role_policy", &json!({ "RoleName": "shop-dev-counter-us-east-1", "PolicyName": "own" }));
    let mut version = Value::Null;
    for memory in [512, 256] {
        let settings = json!({ "FunctionName": name, "MemorySize": memory });
        aws.call("lambda", "update_function_configuration", &settings);
        version = aws.call("lambda", "publish_version", &json!({ "FunctionName": name, "Description": description }));
    }
    let alias = json!({ "FunctionName": name, "Name": "live", "FunctionVersion": version["Version"] });
    aws.call("lambda", "update_alias", &alias);
    assert!(aws.deploy(&app).contains("shop-dev-counter (permissions)"));
    assert_unchanged(&app, &aws);
}

#[test]
fn function_recreated_without_the_record_is_not_trusted() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    aws.deploy(&app);
    for function in ["shop-dev-counter", "shop-dev-reporter", "shop-dev-endpoint"] {
        aws.call("lambda", "delete_function", &json!({ "FunctionName": function }));
    }
    app.set("/workers/reporter/log_retention", json!(7));
    deploy(&app, &aws, &without_the_record(&aws), &[]).success();
    app.set("/workers/reporter/log_retention", json!(30));
    assert!(has_record(&aws) && is_marked(&aws, "shop-dev-reporter"));
    assert!(aws.deploy(&app).contains("log retention 7 → 30"));
    assert_unchanged(&app, &aws);
}
