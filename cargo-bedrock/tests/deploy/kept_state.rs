//! What others have set on resources of a stage, and what AWS has not finished yet, does not make a deploy fail.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{TestApp, WORKER};

fn queue(max_receives: u32) -> Value {
    json!({
        "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": max_receives,
        "visibility_timeout": 180
    })
}

fn app_with(triggers: Value) -> TestApp {
    TestApp::new(&["counter"]).with("/version", json!(2)).with("/workers/counter/triggers", triggers)
}

#[test]
fn alias_moves_after_the_version_is_active() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    aws.deploy(&app);
    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    let operations = Arc::new(Mutex::new(Vec::<String>::new()));
    let log = Arc::clone(&operations);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        let mut log = log.lock().expect("lock");
        log.push(request.operation.clone());
        let polls = log.iter().filter(|operation| operation.ends_with("?Qualifier=2")).count();
        let is_pending = request.operation.ends_with("?Qualifier=2") && polls < 3;
        if is_pending {
            ProxyAction::ReplaceInResponse("/Configuration/State", json!("Pending"))
        } else {
            ProxyAction::Forward
        }
    });
    deploy(&app, &aws, &proxy, &[]).success();
    let operations = operations.lock().expect("lock");
    let position = |end: &str| operations.iter().rposition(|each| each.ends_with(end)).expect(end);
    assert_eq!(operations.iter().filter(|each| each.ends_with("?Qualifier=2")).count(), 3);
    assert!(position("?Qualifier=2") < position("/aliases/live"), "{operations:?}");
}

#[test]
fn weights_of_the_alias_are_removed() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    aws.deploy(&app);
    app.set("/workers/counter/memory", json!(512));
    aws.deploy(&app);
    let weights = json!({
        "FunctionName": "shop-dev-counter", "Name": "live",
        "RoutingConfig": { "AdditionalVersionWeights": { "1": 0.5 } }
    });
    aws.call("lambda", "update_alias", &weights);
    app.set("/workers/counter/memory", json!(256));
    aws.deploy(&app);
    let alias = aws.call("lambda", "get_alias", &json!({ "FunctionName": "shop-dev-counter", "Name": "live" }));
    let weights = &alias["RoutingConfig"]["AdditionalVersionWeights"];
    assert!(weights.as_object().is_none_or(serde_json::Map::is_empty), "{alias}");
}

#[test]
fn destinations_of_others_are_not_validated_again() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let created = aws.call("sqs", "create_queue", &json!({ "QueueName": "seen" }));
    assert!(created["QueueUrl"].is_string());
    aws.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    let bucket = json!({ "bucket": "arn:aws:s3:::theirs", "prefix": "", "suffix": "", "events": ["created"] });
    let app = app_with(json!([bucket]));
    let skipping = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&skipping);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        if request.is_mutation && request.operation.contains("/theirs") && request.operation.contains("?notification") {
            log.lock().expect("lock").push(request.has_header("x-amz-skip-destination-validation"));
        }
        ProxyAction::Forward
    });
    deploy(&app, &aws, &proxy, &[]).success();
    let other = json!([{ "Id": "others", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:seen", "Events": ["s3:ObjectRemoved:*"] }]);
    let mut configuration = aws.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": "theirs" }));
    configuration["QueueConfigurations"] = other;
    let configuration = json!({
        "QueueConfigurations": configuration["QueueConfigurations"],
        "LambdaFunctionConfigurations": configuration["LambdaFunctionConfigurations"]
    });
    let arguments = json!({ "Bucket": "theirs", "NotificationConfiguration": configuration });
    aws.call("s3", "put_bucket_notification_configuration", &arguments);
    let app = app.with("/workers/counter/triggers/0/prefix", json!("in/"));
    deploy(&app, &aws, &proxy, &[]).success();
    assert_eq!(*skipping.lock().expect("lock"), [false, true]);
}

#[test]
fn schedule_group_that_is_being_deleted_is_awaited() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with(json!([{ "schedule": "rate(5 minutes)", "timezone": "UTC", "event": null }]));
    // AWS still deletes the group of an earlier stage, and refuses to create another one until it has done so.
    let refused = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&refused);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        let is_group = request.operation.contains("/schedule-groups/shop-dev");
        if is_group && count.load(Ordering::SeqCst) < 3 {
            if request.is_mutation {
                count.fetch_add(1, Ordering::SeqCst);
                return ProxyAction::Respond(409, "ConflictException");
            }
            return ProxyAction::Respond(404, "ResourceNotFoundException");
        }
        ProxyAction::Forward
    });
    deploy(&app, &aws, &proxy, &[]).success();
    assert_eq!(refused.load(Ordering::SeqCst), 3);
    let schedule = json!({ "GroupName": "shop-dev", "Name": "counter-1" });
    assert_eq!(aws.call("scheduler", "get_schedule", &schedule)["ScheduleExpression"], "rate(5 minutes)");
}

