//! `cargo bedrock logs` with an emulator of CloudWatch Logs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::stage::{DeployedApp, now};
use crate::test_app::{MANIFEST, TestApp};

const ONE: &str = "11111111-aaaa-4444-8888-cccccccccccc";
const FETCHER: &str = "my_app-dev-fetcher";
const ENDPOINT: &str = "my_app-dev-endpoint";

/// Replaces the timestamps.
fn without_times(text: &str) -> String {
    let line = |line: &str| match line.split_once("Z  ") {
        Some((time, rest)) if time.len() == 23 => format!("[TIME]  {rest}"),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn lines_of_all_functions_are_sorted_by_time() {
    let Some(app) = DeployedApp::start() else { return };
    let start = now() - 60_000;
    app.create_log_group(FETCHER);
    app.create_log_group(ENDPOINT);
    app.log(FETCHER, start, &format!("START RequestId: {ONE} Version: 3\n"));
    app.log(ENDPOINT, start + 1, "GET /systems\n");
    app.log(FETCHER, start + 2, "fetching\nfrom afar\n");
    app.log(FETCHER, start + 3, &format!("REPORT RequestId: {ONE}\tDuration: 2 ms\n"));
    assert_snapshot!(without_times(&app.run(&["logs", "--stage", "dev"])), @"
    exit code 0
    -- stdout
    [TIME]  fetcher      11111111  START RequestId: 11111111-aaaa-4444-8888-cccccccccccc Version: 3
    [TIME]  endpoint               GET /systems
    [TIME]  fetcher      11111111  fetching
    [TIME]  fetcher      11111111  from afar
    [TIME]  fetcher      11111111  REPORT RequestId: 11111111-aaaa-4444-8888-cccccccccccc	Duration: 2 ms
    -- stderr
    note: no log yet: `thumbnailer`
    ");
    assert_snapshot!(without_times(&app.run(&["logs", "fetcher", "--stage", "dev", "--since", "1h", "--quiet"])), @"
    exit code 0
    -- stdout
    [TIME]  fetcher  11111111  START RequestId: 11111111-aaaa-4444-8888-cccccccccccc Version: 3
    [TIME]  fetcher  11111111  fetching
    [TIME]  fetcher  11111111  from afar
    [TIME]  fetcher  11111111  REPORT RequestId: 11111111-aaaa-4444-8888-cccccccccccc	Duration: 2 ms
    ");
}

#[test]
fn lines_are_filtered_by_request_text_and_level() {
    let Some(app) = DeployedApp::start() else { return };
    let start = now() - 60_000;
    app.create_log_group(FETCHER);
    app.log(FETCHER, start, &format!("START RequestId: {ONE} Version: 3\n"));
    app.log(FETCHER, start + 1, "[ERROR]\tno such system\n");
    app.log(FETCHER, start + 2, "[INFO]\tsuch a system\n");
    app.log(FETCHER, start + 3, &format!("REPORT RequestId: {ONE}\tDuration: 2 ms\n"));
    app.log(FETCHER, start + 4, "[ERROR]\tbetween invocations\n");
    let run = |options: &[&str]| {
        let output = app.run(&[&["logs", "fetcher", "--stage", "dev", "--quiet"], options].concat());
        output
            .lines()
            .filter_map(|line| line.split_once(']').map(|(_, text)| text.trim().to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(&["--level", "warn"]), ["no such system", "between invocations"]);
    assert_eq!(run(&["--level", "info", "--request", "11111111"]), ["no such system", "such a system"]);
    assert_eq!(run(&["--filter", "a system"]), ["such a system"]);
    let refused = app.run(&["logs", "--stage", "dev", "--level", "loud"]);
    assert!(refused.contains("expected `trace`, `debug`, `info`, `warn`, `error` or `fatal`"), "{refused}");
}

#[test]
fn json_lines_have_the_full_request_id() {
    let Some(app) = DeployedApp::start() else { return };
    app.create_log_group(FETCHER);
    let time = now() - 5_000;
    app.log(FETCHER, time, &format!("[INFO]\t2026-11-25T09:54:55.120Z\t{ONE}\thello\n"));
    let output =
        app.command(&["logs", "fetcher", "--stage", "dev", "--message-format", "json"]).output().expect("starts");
    let line: Value = serde_json::from_slice(&output.stdout).expect("one line");
    assert_eq!(line["timestamp"], time);
    assert_eq!(line["request_id"], ONE);
    assert_eq!(line["worker"], "fetcher");
    assert_eq!(line["stream"], "2026/[1]ab");
    assert!(line["message"].as_str().is_some_and(|message| message.ends_with("\thello")), "{line}");
}

#[test]
fn since_excludes_older_lines() {
    let Some(app) = DeployedApp::start() else { return };
    app.create_log_group(FETCHER);
    app.log(FETCHER, now() - 3_600_000, "old");
    app.log(FETCHER, now() - 1_000, "new");
    let output = app.run(&["logs", "fetcher", "--stage", "dev"]);
    assert!(output.contains("new") && !output.contains("old"), "{output}");
    assert!(app.run(&["logs", "fetcher", "--stage", "dev", "--since", "2h"]).contains("old"));
}

/// A running `cargo bedrock logs -f`.
struct Following {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Following {
    fn start(app: &DeployedApp, args: &[&str]) -> Self {
        let mut command = app.command(&[&["logs", "--stage", "dev", "-f"], args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, lines }
    }

    /// Returns the message of the next line.
    fn next(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        line.trim_end().rsplit("  ").next().unwrap_or_default().to_owned()
    }

    /// Sends Ctrl-C. Returns exit code, the rest of standard output, and standard error.
    fn stop(mut self) -> (Option<i32>, String, String) {
        kill_process(Pid::from_child(&self.child), Signal::INT).expect("a signal");
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("text");
        let mut errors = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut errors).expect("text");
        (self.child.wait().expect("the end").code(), rest, errors)
    }
}

#[test]
fn follow_shows_each_line_once_and_late_lines_too() {
    let Some(app) = DeployedApp::start() else { return };
    app.create_log_group(FETCHER);
    let start = now();
    app.log(FETCHER, start, "first");
    let mut following = Following::start(&app, &["fetcher"]);
    assert_eq!(following.next(), "first");
    app.log(FETCHER, start + 100, "second");
    assert_eq!(following.next(), "second");
    // Logged before the others, received after them.
    app.log(FETCHER, start - 20_000, "late");
    assert_eq!(following.next(), "late");
    app.log(FETCHER, start + 200, "last");
    assert_eq!(following.next(), "last");
    assert_eq!(following.stop(), (Some(0), String::new(), String::new()));
}

#[test]
fn follow_waits_for_a_missing_log_group() {
    let Some(app) = DeployedApp::start() else { return };
    let mut following = Following::start(&app, &["fetcher"]);
    app.create_log_group(FETCHER);
    app.log(FETCHER, now(), "started");
    assert_eq!(following.next(), "started");
    let (code, rest, _) = following.stop();
    assert_eq!((code, rest.as_str()), (Some(0), ""));
}

#[test]
fn follow_ends_when_stdout_is_closed() {
    let Some(app) = DeployedApp::start() else { return };
    app.create_log_group(FETCHER);
    app.log(FETCHER, now(), "first");
    let mut following = Following::start(&app, &["fetcher"]);
    assert_eq!(following.next(), "first");
    let Following { mut child, lines } = following;
    drop(lines);
    app.log(FETCHER, now(), "second");
    assert_eq!(child.wait().expect("the end").code(), Some(0));
}

#[test]
fn stage_without_logs_is_an_error() {
    let Some(app) = DeployedApp::start() else { return };
    assert_snapshot!(app.run(&["logs", "--stage", "prod"]), @"
    exit code 1
    -- stderr
    error: stage `prod` has no logs
      caused by: there is no log group `/aws/lambda/my_app-prod-endpoint`, nor any of the others
    help: deploy the stage first, or check its name, the profile and the region
    ");
    assert_snapshot!(app.run(&["logs", "fetcher", "--stage", "prod"]), @"
    exit code 1
    -- stderr
    error: stage `prod` has no logs
      caused by: there is no log group `/aws/lambda/my_app-prod-fetcher`
    help: deploy the stage first, or check its name, the profile and the region
    ");
    app.create_log_group(FETCHER);
    assert_snapshot!(app.run(&["logs", "--stage", "dev"]), @"
    exit code 0
    -- stderr
    note: no log yet: `endpoint`, `thumbnailer`
    ");
}

#[test]
fn mistakes_are_reported_before_requests_to_aws() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/fetcher/main.py", "");
    assert_snapshot!(app.run(&["logs", "fetchr", "--stage", "dev"]), @"
    exit code 2
    -- stderr
    error: no worker named `fetchr` in this app
    help: a worker with a similar name exists: `fetcher`
    ");
    assert_snapshot!(app.run(&["logs", "--stage", "dev", "--since", "soon"]), @"
    exit code 2
    -- stderr
    error: invalid value `soon` for `--since <TIME>`: expected a number followed by `s`, `m`, `h` or `d`, for example `10m`, and at most `3653d`
    help: `cargo bedrock --help` lists the commands
    ");
    assert_snapshot!(app.run(&["logs"]), @"
    exit code 2
    -- stderr
    error: missing argument `--stage <NAME>`
    help: usage: `cargo bedrock logs --stage <NAME> [WORKER]...`
    ");
    let long = "s".repeat(60);
    assert_snapshot!(app.run(&["logs", "--stage", &long]), @"
    exit code 2
    -- stderr
    error: the function name `my_app-ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss-endpoint` is too long: 76 characters, the limit is 64
    help: shorten the name of the app, the stage or the worker
    ");
}

#[test]
fn connection_failure_is_an_error_of_the_first_request() {
    let Some(app) = DeployedApp::start() else { return };
    let unreachable = "http://127.0.0.1:9";
    let output = app.run(&["logs", "--stage", "dev", "--endpoint-url", unreachable]);
    assert!(
        output.starts_with("exit code 2\n-- stderr\nerror: failed to get the caller identity from AWS in us-east-1\n"),
        "{output}"
    );
}
