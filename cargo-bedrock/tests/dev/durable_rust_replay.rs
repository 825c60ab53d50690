//! `cargo bedrock replay` of a worker in Rust. The test that compiles AWS's SDK calls this.

use serde_json::{Value, json};

use crate::dev_process::DevProcess;
use crate::test_app::{CommandOutput, TestApp};

pub(crate) const NAME: &str = "varied_flow";

/// The variable `VARIANT` selects a change of the code. The steps note that they ran.
const WORKER: &str = r#"
use std::fs::File;
use std::io::Write;
use std::time::Duration;

use bedrock::durable::sdk::StepContext;
use bedrock::durable::{BoxError, DurableContext, DurableWorker, Result};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Order {
    pub log: String,
    pub seconds: u64,
}

#[bedrock::worker]
pub struct VariedFlow;

impl DurableWorker for VariedFlow {
    type Event = Order;
    type Response = String;

    async fn execute(&self, event: Order, context: DurableContext) -> Result<String> {
        let is = |variant: &str| std::env::var("VARIANT").is_ok_and(|found| found == variant);
        let note = |line: &'static str| {
            let log = event.log.clone();
            move |_: StepContext| async move {
                writeln!(File::options().create(true).append(true).open(log)?, "{line}")?;
                Ok::<_, BoxError>(line.to_owned())
            }
        };
        if is("inserted") {
            context.step(note("new")).name("new").await?;
        }
        if is("swapped") {
            context.step(note("pack")).name("pack").await?;
        }
        if !is("removed") {
            context.step(note("charge")).name(if is("renamed") { "bill" } else { "charge" }).await?;
        }
        if !is("swapped") {
            context.step(note("pack")).name("pack").await?;
        }
        let (first, second) = if is("unnamed swapped") { ("two", "one") } else { ("one", "two") };
        context.step(note(first)).await?;
        context.step(note(second)).await?;
        if is("early end") {
            return Ok("early".to_owned());
        }
        if is("failing") {
            return Err("no more".into());
        }
        let seconds = event.seconds;
        let grace = move |context: DurableContext| async move {
            context.wait(Duration::from_secs(seconds)).name("grace").await?;
            Ok::<_, BoxError>(seconds)
        };
        if !is("condition") {
            context.run_in_child_context(grace).name("waiting").await?;
        }
        Ok(context.step(note("mail")).name(if is("later") { "letter" } else { "mail" }).await?)
    }
}
"#;

/// Writes the worker into the app that has one as `new` makes it.
pub(crate) fn write(app: &TestApp) {
    app.write("workers/varied_flow/src/lib.rs", WORKER);
}

/// Starts two executions, one of which ends, and writes their histories into the folder of the app.
pub(crate) fn record(app: &TestApp, dev: &DevProcess) {
    let log = app.path("varied.log");
    for (seconds, file) in [(2_592_000, "waiting.json"), (60, "ended.json")] {
        assert_eq!(dev.post_event(NAME, &json!({ "log": log, "seconds": seconds }).to_string()), 202);
        let last = if seconds > 60 { "InvocationCompleted" } else { "ExecutionSucceeded" };
        let history = crate::durable_rust::wait_until(|| {
            let newest = listed(app, dev).into_iter().find(|each| each["FunctionArn"].to_string().contains(NAME))?;
            let arn = newest["DurableExecutionArn"].as_str()?.to_owned();
            let history = app.bedrock(&["executions", "history", &arn, "--json", "--port", &dev.port().to_string()]);
            let events: Value = serde_json::from_str(&history.stdout).ok()?;
            events.as_array()?.iter().any(|event| event["EventType"] == last).then_some(history.stdout)
        });
        app.write(file, &history);
    }
    let replayed = app.bedrock(&["replay", NAME, "--port", &dev.port().to_string()]);
    assert!(replayed.code == Some(0) && replayed.stderr.contains("the code fits 2 executions"), "{}", replayed.stderr);
}

/// The executions of the dev server, the newest first.
fn listed(app: &TestApp, dev: &DevProcess) -> Vec<Value> {
    let output = app.bedrock(&["executions", "ls", "--json", "--port", &dev.port().to_string()]);
    serde_json::from_str(&output.stdout).unwrap_or_default()
}

/// Replays what was recorded with unchanged and with changed code, after the server has ended.
pub(crate) fn check(app: &TestApp) {
    let replay = |variant: &str, arguments: &[&str]| {
        let arguments = [&["replay", NAME], arguments].concat();
        let output = app.command(&arguments).env("VARIANT", variant).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        CommandOutput { code: output.status.code(), stdout: String::new(), stderr }
    };
    let stored = replay("", &[]);
    assert!(stored.code == Some(0) && stored.stderr.contains("the code fits 2 executions"), "{}", stored.stderr);
    for (variant, expected) in [
        ("removed", "operation 1 of the history is the step `charge`, and the code has the step `pack` there"),
        ("inserted", "operation 1 of the history is the step `charge`, and the code has the step `new` there"),
        ("renamed", "operation 1 of the history is the step `charge`, and the code has the step `bill` there"),
        ("swapped", "operation 1 of the history is the step `charge`, and the code has the step `pack` there"),
        (
            "condition",
            "operation 5 of the history is the child context `waiting`, and the code has the step `mail` there",
        ),
        ("early end", "the code does not come to the child context `waiting`, operation 5 of the history"),
        ("failing", "the code fails after a step without name, operation 4 of the history: HandlerError: no more"),
    ] {
        let replayed = replay(variant, &["--history", "waiting.json"]);
        let cause = replayed.stderr.lines().find_map(|line| line.trim().strip_prefix("caused by: "));
        assert_eq!((replayed.code, cause), (Some(1), Some(expected)), "{variant}: {}", replayed.stderr);
    }
    // What the SDK cannot see either is said.
    let unnamed = replay("unnamed swapped", &["--history", "waiting.json"]);
    let note = "note: 2 operations have no name: if two of one type trade places, no replay finds it\n";
    assert!(unnamed.code == Some(0) && unnamed.stderr.contains(note), "{}", unnamed.stderr);
    // Steps after the wait may change while it lasts, but not after the end.
    assert_eq!(replay("later", &["--history", "waiting.json"]).code, Some(0));
    let ended = replay("later", &["--history", "ended.json"]);
    let expected = "operation 7 of the history is the step `mail`, and the code has the step `letter` there";
    assert!(ended.code == Some(1) && ended.stderr.contains(expected), "{}", ended.stderr);
    // The code on disk is compiled.
    app.edit("workers/varied_flow/src/lib.rs", "else { \"charge\" }", "else { \"invoice\" }");
    let edited = replay("", &["--history", "waiting.json", "ended.json"]);
    assert_eq!(edited.stderr.matches("and the code has the step `invoice` there").count(), 2, "{}", edited.stderr);
    // No step has run in a replay.
    assert_eq!(app.read("varied.log"), "charge\npack\none\ntwo\ncharge\npack\none\ntwo\nmail\n");
}
