//! Executions of durable workers that wait while their code is saved, and that keep no code because there is too much of it.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dev_process::DevProcess;
use crate::test_app::TestApp;

const FLOW: &str = "\
import os, sys
sys.path.append(os.environ['DURABLE_SDK'])
from aws_durable_execution_sdk_python.config import Duration
from bedrock.workers.worker import Worker


class Flow(Worker):
    def execute(self, event, context):
        # Variables of dev, outside of steps.
        os.environ['AWS_ENDPOINT_URL'], os.environ['AWS_ENDPOINT_URL_SQS']
        context.step(lambda _: 1, name='charge')
        context.wait(Duration.from_days(30), name='grace')
        context.step(lambda _: 2, name='mail')
";

/// Returns an app with the durable workers `flow` and `other`, if AWS's SDK is installed.
fn app() -> Option<TestApp> {
    let lib = testbed::tool("durable/bin/python")?.parent()?.parent()?.join("lib");
    let mut sites = fs::read_dir(lib).ok()?.flatten().map(|entry| entry.path().join("site-packages"));
    let site: PathBuf = sites.find(|path| path.is_dir())?;
    let app = TestApp::compilable()
        .file("workers/flow/main.py", FLOW)
        .file("workers/other/main.py", &FLOW.replace("Flow", "Other"));
    app.append("Cargo.toml", "\n[package.metadata.bedrock.dev]\nendpoint = \"http://127.0.0.1:1\"\n");
    for worker in ["flow", "other"] {
        app.append(
            "Cargo.toml",
            &format!(
                "\n[package.metadata.bedrock.workers.{worker}]\ndurable = {{ timeout = \"60d\" }}\ntimeout = 900\n\
                 env = {{ DURABLE_SDK = \"{}\", HANGS = \"{}\" }}\n",
                site.display(),
                app.path("target/hangs").display()
            ),
        );
    }
    Some(app)
}

/// Waits for a log event of the worker that contains `text`.
fn wait_for_line(dev: &DevProcess, text: &str) -> String {
    loop {
        let event = dev.wait_for("log");
        if let Some(line) = event["message"].as_str().filter(|line| line.contains(text)) {
            return line.to_owned();
        }
    }
}

/// Starts a server and an execution, and waits until it waits. Returns its ARN, too.
fn dev_with_waiting_execution(app: &TestApp) -> (DevProcess, String) {
    let dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    assert_eq!(dev.post_event("flow", "{}"), 202);
    let started = Instant::now();
    loop {
        let all = app.bedrock(&["executions", "ls", "--json", "--port", &dev.port().to_string()]).stdout;
        let all: Value = serde_json::from_str(&all).unwrap_or_default();
        let arn = all[0]["DurableExecutionArn"].as_str().unwrap_or_default().to_owned();
        let history = app.bedrock(&["executions", "history", &arn, "--json", "--port", &dev.port().to_string()]);
        if history.stdout.contains("InvocationCompleted") {
            return (dev, arn);
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{}", history.stderr);
    }
}

fn status(app: &TestApp, dev: &DevProcess) -> Value {
    let output = app.bedrock(&["executions", "ls", "--json", "--port", &dev.port().to_string()]);
    let all: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
    all[0]["Status"].clone()
}

#[test]
fn execution_is_paused_while_saved_code_does_not_fit() {
    let Some(app) = app() else { return };
    let file = fs::File::create(app.path("workers/flow/model.bin")).expect("a file");
    file.set_len(65 * 1024 * 1024).expect("a sparse file");
    let (dev, arn) = dev_with_waiting_execution(&app);
    // A change after the wait fits.
    app.edit("workers/flow/main.py", "'mail'", "'letter'");
    dev.wait_for("reloaded");
    app.edit("workers/flow/main.py", "'grace'", "'patience'");
    let warning = wait_for_line(&dev, "does not fit the execution");
    let expected = "which is paused: operation 2 of the history is the wait `grace`, and the code has the wait \
                    `patience` there";
    assert!(warning.starts_with("warning: the changed code does not fit the execution `"), "{warning}");
    assert!(warning.ends_with(expected), "{warning}");
    assert!(wait_for_line(&dev, "help: ").contains("`cargo bedrock executions resume "));
    assert_eq!(status(&app, &dev), json!("PAUSED"));
    // The user wants the execution to go on, and another save does not change that.
    app.run_ok(&["executions", "resume", &arn, "--port", &dev.port().to_string()]);
    app.append("workers/flow/main.py", "# The end.\n");
    let note = wait_for_line(&dev, "does not fit the execution");
    assert!(note.starts_with("note: ") && note.ends_with("`, which you have resumed"), "{note}");
    assert_eq!(status(&app, &dev), json!("RUNNING"));
    app.edit("workers/flow/main.py", "'patience'", "'calm'");
    let warning = wait_for_line(&dev, "does not fit the execution");
    assert!(warning.starts_with("warning: ") && warning.ends_with("the wait `calm` there"), "{warning}");
    assert_eq!(status(&app, &dev), json!("PAUSED"));
    app.edit("workers/flow/main.py", "'calm'", "'grace'");
    wait_for_line(&dev, "again, which continues");
    assert_eq!(status(&app, &dev), json!("RUNNING"));
    // A program that fails says nothing about the execution.
    app.edit("workers/flow/main.py", "context.step(lambda _: 1, name='charge')", "os._exit(3)");
    let warning = wait_for_line(&dev, "was not compared with the changed code");
    assert!(warning.ends_with("the code ended the process"), "{warning}");
    assert_eq!(status(&app, &dev), json!("RUNNING"));
}

#[test]
fn hanging_replay_does_not_hold_up_those_of_later_saves() {
    let Some(app) = app() else { return };
    let (dev, _) = dev_with_waiting_execution(&app);
    let hangs = app.path("target/hangs");
    let wait_until_it_hangs = || {
        let started = Instant::now();
        while !hangs.exists() {
            assert!(started.elapsed() < Duration::from_secs(120), "no replay");
            std::thread::sleep(Duration::from_millis(20));
        }
        fs::remove_file(&hangs).expect("a file");
    };
    let step = "context.step(lambda _: 1, name='charge')";
    let hanging = "open(os.environ['HANGS'], 'w').close(); __import__('time').sleep(3600)";
    app.edit("workers/flow/main.py", step, hanging);
    wait_until_it_hangs();
    // What an unfinished check has not compared is compared by the next one, though it is about another worker.
    app.append("workers/other/main.py", "# The end.\n");
    wait_until_it_hangs();
    app.edit("workers/flow/main.py", hanging, "context.step(lambda _: 1, name='bill')");
    let warning = wait_for_line(&dev, "warning: ");
    assert!(warning.ends_with("the code has the step `bill` there"), "{warning}");
}
