//! `cargo bedrock invoke`: finding the worker and reading the payload.

use insta::assert_snapshot;

use crate::test_app::{MANIFEST, TestApp};

fn app() -> TestApp {
    TestApp::with_manifest(MANIFEST).file("workers/system_fetcher/main.py", "").file("workers/unfinished/notes.txt", "")
}

#[test]
fn unknown_worker_is_reported_with_a_suggestion() {
    assert_snapshot!(app().run(&["invoke", "sytem_fetcher"]), @"
    exit code 2
    -- stderr
    error: no worker named `sytem_fetcher` in this app
    help: a worker with a similar name exists: `system_fetcher`
    ");
    assert_snapshot!(app().run(&["invoke", "thumbnailer"]), @"
    exit code 2
    -- stderr
    error: no worker named `thumbnailer` in this app
    help: create it with `cargo bedrock new worker thumbnailer.rs` (or `.py`, `.js`, `.ts`)
    ");
    assert_snapshot!(app().run(&["invoke", "unfinished"]), @"
    exit code 2
    -- stderr
    error: no worker named `unfinished` in this app
    help: the folder `workers/unfinished` has none of `main.py`, `main.js`, `main.ts` and `Cargo.toml`
    ");
}

#[test]
fn invalid_json_payload_is_reported_with_its_position() {
    let app = app().file("job.json", "{\n  \"width\": 1,\n  height: 2\n}\n");
    let invoke = |payload| app.run(&["invoke", "system_fetcher", "--payload", payload]);
    assert_snapshot!(invoke("{\"a\":"), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 1, column 5: it ends while parsing a value
    ");
    assert_snapshot!(invoke("{} {}"), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 1, column 4: trailing characters
    ");
    assert_snapshot!(invoke("{\n"), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 2, column 0: it ends while parsing an object
    ");
    assert_snapshot!(invoke(""), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: it is empty
    ");
    assert_snapshot!(invoke("@job.json"), @"
    exit code 2
    -- stderr
    error: the payload from `job.json` is not JSON
      caused by: line 3, column 3: key must be a string
    ");
    assert_snapshot!(app.run_with_input(&["invoke", "system_fetcher", "--payload", "-"], b"nope"), @"
    exit code 2
    -- stderr
    error: the payload from standard input is not JSON
      caused by: line 1, column 2: expected ident
    ");
    assert_snapshot!(app.run_with_input(&["invoke", "system_fetcher", "--payload", "-"], b""), @"
    exit code 2
    -- stderr
    error: the payload from standard input is not JSON
      caused by: it is empty
    ");
}

#[test]
fn payload_that_is_a_file_name_gets_a_hint() {
    let app = app().file("job.json", "{}");
    assert_snapshot!(app.run(&["invoke", "system_fetcher", "--payload", "job.json"]), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 1, column 1: expected value
    help: use `--payload @job.json` to read the file
    ");
}

#[test]
fn unreadable_payload_file_is_named() {
    let app = app();
    std::fs::write(app.path("latin1.json"), b"\"\xe9\"").expect("file");
    assert_snapshot!(app.run(&["invoke", "system_fetcher", "--payload", "@nowhere.json"]), @"
    exit code 2
    -- stderr
    error: failed to read the payload from `nowhere.json`
      caused by: no such file or directory
    ");
    assert_snapshot!(app.run(&["invoke", "system_fetcher", "--payload", "@workers"]), @"
    exit code 2
    -- stderr
    error: failed to read the payload from `workers`
      caused by: is a directory
    ");
    assert_snapshot!(app.run(&["invoke", "system_fetcher", "--payload", "@latin1.json"]), @"
    exit code 2
    -- stderr
    error: failed to read the payload from `latin1.json`
      caused by: stream did not contain valid UTF-8
    ");
}

#[test]
fn invoke_outside_of_an_app_is_a_usage_error() {
    assert_snapshot!(TestApp::empty().run(&["invoke", "system_fetcher"]), @"
    exit code 2
    -- stderr
    error: no app in `[DIR]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}

#[test]
fn unknown_sample_names_the_samples_of_the_app() {
    let app = app().file("events/order.json", "{}").file("events/notes.txt", "");
    assert_snapshot!(app.run(&["invoke", "system_fetcher", "--sample", "kafka"]), @"
    exit code 2
    -- stderr
    error: no sample event named `kafka`
    help: choose one of `alb`, `dynamodb`, `eventbridge`, `http`, `http-api`, `kinesis`, `rest`, `s3`, `schedule`, `sns`, `sqs`, `order`, or create `events/kafka.json`
    ");
    assert_snapshot!(app.run(&["invoke", "endpoint", "--sample", "s3"]), @"
    exit code 2
    -- stderr
    error: no sample event named `s3`
    help: choose one of `alb`, `http`, `http-api`, `rest`, `order`, or create `events/s3.json`
    ");
    let app = app.file("events/order.json", "{");
    assert_snapshot!(app.run(&["invoke", "system_fetcher", "--sample", "order"]), @"
    exit code 2
    -- stderr
    error: the payload from `events/order.json` is not JSON
      caused by: line 1, column 1: it ends while parsing an object
    ");
}

#[test]
fn endpoint_takes_only_http_requests() {
    let app = app();
    assert_snapshot!(app.run(&["invoke", "endpoint", "--event"]), @"
    exit code 2
    -- stderr
    error: the endpoint responds to requests, and cannot be invoked with `--event`
    help: omit `--event`
    ");
    assert_snapshot!(app.run(&["invoke", "endpoint", "--payload", "{}"]), @"
    exit code 2
    -- stderr
    error: the payload is not the event of an HTTP request
    help: use `--method`, `--path` and `--body`, or `--sample http`
    ");
    assert_snapshot!(app.run(&["invoke", "endpoint", "--remote", "--stage", "dev"]), @"
    exit code 2
    -- stderr
    error: `--remote` invokes workers, and the endpoint is called at its URL
    help: send the request to the URL that `cargo bedrock status` prints
    ");
    assert_snapshot!(app.run(&["invoke", "endpoint", "--header", "accept"]), @"
    exit code 2
    -- stderr
    error: `--header` must be a name and a value, found `accept`
    help: write it like `--header 'accept: application/json'`
    ");
    assert_snapshot!(app.run(&["invoke", "endpoint", "--body", "@nowhere"]), @"
    exit code 2
    -- stderr
    error: failed to read the body from `nowhere`
      caused by: no such file or directory
    ");
}
