//! Rules of AWS that the emulator does not enforce: owners of buckets, conflicts, missing permissions and operations.

use std::sync::{Arc, Mutex};

use serde_json::json;

use testbed::{AwsRule, AwsRules};

use crate::converge::{action_of, queue};
use crate::emulated_aws::EmulatedAws;
use crate::faults::{deploy, fail_once};
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{TestApp, WORKER};

const BUCKET: &str = "shop-dev-uploads-123456789012-us-east-1";

/// An app with a worker that two buckets notify.
fn app_with_buckets() -> TestApp {
    let mut app = TestApp::new(&["counter"]);
    app.set("/version", json!(2));
    let bucket = |name: &str| json!({ "bucket": name, "prefix": "my files/", "suffix": "", "events": ["created"] });
    app.set("/workers/counter/triggers", json!([bucket("uploads"), bucket("pictures")]));
    app
}

#[test]
fn s3_requests_name_the_owner_of_the_bucket() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with_buckets();
    let without_owner = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&without_owner);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        let is_bucket =
            request.operation.contains("-123456789012-us-east-1") && !request.operation.contains("/functions");
        if is_bucket && !request.has_header("x-amz-expected-bucket-owner") {
            log.lock().expect("lock").push(request.operation.clone());
        }
        ProxyAction::Forward
    });
    deploy(&app, &aws, &proxy, &[]).success();
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let destroyed = app.command(&["destroy", "--stage", "dev", "--yes"], &environment).output().expect("it starts");
    assert!(destroyed.status.success(), "{destroyed:?}");
    // A bucket that does not exist has no owner.
    let without_owner = without_owner.lock().expect("lock");
    let is_creation = |operation: &&String| {
        operation.starts_with("PUT ") && (!operation.contains('?') || operation.contains("x-id=CreateBucket"))
    };
    let others: Vec<_> = without_owner.iter().filter(|operation| !is_creation(operation)).collect();
    assert_eq!((others, without_owner.len()), (Vec::new(), 3));
}

#[test]
fn concurrent_update_is_not_an_existing_statement() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let proxy = fail_once(&aws, |request| {
        let is_statement = request.is_mutation && request.operation.contains("/functions/shop-dev-counter/policy?");
        is_statement.then_some(ProxyAction::Respond(409, "ResourceConflictException"))
    });
    deploy(&app_with_buckets(), &aws, &proxy, &[]).success();
    let policy = aws.call("lambda", "get_policy", &json!({ "FunctionName": "shop-dev-counter", "Qualifier": "live" }));
    let statements = policy["Policy"].as_str().unwrap_or_default().matches("bedrock-bucket-").count();
    assert_eq!(statements, 2, "{policy}");
}

#[test]
fn notification_added_by_hand_is_kept() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with_buckets();
    aws.deploy(&app);
    let read = || aws.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": BUCKET }));
    let mut all = read()["LambdaFunctionConfigurations"].as_array().cloned().expect("notifications");
    assert_eq!(all.len(), 1);
    // S3 compares prefixes with encoded keys.
    assert_eq!(all[0]["Filter"]["Key"]["FilterRules"][0]["Value"], "my+files/");
    let mut added = all[0].clone();
    added["Id"] = json!("by-hand");
    added["Filter"]["Key"]["FilterRules"][0]["Value"] = json!("other/");
    all.push(added);
    let configuration = json!({ "LambdaFunctionConfigurations": all });
    let arguments = json!({ "Bucket": BUCKET, "NotificationConfiguration": configuration });
    aws.call("s3", "put_bucket_notification_configuration", &arguments);
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
    let app = app.with("/workers/counter/triggers/0/prefix", json!("new/"));
    aws.deploy(&app);
    let after = read().to_string();
    assert!(after.contains("by-hand") && after.contains("other/") && after.contains("new/"), "{after}");
}

#[test]
fn permission_to_list_policies_is_not_needed() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let names: Vec<String> = (1..=60).map(|number| format!("a_worker_with_a_rather_long_name_{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let app = TestApp::new(&["counter"]).with_endpoint(&["counter"]);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| match request.operation.as_str() {
        "ListPolicies" => ProxyAction::Respond(403, "AccessDenied"),
        _ => ProxyAction::Forward,
    });
    deploy(&app, &aws, &proxy, &[]).success();
    let large = TestApp::new(&names).with_endpoint(&names);
    deploy(&large, &aws, &proxy, &[]).success();
    let plan = deploy(&large, &aws, &proxy, &[]).success();
    assert!(plan.ends_with("\n\n61 unchanged\n") || plan.contains("61 unchanged"), "{plan}");
    let small = large.with("/endpoint/invokes", json!([names[0]]));
    deploy(&small, &aws, &proxy, &[]).success();
    let policies = aws.call("iam", "list_policies", &json!({ "Scope": "Local" }));
    assert_eq!(policies["Policies"], json!([]));
}