#[test]
fn moment_that_has_passed_is_not_scheduled() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_creation = request.operation.starts_with("POST /schedules/");
        if is_creation { ProxyAction::Respond(400, "ValidationException") } else { ProxyAction::Forward }
    });
    let once = |moment: &str| app_with(json!([{ "schedule": moment, "timezone": "UTC", "event": null }]));
    let refused = deploy(&once("at(2099-01-01T00:00:00)"), &aws, &proxy, &[]);
    assert!(refused.stderr.contains("error: failed to create schedule"), "{refused:?}");
    let passed = deploy(&once("at(2020-01-01T00:00:00)"), &aws, &proxy, &[]);
    assert_eq!(passed.code, Some(0), "{passed:?}");
    let warning =
        "warning: schedule `counter-1` of worker `counter` is not created: `at(2020-01-01T00:00:00)` in UTC has passed";
    assert!(passed.stderr.contains(warning), "{}", passed.stderr);
}

#[test]
fn dead_letter_queue_that_users_changed_is_not_created_again() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with(json!([queue(3)]));
    aws.deploy(&app);
    let url = aws.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs-dead" }))["QueueUrl"].clone();
    let attributes = json!({ "QueueUrl": url, "Attributes": { "MessageRetentionPeriod": "3600" } });
    aws.call("sqs", "set_queue_attributes", &attributes);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| match request.operation.as_str() {
        "CreateQueue" => ProxyAction::Respond(400, "QueueAlreadyExists"),
        _ => ProxyAction::Forward,
    });
    let app = app.with("/workers/counter/triggers", json!([queue(5)]));
    deploy(&app, &aws, &proxy, &[]).success();
    let kept = aws.call("sqs", "get_queue_attributes", &json!({ "QueueUrl": url, "AttributeNames": ["All"] }));
    assert_eq!(kept["Attributes"]["MessageRetentionPeriod"], "3600");
}

#[test]
fn variables_that_cannot_be_read_are_not_emptied_by_a_rollback() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]).with("/workers/counter/environment", json!({ "MODE": "1" }));
    aws.deploy(&app);
    // A version of an earlier deploy, to which a rollback restores the function itself.
    let publish = json!({ "FunctionName": "shop-dev-counter", "Description": "deploy 100" });
    let change = json!({ "FunctionName": "shop-dev-counter", "Description": "changed" });
    aws.call("lambda", "update_function_configuration", &change);
    let version = aws.call("lambda", "publish_version", &publish)["Version"].clone();
    let alias = json!({ "FunctionName": "shop-dev-counter", "Name": "live", "FunctionVersion": version });
    aws.call("lambda", "update_alias", &alias);
    let app = app.with("/workers/counter/environment", json!({ "MODE": "2" }));
    aws.deploy(&app);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_version = request.operation.ends_with("/shop-dev-counter?Qualifier=2");
        let error = json!({ "Error": { "ErrorCode": "AccessDeniedException", "Message": "kms:Decrypt" } });
        if is_version {
            ProxyAction::ReplaceInResponse("/Configuration/Environment", error)
        } else {
            ProxyAction::Forward
        }
    });
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let rollback = app.command(&["rollback", "--stage", "dev", "--yes"], &environment).output().expect("it starts");
    let stderr = String::from_utf8_lossy(&rollback.stderr).into_owned();
    assert_eq!(rollback.status.code(), Some(1), "{stderr}");
    let cause = "caused by: AWS could not read the environment variables of version 2\n  caused by: AccessDeniedException: kms:Decrypt";
    assert!(stderr.contains(cause), "{stderr}");
    let settings = aws.call("lambda", "get_function_configuration", &json!({ "FunctionName": "shop-dev-counter" }));
    assert_eq!(settings["Environment"]["Variables"]["MODE"], "2");
}

#[test]
fn existing_queue_with_a_short_visibility_timeout_is_refused() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let url = aws.create_queue("theirs");
    let mut theirs = queue(5);
    theirs["queue"] = json!("arn:aws:sqs:us-east-1:123456789012:theirs");
    let app = app_with(json!([theirs])).with("/workers/counter/timeout", json!(60));
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(refused.code, Some(1));
    let message =
        "queue `theirs` has a visibility timeout of 30 s, and worker `counter` may run for 60 s, nothing was changed";
    assert!(refused.stderr.contains(message), "{}", refused.stderr);
    assert_eq!(aws.list_resources("shop-"), Vec::<String>::new());
    let raised = json!({ "QueueUrl": url, "Attributes": { "VisibilityTimeout": "360" } });
    aws.call("sqs", "set_queue_attributes", &raised);
    aws.deploy(&app);
    assert!(aws.deploy(&app).contains("unchanged"));
}
