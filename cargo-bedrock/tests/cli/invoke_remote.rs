//! `cargo bedrock invoke --remote` with functions that an emulator of Lambda runs.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;
use testbed::{Function, pack};

use crate::stage::DeployedApp;
use crate::test_app::{MANIFEST, TestApp};

/// Greets, prints, and fails if the event has `fail`. (The emulator reports the same type for all errors of functions.)
const CODE: &str = "
def handler(event, context):
    print('handling the event')
    if 'fail' in event:
        raise KeyError(event['fail'])
    return {'message': 'hello ' + event.get('name', 'world')}
";

/// An app whose worker `fetcher` is deployed in the stage `dev`.
fn app_with_fetcher() -> Option<DeployedApp> {
    let app = DeployedApp::start()?;
    let code = app.test_app.path("../code");
    let zip = app.test_app.path("../code.zip");
    fs::create_dir(&code).expect("a folder");
    fs::write(code.join("main.py"), CODE).expect("a file");
    pack(&code, &zip);
    let function = Function::new("my_app-dev-fetcher", "python3.13", "main.handler", zip);
    app.aws.deploy(&[function]).map_err(|refusal| format!("{refusal:?}")).expect("deployed");
    let name = json!({ "FunctionName": "my_app-dev-fetcher" });
    app.aws.call("lambda", "publish_version", &name).expect("a version");
    let alias = json!({ "FunctionName": "my_app-dev-fetcher", "Name": "live", "FunctionVersion": "1" });
    app.aws.call("lambda", "create_alias", &alias).expect("an alias");
    Some(app)
}

#[test]
fn response_is_printed_for_every_payload_source() {
    let Some(app) = app_with_fetcher() else { return };
    let remote = ["invoke", "fetcher", "--remote", "--stage", "dev"];
    assert_snapshot!(app.run(&remote), @r#"
    exit code 0
    -- stdout
    {"message": "hello world"}
    "#);
    let payload = r#"{"name": "Ada"}"#;
    let greeting = "exit code 0\n-- stdout\n{\"message\": \"hello Ada\"}\n";
    assert_eq!(app.run(&[&remote[..], &["--payload", payload]].concat()), greeting);
    fs::write(app.test_app.path("event.json"), payload).expect("a file");
    assert_eq!(app.run(&[&remote[..], &["--payload", "@event.json"]].concat()), greeting);
}

#[test]
fn remote_failure_is_reported_like_a_local_one() {
    let Some(app) = app_with_fetcher() else { return };
    let remote = ["invoke", "fetcher", "--remote", "--stage", "dev", "--payload", r#"{"fail": "width"}"#];
    assert_snapshot!(app.run(&remote), @"
    exit code 1
    -- stderr
    error: worker `fetcher` failed
      caused by: Runtime.HandlerError: 'width'
    help: `--logs` shows its log
    ");
    let with_logs = app.run(&[&remote[..], &["--logs"]].concat());
    assert!(with_logs.contains("handling the event"), "{with_logs}");
    assert!(
        with_logs.ends_with("error: worker `fetcher` failed\n  caused by: Runtime.HandlerError: 'width'\n"),
        "{with_logs}"
    );
}

#[test]
fn log_tail_is_printed_to_stderr() {
    let Some(app) = app_with_fetcher() else { return };
    let output = app.command(&["invoke", "fetcher", "--remote", "--stage", "dev", "--logs"]).output().expect("starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"message\": \"hello world\"}\n");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("handling the event\n"), "{stderr}");
}

#[test]
fn event_is_sent_without_waiting() {
    let Some(app) = app_with_fetcher() else { return };
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote", "--stage", "dev", "--event"]), @"
    exit code 0
    -- stderr
    done: sent the event to worker `fetcher`
    next: `cargo bedrock logs fetcher --stage dev` shows its log
    ");
}

#[test]
fn undeployed_worker_is_an_error_of_the_call() {
    let Some(app) = DeployedApp::start() else { return };
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote", "--stage", "prod"]), @"
    exit code 2
    -- stderr
    error: worker `fetcher` is not deployed in stage `prod`
      caused by: account 123456789012 in us-east-1 has no function `my_app-prod-fetcher`
    help: deploy it, or check the name of the stage, the profile and the region
    ");
}

#[test]
fn oversized_payload_is_not_sent() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/fetcher/main.py", "");
    let payload = json!("x".repeat(1024 * 1024)).to_string();
    let app = app.file("event.json", &payload);
    let event = ["invoke", "fetcher", "--remote", "--stage", "dev", "--event", "--payload", "@event.json"];
    assert_snapshot!(app.run(&event), @"
    exit code 2
    -- stderr
    error: the event for worker `fetcher` is too large: 1048578 bytes, the limit is 1048576
    ");
}

#[test]
fn mistakes_are_reported_before_requests_to_aws() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/fetcher/main.py", "");
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote"]), @"
    exit code 2
    -- stderr
    error: missing argument `--stage <NAME>`
    help: usage: `cargo bedrock invoke --remote --stage <NAME> <WORKER>`
    ");
    assert_snapshot!(app.run(&["invoke", "fetcher", "--stage", "dev"]), @"
    exit code 2
    -- stderr
    error: missing argument `--remote`
    help: usage: `cargo bedrock invoke --stage <NAME> --remote <WORKER>`
    ");
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote", "--stage", "dev", "--payload", "{"]), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 1, column 1: it ends while parsing an object
    ");
    assert_snapshot!(app.run(&["invoke", "unknown", "--remote", "--stage", "dev"]), @"
    exit code 2
    -- stderr
    error: no worker named `unknown` in this app
    help: create it with `cargo bedrock new worker unknown.rs` (or `.py`, `.js`, `.ts`)
    ");
}
