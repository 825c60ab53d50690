//! Executions of durable workers that wait while their code is saved.

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
        context.step(lambda _: 1, name='charge')
        context.wait(Duration.from_days(30), name='grace')
        context.step(lambda _: 2, name='mail')
";

/// Returns an app with the durable worker, if AWS's SDK is installed.
fn app() -> Option<TestApp> {
    let lib = testbed::tool("durable/bin/python")?.parent()?.parent()?.join("lib");
    let mut sites = fs::read_dir(lib).ok()?.flatten().map(|entry| entry.path().join("site-packages"));
    let site: PathBuf = sites.find(|path| path.is_dir())?;
    let app = TestApp::compilable().file("workers/flow/main.py", FLOW);
    app.append(
        "Cargo.toml",
        &format!(
            "\n[package.metadata.bedrock.workers.flow]\ndurable = {{ timeout = \"60d\" }}\n\
             env = {{ DURABLE_SDK = \"{}\" }}\n",
            site.display()
        ),
    );
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

fn status(app: &TestApp, dev: &DevProcess) -> Value {
    let output = app.bedrock(&["executions", "ls", "--json", "--port", &dev.port().to_string()]);
    let all: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
    all[0]["Status"].clone()
}

#[test]
fn execution_is_paused_while_saved_code_does_not_fit() {
    let Some(app) = app() else { return };
    let dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    assert_eq!(dev.post_event("flow", "{}"), 202);
    let started = Instant::now();
    loop {
        let all = app.bedrock(&["executions", "ls", "--json", "--port", &dev.port().to_string()]).stdout;
        let all: Value = serde_json::from_str(&all).unwrap_or_default();
        let arn = all[0]["DurableExecutionArn"].as_str().unwrap_or_default().to_owned();
        let history = app.bedrock(&["executions", "history", &arn, "--json", "--port", &dev.port().to_string()]);
        if history.stdout.contains("InvocationCompleted") {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{}", history.stderr);
    }
    // A change after the wait fits.
    app.edit("workers/flow/main.py", "'mail'", "'letter'");
    dev.wait_for("reloaded");
    app.edit("workers/flow/main.py", "'grace'", "'patience'");
    let warning = wait_for_line(&dev, "warning: ");
    let expected = "which is paused: operation 2 of the history is the wait `grace`, and the code has the wait \
                    `patience` there";
    assert!(warning.starts_with("warning: the changed code does not fit the execution `"), "{warning}");
    assert!(warning.ends_with(expected), "{warning}");
    assert!(wait_for_line(&dev, "help: ").contains("`cargo bedrock executions resume "));
    assert_eq!(status(&app, &dev), json!("PAUSED"));
    app.edit("workers/flow/main.py", "'patience'", "'grace'");
    wait_for_line(&dev, "again, which continues");
    assert_eq!(status(&app, &dev), json!("RUNNING"));
}
