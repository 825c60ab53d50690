//! Executions of durable workers that keep the code with which they started while their worker is saved.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::dev_process::DevProcess;
use crate::test_app::TestApp;

const PYTHON: &str = "\
import os, sys
sys.path.append(os.environ['DURABLE_SDK'])
from bedrock.workers.worker import Worker
from lib.texts import TEXT


class Flow(Worker):
    def execute(self, event, context):
        context.step(lambda _: 1, name='charge')
        context.create_callback(name='approval').result()
        return context.step(lambda _: TEXT, name='mail')
";

const JAVASCRIPT: &str = "\
const TEXT = require('./lib/texts.js');

exports.Flow = class {
  async execute(event, context) {
    await context.step('charge', async () => 1);
    const [answer] = await context.createCallback('approval');
    await answer;
    return context.step('mail', async () => TEXT);
  }
};
";

/// A dev server of an app with the durable worker `flow`, which returns a text of another file after a callback.
struct Flow {
    app: TestApp,
    main: &'static str,
    texts: &'static str,
    dev: Option<DevProcess>,
}

impl Flow {
    /// Starts the server. Returns `None` if AWS's SDKs are not installed.
    fn start(main: &'static str, code: &str, texts: &'static str, text: &str) -> Option<Self> {
        let lib = testbed::tool("durable/bin/python")?.parent()?.parent()?.join("lib");
        let mut sites = fs::read_dir(lib).ok()?.flatten().map(|entry| entry.path().join("site-packages"));
        let site: PathBuf = sites.find(|path| path.is_dir())?;
        let node_modules = testbed::tool("durable_sdk/node_modules")?;
        let app = TestApp::compilable().file(main, code).file(texts, text);
        app.append(
            "Cargo.toml",
            &format!(
                "\n[package.metadata.bedrock.dev]\nendpoint = \"http://127.0.0.1:1\"\n\
                 \n[package.metadata.bedrock.workers.flow]\ndurable = {{ timeout = \"60d\" }}\ntimeout = 900\n\
                 env = {{ DURABLE_SDK = \"{}\" }}\n",
                site.display()
            ),
        );
        symlink(node_modules, app.path("workers/flow/node_modules")).expect("a link");
        let mut flow = Self { app, main, texts, dev: None };
        flow.run_dev();
        Some(flow)
    }

    fn run_dev(&mut self) {
        self.dev =
            Some(DevProcess::start_command(self.app.command(&["dev", "--port", "0", "--message-format", "json"])));
    }

    fn dev(&self) -> &DevProcess {
        self.dev.as_ref().expect("it runs")
    }

    /// Runs a command until `find` finds something in its output.
    fn wait<T>(&self, args: &[&str], find: impl Fn(&str) -> Option<T>) -> T {
        let port = self.dev().port().to_string();
        let args = [&["executions"][..], args, &["--port", port.as_str()]].concat();
        let started = Instant::now();
        loop {
            let output = self.app.bedrock(&args);
            if let Some(found) = find(&output.stdout) {
                return found;
            }
            let is_late = started.elapsed() > Duration::from_secs(300);
            assert!(!is_late, "{args:?}: {} {}", output.stdout, output.stderr);
        }
    }

    /// Starts an execution, and waits until it waits for its callback. Returns its ARN.
    fn begin(&self) -> String {
        let newest = |text: &str| {
            let all: Value = serde_json::from_str(text).ok()?;
            Some((all.as_array()?.len(), all[0]["DurableExecutionArn"].as_str().unwrap_or_default().to_owned()))
        };
        let (count, _) = self.wait(&["ls", "--json"], newest);
        assert_eq!(self.dev().post_event("flow", "{}"), 202);
        let arn =
            self.wait(&["ls", "--json"], |text| newest(text).filter(|(found, _)| *found > count).map(|(_, arn)| arn));
        self.wait(&["history", &arn], |text| text.contains("InvocationCompleted").then_some(()));
        arn
    }

