//! `cargo bedrock logs`, of log groups in an emulator of CloudWatch Logs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::room::{MANIFEST, Room};
use crate::stage::{Deployed, now};

const ONE: &str = "11111111-aaaa-4444-8888-cccccccccccc";
const FETCHER: &str = "my_app-dev-fetcher";
const ENDPOINT: &str = "my_app-dev-endpoint";

/// Times differ from run to run.
fn timeless(text: &str) -> String {
    let line = |line: &str| match line.split_once("Z  ") {
        Some((time, rest)) if time.len() == 23 => format!("[TIME]  {rest}"),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn lines_of_all_functions_come_in_the_order_of_time() {
    let Some(app) = Deployed::start() else { return };
    let begin = now() - 60_000;
    app.make_log(FETCHER);
    app.make_log(ENDPOINT);
    app.log(FETCHER, begin, &format!("START RequestId: {ONE} Version: 3\n"));
    app.log(ENDPOINT, begin + 1, "GET /systems\n");
    app.log(FETCHER, begin + 2, "fetching\nfrom afar\n");
    app.log(FETCHER, begin + 3, &format!("REPORT RequestId: {ONE}\tDuration: 2 ms\n"));
    assert_snapshot!(timeless(&app.run(&["logs", "--stage", "dev"])), @"
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
    assert_snapshot!(timeless(&app.run(&["logs", "fetcher", "--stage", "dev", "--since", "1h", "--quiet"])), @"
    exit code 0
    -- stdout
    [TIME]  fetcher  11111111  START RequestId: 11111111-aaaa-4444-8888-cccccccccccc Version: 3
    [TIME]  fetcher  11111111  fetching
    [TIME]  fetcher  11111111  from afar
    [TIME]  fetcher  11111111  REPORT RequestId: 11111111-aaaa-4444-8888-cccccccccccc	Duration: 2 ms
    ");
}

#[test]
fn lines_come_as_json_with_the_whole_request_id() {
    let Some(app) = Deployed::start() else { return };
    app.make_log(FETCHER);
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
fn what_is_older_than_asked_for_is_left_out() {
    let Some(app) = Deployed::start() else { return };
    app.make_log(FETCHER);
    app.log(FETCHER, now() - 3_600_000, "old");
    app.log(FETCHER, now() - 1_000, "new");
    let shown = app.run(&["logs", "fetcher", "--stage", "dev"]);
    assert!(shown.contains("new") && !shown.contains("old"), "{shown}");
    assert!(app.run(&["logs", "fetcher", "--stage", "dev", "--since", "2h"]).contains("old"));
}

/// The command while it follows.
struct Following {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Following {
    fn start(app: &Deployed, args: &[&str]) -> Self {
        let mut command = app.command(&[&["logs", "--stage", "dev", "-f"], args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, lines }
    }

    /// The text of the next line.
    fn next(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        line.trim_end().rsplit("  ").next().unwrap_or_default().to_owned()
    }

    /// Ctrl-C; what was still shown.
    fn stop(mut self) -> (Option<i32>, String, String) {
        kill_process(Pid::from_child(&self.child), Signal::INT).expect("a signal");
        let (mut rest, mut said) = (String::new(), String::new());
        self.lines.read_to_string(&mut rest).expect("text");
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut said).expect("text");
        (self.child.wait().expect("the end").code(), rest, said)
    }
}

#[test]
fn following_shows_each_line_once_also_those_that_come_late() {
    let Some(app) = Deployed::start() else { return };
    app.make_log(FETCHER);
    let begin = now();
    app.log(FETCHER, begin, "first");
    let mut following = Following::start(&app, &["fetcher"]);
    assert_eq!(following.next(), "first");
    app.log(FETCHER, begin + 100, "second");
    assert_eq!(following.next(), "second");
    // Written before the others, taken in after them.
    app.log(FETCHER, begin - 20_000, "late");
    assert_eq!(following.next(), "late");
    app.log(FETCHER, begin + 200, "last");
    assert_eq!(following.next(), "last");
    assert_eq!(following.stop(), (Some(0), String::new(), String::new()));
}

#[test]
fn following_waits_for_a_function_that_has_no_log_yet() {
    let Some(app) = Deployed::start() else { return };
    let mut following = Following::start(&app, &["fetcher"]);
    app.make_log(FETCHER);
    app.log(FETCHER, now(), "begun");
    assert_eq!(following.next(), "begun");
    let (code, rest, _) = following.stop();
    assert_eq!((code, rest.as_str()), (Some(0), ""));
}

#[test]
fn following_ends_when_nobody_reads_any_more() {
    let Some(app) = Deployed::start() else { return };
    app.make_log(FETCHER);
    app.log(FETCHER, now(), "first");
    let mut following = Following::start(&app, &["fetcher"]);
    assert_eq!(following.next(), "first");
    let Following { mut child, lines } = following;
    drop(lines);
    app.log(FETCHER, now(), "second");
    assert_eq!(child.wait().expect("the end").code(), Some(0));
}

#[test]
fn a_stage_without_logs_is_an_error_and_a_function_without_one_is_not() {
    let Some(app) = Deployed::start() else { return };
    assert_snapshot!(app.run(&["logs", "--stage", "prod"]), @"
    exit code 1
    -- stderr
    error: stage `prod` has no logs
      caused by: there is no log group `/aws/lambda/my_app-prod-endpoint`, nor any of the others
    help: deploy the stage first, or look at its name, the profile and the region
    ");
    assert_snapshot!(app.run(&["logs", "fetcher", "--stage", "prod"]), @"
    exit code 1
    -- stderr
    error: stage `prod` has no logs
      caused by: there is no log group `/aws/lambda/my_app-prod-fetcher`
    help: deploy the stage first, or look at its name, the profile and the region
    ");
    app.make_log(FETCHER);
    assert_snapshot!(app.run(&["logs", "--stage", "dev"]), @"
    exit code 0
    -- stderr
    note: no log yet: `endpoint`, `thumbnailer`
    ");
}

#[test]
fn mistakes_are_told_before_aws_is_asked() {
    let room = Room::app(MANIFEST).file("workers/fetcher/main.py", "");
    assert_snapshot!(room.run(&["logs", "fetchr", "--stage", "dev"]), @"
    exit code 2
    -- stderr
    error: no worker named `fetchr` in this app
    help: a worker with a similar name exists: `fetcher`
    ");
    assert_snapshot!(room.run(&["logs", "--stage", "dev", "--since", "soon"]), @"
    exit code 2
    -- stderr
    error: invalid value `soon` for `--since <TIME>`: a time is a number with `s`, `m`, `h` or `d` behind it, for example `10m`, and at most `3653d`
    help: `cargo bedrock --help` lists the commands
    ");
    assert_snapshot!(room.run(&["logs"]), @"
    exit code 2
    -- stderr
    error: missing argument `--stage <NAME>`
    help: usage: `cargo bedrock logs --stage <NAME> [WORKER]...`
    ");
    let long = "s".repeat(60);
    assert_snapshot!(room.run(&["logs", "--stage", &long]), @"
    exit code 2
    -- stderr
    error: the function name `my_app-ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss-endpoint` is too long: 76 characters, the limit is 64
    help: shorten the name of the app, the stage or the worker
    ");
}

#[test]
fn without_a_connection_the_first_request_says_so() {
    let Some(app) = Deployed::start() else { return };
    let nowhere = "http://127.0.0.1:9";
    let shown = app.run(&["logs", "--stage", "dev", "--endpoint-url", nowhere]);
    assert!(
        shown.starts_with("exit code 2\n-- stderr\nerror: failed to ask AWS in us-east-1 who is calling\n"),
        "{shown}"
    );
}
