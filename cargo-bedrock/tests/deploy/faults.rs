//! Throttling, conflicts, server errors and broken connections.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction, Request};
use crate::test_app::{CommandOutput, TestApp, WORKER};

pub(crate) fn deploy(app: &TestApp, aws: &EmulatedAws, proxy: &Proxy, more: &[&str]) -> CommandOutput {
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let args = [&["deploy", "--stage", "dev", "--yes"], more].concat();
    app.command(&args, &environment).output().expect("the command starts").into()
}

/// A proxy that applies `decide` to the first request of each operation, and forwards repeated requests.
pub(crate) fn fail_once(
    aws: &EmulatedAws,
    decide: impl Fn(&Request) -> Option<ProxyAction> + Send + Sync + 'static,
) -> Proxy {
    let seen = Mutex::new(BTreeSet::new());
    Proxy::start(aws.emulator.endpoint(), move |request| {
        let is_new = seen.lock().expect("lock").insert(request.operation.clone());
        decide(request).filter(|_| is_new).unwrap_or(ProxyAction::Forward)
    })
}

#[test]
fn throttled_and_conflicting_requests_are_retried() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "reporter"]);
    let is_lambda = |request: &Request| request.operation.contains("/functions/");
    let proxy = fail_once(&aws, move |request| {
        let code = if is_lambda(request) { "TooManyRequestsException" } else { "ThrottlingException" };
        Some(ProxyAction::Respond(429, code))
    });
    let created = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    app.set("/workers/counter/memory", json!(512));
    let proxy = fail_once(&aws, move |request| {
        let is_update = request.operation.starts_with("PUT ") && is_lambda(request);
        is_update.then_some(ProxyAction::Respond(409, "ResourceConflictException"))
    });
    let updated = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(updated.code, Some(0), "{}", updated.stderr);
    assert_eq!(aws.deploy(&app), "2 unchanged\n");
}

#[test]
fn idempotent_requests_are_retried_after_failures() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    let is_read = |request: &Request| !request.is_mutation;
    for action in
        [ProxyAction::Respond(500, "ServiceException"), ProxyAction::Disconnect, ProxyAction::ForwardAndDisconnect]
    {
        let proxy = fail_once(&aws, move |request| is_read(request).then_some(action.clone()));
        let dry_run = deploy(&app, &aws, &proxy, &["--dry-run"]);
        assert_eq!(dry_run.code, Some(0), "{}", dry_run.stderr);
    }
    aws.deploy(&app);
    let changed = app.with("/workers/counter/memory", json!(512));
    let proxy =
        fail_once(&aws, |request| request.operation.starts_with("PUT ").then_some(ProxyAction::ForwardAndDisconnect));
    assert_eq!(deploy(&changed, &aws, &proxy, &[]).code, Some(0));
    assert_eq!(aws.live_version("shop-dev-counter"), "2");
}

#[test]
fn creation_without_response_is_not_repeated() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "reporter"]);
    app.layer("counter", "ranks", "NAME = 'ranks'\n");
    let is_layer =
        |request: &Request| request.operation.contains("/layers/shop-dev-counter/versions") && request.is_mutation;
    let published = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&published);
    let proxy = fail_once(&aws, move |request| {
        count.fetch_add(usize::from(is_layer(request)), Ordering::SeqCst);
        is_layer(request).then_some(ProxyAction::ForwardAndDisconnect)
    });
    let failed = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    for text in [
        "done: created `shop-dev-reporter`",
        "error: failed to publish the layer of function `shop-dev-counter`\n  caused by: no response",
        "error: 1 of 2 functions are up to date, remaining: `shop-dev-counter`\nhelp: run the same command again to continue",
    ] {
        assert!(failed.stderr.contains(text), "{text} in {}", failed.stderr);
    }
    assert_eq!(aws.deploy(&app), "+ create  shop-dev-counter\n\n1 to create, 1 unchanged\n");
    let versions = aws.call("lambda", "list_layer_versions", &json!({ "LayerName": "shop-dev-counter" }));
    assert_eq!((versions["LayerVersions"].as_array().map(Vec::len), published.load(Ordering::SeqCst)), (Some(1), 1));
}

#[test]
fn rejected_function_does_not_stop_the_others() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter", "reporter"]);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_publish = request.is_mutation && request.operation.ends_with("/shop-dev-counter/versions");
        if is_publish { ProxyAction::Respond(403, "AccessDeniedException") } else { ProxyAction::Forward }
    });
    let failed = deploy(&app, &aws, &proxy, &["--message-format", "json"]);
    assert_eq!(failed.code, Some(1));
    let events = failed.events();
    let events_named = |name: &str| events.iter().filter(|event| event["event"] == name).collect::<Vec<_>>();
    assert_eq!(events_named("error")[0]["function"], "shop-dev-counter");
    assert_eq!(
        events_named("error")[0]["causes"],
        json!(["lambda:PublishVersion: AccessDeniedException: by the proxy"])
    );
    assert_eq!(events_named("function-finished")[0]["function"], "shop-dev-reporter");
    assert_eq!(events_named("finished")[0]["success"], false);
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-counter (alias `live`)\n\n1 to update, 1 unchanged\n");
}

