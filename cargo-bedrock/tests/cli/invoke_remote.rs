//! `cargo bedrock invoke --remote`, of functions that an emulator of Lambda runs.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;
use testbed::{Function, pack};

use crate::room::{MANIFEST, Room};
use crate::stage::Deployed;

/// Greets, fails as it is told, and prints. (The emulator has one type for all errors of functions.)
const CODE: &str = "
def handler(event, context):
    print('somebody calls')
    if 'fail' in event:
        raise KeyError(event['fail'])
    return {'message': 'hello ' + event.get('name', 'world')}
";

/// With the worker `fetcher` deployed in the stage `dev`.
fn deployed() -> Option<Deployed> {
    let app = Deployed::start()?;
    let (code, zip) = (app.room.path("../code"), app.room.path("../code.zip"));
    fs::create_dir(&code).expect("a folder");
    fs::write(code.join("main.py"), CODE).expect("a file");
    pack(&code, &zip);
    let function = Function::new("my_app-dev-fetcher", "python3.13", "main.handler", zip);
    app.aws.deploy(&[function]).map_err(|refusal| format!("{refusal:?}")).expect("deployed");
    Some(app)
}

#[test]
fn the_response_is_printed_whatever_the_form_of_the_payload() {
    let Some(app) = deployed() else { return };
    let remote = ["invoke", "fetcher", "--remote", "--stage", "dev"];
    assert_snapshot!(app.run(&remote), @r#"
    exit code 0
    -- stdout
    {"message": "hello world"}
    "#);
    let payload = r#"{"name": "Ada"}"#;
    let greeting = "exit code 0\n-- stdout\n{\"message\": \"hello Ada\"}\n";
    assert_eq!(app.run(&[&remote[..], &["--payload", payload]].concat()), greeting);
    fs::write(app.room.path("event.json"), payload).expect("a file");
    assert_eq!(app.run(&[&remote[..], &["--payload", "@event.json"]].concat()), greeting);
}

#[test]
fn a_failure_is_told_as_one_here_is() {
    let Some(app) = deployed() else { return };
    let remote = ["invoke", "fetcher", "--remote", "--stage", "dev", "--payload", r#"{"fail": "width"}"#];
    assert_snapshot!(app.run(&remote), @"
    exit code 1
    -- stderr
    error: worker `fetcher` failed
      caused by: Runtime.HandlerError: 'width'
    help: `--logs` shows what it printed
    ");
    let with_logs = app.run(&[&remote[..], &["--logs"]].concat());
    assert!(with_logs.contains("somebody calls"), "{with_logs}");
    assert!(
        with_logs.ends_with("error: worker `fetcher` failed\n  caused by: Runtime.HandlerError: 'width'\n"),
        "{with_logs}"
    );
}

#[test]
fn the_end_of_the_log_goes_to_standard_error() {
    let Some(app) = deployed() else { return };
    let output = app.command(&["invoke", "fetcher", "--remote", "--stage", "dev", "--logs"]).output().expect("starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"message\": \"hello world\"}\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("somebody calls\n"), "{said}");
}

#[test]
fn an_event_is_handed_over_and_not_waited_for() {
    let Some(app) = deployed() else { return };
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote", "--stage", "dev", "--event"]), @"
    exit code 0
    -- stderr
    done: worker `fetcher` has the event
    next: `cargo bedrock logs fetcher --stage dev` shows what it does
    ");
}

#[test]
fn a_worker_that_is_not_deployed_was_surely_not_invoked() {
    let Some(app) = Deployed::start() else { return };
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote", "--stage", "prod"]), @"
    exit code 2
    -- stderr
    error: worker `fetcher` is not deployed in stage `prod`
      caused by: account 123456789012 in us-east-1 has no function `my_app-prod-fetcher`
    help: deploy it, or look at the stage's name, the profile and the region
    ");
}

#[test]
fn a_payload_that_is_too_large_is_not_sent() {
    let room = Room::app(MANIFEST).file("workers/fetcher/main.py", "");
    let payload = json!("x".repeat(1024 * 1024)).to_string();
    let room = room.file("event.json", &payload);
    let event = ["invoke", "fetcher", "--remote", "--stage", "dev", "--event", "--payload", "@event.json"];
    assert_snapshot!(room.run(&event), @"
    exit code 2
    -- stderr
    error: the event for worker `fetcher` is too large: 1048578 bytes, the limit is 1048576
    ");
}

#[test]
fn mistakes_are_told_before_aws_is_asked() {
    let room = Room::app(MANIFEST).file("workers/fetcher/main.py", "");
    assert_snapshot!(room.run(&["invoke", "fetcher", "--remote"]), @"
    exit code 2
    -- stderr
    error: missing argument `--stage <NAME>`
    help: usage: `cargo bedrock invoke --remote --stage <NAME> <WORKER>`
    ");
    assert_snapshot!(room.run(&["invoke", "fetcher", "--stage", "dev"]), @"
    exit code 2
    -- stderr
    error: missing argument `--remote`
    help: usage: `cargo bedrock invoke --stage <NAME> --remote <WORKER>`
    ");
    assert_snapshot!(room.run(&["invoke", "fetcher", "--remote", "--stage", "dev", "--payload", "{"]), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 1, column 1: it ends while parsing an object
    ");
    assert_snapshot!(room.run(&["invoke", "nobody", "--remote", "--stage", "dev"]), @"
    exit code 2
    -- stderr
    error: no worker named `nobody` in this app
    help: create it with `cargo bedrock new worker nobody.rs` (or `.py`, `.js`)
    ");
}