#[test]
fn recursion_config_may_be_unavailable() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    aws.deploy(&app);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_unavailable = request.operation.ends_with("/recursion-config");
        if is_unavailable { ProxyAction::Respond(404, "UnknownOperationException") } else { ProxyAction::Forward }
    });
    let plan = deploy(&app, &aws, &proxy, &[]).success();
    assert!(plan.ends_with("1 unchanged\n"), "{plan}");
}

#[test]
fn queue_that_was_deleted_is_not_unmanaged() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    app.set("/version", json!(2));
    let queue = json!({
        "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
        "visibility_timeout": 180
    });
    app.set("/workers/counter/triggers", json!([queue]));
    aws.call("sqs", "create_queue", &json!({ "QueueName": "shop-dev-jobs" }));
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| match request.operation.as_str() {
        "ListQueueTags" => ProxyAction::Respond(400, "AWS.SimpleQueueService.NonExistentQueue"),
        _ => ProxyAction::Forward,
    });
    let plan = deploy(&app, &aws, &proxy, &["--dry-run"]).success();
    assert!(plan.contains("+ create  queue shop-dev-jobs\n"), "{plan}");
}

#[test]
fn mapping_that_is_put_back_waits_for_the_deletion() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    app.set("/version", json!(2));
    let rules = Arc::new(AwsRules::new(&[AwsRule::MappingDeletedLate]).with_seconds_per_refusal(20));
    let shared = Arc::clone(&rules);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| action_of(&shared, request));
    for triggers in [json!([queue("jobs")]), json!([]), json!([queue("jobs")])] {
        app.set("/workers/counter/triggers", triggers);
        deploy(&app, &aws, &proxy, &[]).success();
    }
    assert!(rules.applied().get(&AwsRule::MappingDeletedLate).is_some_and(|count| *count > 0));
    let mappings = aws.call("lambda", "list_event_source_mappings", &json!({}));
    assert_eq!(mappings["EventSourceMappings"].as_array().map(Vec::len), Some(1), "{mappings}");
}

/// Lambda in China has no tags of mappings ("Feature availability"), so a request with tags would be refused.
#[test]
fn mappings_have_tags_except_in_china() {
    for (partition, has_tags) in [("aws", true), ("aws-cn", false)] {
        let Some(aws) = EmulatedAws::start(false) else { return };
        let mut app = TestApp::new(&["counter"]);
        app.set("/version", json!(2));
        let theirs = format!("arn:{partition}:sqs:us-east-1:123456789012:theirs");
        app.set("/workers/counter/triggers", json!([queue(&theirs)]));
        let creations = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&creations);
        let proxy = Proxy::start(aws.emulator.endpoint(), move |request| match request.operation.as_str() {
            "GetCallerIdentity" => {
                let arn = format!("arn:{partition}:iam::123456789012:user/ada");
                let identity = format!("<Arn>{arn}</Arn><UserId>ada</UserId><Account>123456789012</Account>");
                let result = format!("<GetCallerIdentityResult>{identity}</GetCallerIdentityResult>");
                let body = format!("<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>");
                ProxyAction::RespondWith(body.into_bytes())
            }
            operation if operation.starts_with("POST ") && operation.ends_with("/event-source-mappings") => {
                log.lock().expect("lock").push(String::from_utf8_lossy(request.bytes()).contains("\"Tags\""));
                ProxyAction::Respond(400, "InvalidParameterValueException")
            }
            _ => ProxyAction::Forward,
        });
        let refused = deploy(&app, &aws, &proxy, &[]);
        assert_eq!(*creations.lock().expect("lock"), [has_tags], "{partition}: {refused:?}");
    }
}

#[test]
fn version_with_an_alias_of_the_user_is_kept() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    aws.deploy(&app);
    let name = "shop-dev-counter";
    let alias = json!({ "FunctionName": name, "Name": "mine", "FunctionVersion": "1" });
    aws.call("lambda", "create_alias", &alias);
    for number in 0..10 {
        let change = json!({ "FunctionName": name, "Description": format!("change {number}") });
        aws.call("lambda", "update_function_configuration", &change);
        aws.call("lambda", "publish_version", &json!({ "FunctionName": name }));
    }
    for version in [2, 3] {
        app.code("counter", &WORKER.replace("\"version\": 1", &format!("\"version\": {version}")));
        let deployed = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
        assert_eq!(deployed.code, Some(0), "{}", deployed.stderr);
        let warning = "version 1 of function `shop-dev-counter` was kept: an alias points to it";
        assert!(version == 2 || deployed.stderr.contains(warning), "{}", deployed.stderr);
    }
}

#[test]
fn code_that_aws_did_not_receive_is_an_error() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_creation = request.operation == "POST /2015-03-31/functions";
        if is_creation { ProxyAction::ReplaceInResponse("/CodeSha256", json!("other")) } else { ProxyAction::Forward }
    });
    let failed = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(failed.stderr.contains("caused by: the SHA-256 digest is `other` instead of `"), "{}", failed.stderr);
}