#[test]
fn pending_function_is_awaited() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    let operations = Arc::new(Mutex::new(Vec::<String>::new()));
    let log = Arc::clone(&operations);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        let mut log = log.lock().expect("lock");
        log.push(request.operation.clone());
        let creation = log.iter().position(|operation| operation == "POST /2015-03-31/functions");
        let polls =
            creation.map_or(0, |start| log[start..].iter().filter(|operation| operation.starts_with("GET ")).count());
        match polls {
            1 | 2 if !request.is_mutation => ProxyAction::ReplaceInResponse("/Configuration/State", json!("Pending")),
            3 | 4 if !request.is_mutation => {
                ProxyAction::ReplaceInResponse("/Configuration/LastUpdateStatus", json!("InProgress"))
            }
            _ => ProxyAction::Forward,
        }
    });
    let created = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    let operations = operations.lock().expect("lock");
    let position =
        |path: &str| operations.iter().position(|each| each.starts_with("POST ") && each.ends_with(path)).expect(path);
    let between = &operations[position("/functions")..position("/versions")];
    assert_eq!(between.iter().filter(|operation| operation.starts_with("GET ")).count(), 5);
}

#[test]
fn function_that_fails_to_start_is_an_error() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_poll =
            request.operation.starts_with("GET ") && request.operation.ends_with("/functions/shop-dev-counter");
        if is_poll {
            ProxyAction::ReplaceInResponse("/Configuration/State", json!("Failed"))
        } else {
            ProxyAction::Forward
        }
    });
    let failed = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(failed.code, Some(1));
    let message =
        "error: failed to create function `shop-dev-counter`\n  caused by: AWS failed to prepare the function: ";
    assert!(failed.stderr.contains(message), "{}", failed.stderr);
}

#[test]
fn functions_are_changed_concurrently() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let workers = ["a1", "a2", "a3", "a4", "a5", "a6"];
    let app = TestApp::new(&workers);
    // No request is answered before four have arrived, so that the test ends only if four are sent concurrently.
    let waiting = Arc::new(Mutex::new(0));
    let changed = Arc::new(std::sync::Condvar::new());
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        if request.operation == "CreateLogGroup" {
            let mut count = waiting.lock().expect("lock");
            *count += 1;
            changed.notify_all();
            while *count < 4 {
                count = changed.wait(count).expect("lock");
            }
            assert!(request.in_flight <= 32);
        }
        ProxyAction::Forward
    });
    let created = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
}

#[test]
fn missing_credentials_region_and_connection_are_errors() {
    let app = TestApp::new(&["counter"]);
    let run = |environment: &[(&str, &str)]| -> CommandOutput {
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        app.command(&["deploy", "--stage", "dev"], &environment).output().expect("the command starts").into()
    };
    let keys = [("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_REGION", "eu-west-1")];
    let without_credentials = run(&[("AWS_REGION", "eu-west-1")]);
    assert_eq!(without_credentials.code, Some(2));
    for text in [
        "error: failed to get the caller identity from AWS in eu-west-1\n  caused by: there are no AWS credentials\n",
        "help: log in with `aws login`, `aws sso login` or `aws configure`, or choose a profile with `--profile NAME`\n",
    ] {
        assert!(without_credentials.stderr.contains(text), "{text} in {}", without_credentials.stderr);
    }
    let without_region = run(&keys[..2]);
    assert_eq!(without_region.code, Some(2));
    assert!(without_region.stderr.starts_with("error: no AWS region is set\nhelp: pass one with `--region eu-west-1`"));
    let unreachable = run(&[&keys[..], &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")]].concat());
    assert_eq!(unreachable.code, Some(2));
    assert!(unreachable.stderr.contains("caused by: failed to connect: "), "{}", unreachable.stderr);
}

#[test]
fn requests_use_the_proxy_of_the_environment() {
    let operations = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&operations);
    let proxy = Proxy::start("http://127.0.0.1:9", move |request| {
        log.lock().expect("lock").push(request.operation.clone());
        ProxyAction::Respond(403, "AccessDenied")
    });
    let environment = [
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "y"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://aws.example"),
        ("HTTP_PROXY", &proxy.endpoint),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let output = TestApp::new(&["counter"]).command(&["deploy", "--stage", "dev"], &environment).output();
    let output = CommandOutput::from(output.expect("the command starts"));
    assert!(
        output.stderr.contains("caused by: sts:GetCallerIdentity: AccessDenied: by the proxy"),
        "{}",
        output.stderr
    );
    assert_eq!(*operations.lock().expect("lock"), ["POST http://aws.example/"]);
}

#[test]
fn expired_credentials_are_an_error_with_help() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let proxy = Proxy::start(aws.emulator.endpoint(), |_| ProxyAction::Respond(403, "ExpiredToken"));
    let app = TestApp::new(&["counter"]);
    let expired = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(expired.code, Some(2));
    assert!(
        expired.stderr.contains("help: `aws sts get-caller-identity` shows the identity that AWS sees"),
        "{}",
        expired.stderr
    );
}