    /// Answers the callback of an execution, and returns its result.
    fn finish(&self, arn: &str) -> Value {
        let id = self.wait(&["history", arn, "--json"], |text| {
            let events: Value = serde_json::from_str(text).ok()?;
            let mut ids =
                events.as_array()?.iter().filter_map(|event| event["CallbackStartedDetails"]["CallbackId"].as_str());
            ids.next().map(str::to_owned)
        });
        self.wait(&["callback", "succeed", &id], |_| Some(()));
        self.wait(&["show", arn], |text| {
            let execution: Value = serde_json::from_str(text).ok()?;
            (execution["Status"] != "RUNNING").then(|| execution["Result"].clone())
        })
    }

    /// Waits for a line of the worker that contains `text`.
    fn wait_for_line(&self, text: &str) -> String {
        loop {
            let event = self.dev().wait_for("log");
            if let Some(line) = event["message"].as_str().filter(|line| line.contains(text)) {
                return line.to_owned();
            }
        }
    }

    /// Waits until the code of an execution is `current` or `old`.
    fn wait_for_code(&self, arn: &str, code: &str) {
        self.wait(&["show", arn], |text| {
            let execution: Value = serde_json::from_str(text).ok()?;
            (execution["Code"] == code).then_some(())
        });
    }

    fn stored_codes(&self) -> usize {
        fs::read_dir(self.app.path("target/bedrock/code/flow")).map_or(0, |entries| entries.flatten().count())
    }
}

/// An execution ends with the code with which it began, also after the server was killed.
fn check_old_code(mut flow: Flow) {
    let first = flow.begin();
    flow.app.edit(flow.texts, "one", "two");
    flow.dev().wait_for("reloaded");
    // A file that fits: the execution continues with it.
    flow.wait_for_code(&first, "current");
    flow.app.edit(flow.main, "'charge'", "'bill'");
    let warning = flow.wait_for_line("keeps the old code");
    let expected = "operation 1 of the history is the step `charge`, and the code has the step `bill` there";
    assert!(warning.starts_with("warning: ") && warning.ends_with(expected), "{warning}");
    assert!(flow.wait_for_line("help: ").contains("`cargo bedrock executions update-code "));
    flow.app.edit(flow.texts, "two", "three");
    flow.dev().wait_for("reloaded");
    let second = flow.begin();
    let list = flow.wait(&["ls"], |text| Some(text.to_owned()));
    assert_eq!(list.matches("RUNNING (old code)").count(), 1, "{list}");
    // SIGKILL.
    flow.dev.take().expect("it runs").kill();
    flow.run_dev();
    assert!(flow.wait_for_line("keeps the old code").ends_with(expected));
    assert_eq!(flow.finish(&first), "\"two\"");
    // Its code is deleted, and that of the other execution is not.
    let started = Instant::now();
    while flow.stored_codes() > 1 {
        assert!(started.elapsed() < Duration::from_secs(120), "{} codes", flow.stored_codes());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(flow.finish(&second), "\"three\"");
    // The user decides otherwise.
    let third = flow.begin();
    flow.app.edit(flow.main, "'bill'", "'invoice'");
    flow.wait_for_line("keeps the old code");
    flow.wait_for_code(&third, "old");
    flow.wait(&["update-code", &third], |_| Some(()));
    flow.wait_for_code(&third, "current");
}

#[test]
fn python_execution_keeps_its_code() {
    let texts = ("workers/flow/lib/texts.py", "TEXT = 'one'\n");
    if let Some(flow) = Flow::start("workers/flow/main.py", PYTHON, texts.0, texts.1) {
        check_old_code(flow);
    }
}

#[test]
fn javascript_execution_keeps_its_code() {
    let texts = ("workers/flow/lib/texts.js", "module.exports = 'one';\n");
    if let Some(flow) = Flow::start("workers/flow/main.js", JAVASCRIPT, texts.0, texts.1) {
        check_old_code(flow);
    }
}
