//! `cargo bedrock replay`: executions that a dev server recorded, against changed code, with AWS's own SDKs.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedrock_build::App;
use bedrock_dev::{Clock, DevServer, DevServerConfig, HttpRequest, request_to};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::test_app::{CommandOutput, TestApp};

/// The steps note that they ran.
const PYTHON: &str = "\
import os, sys
sys.path.append(os.environ['DURABLE_SDK'])
from aws_durable_execution_sdk_python.config import Duration
from bedrock.workers.worker import Worker


def note(name):
    with open(os.environ['RAN'], 'a') as file:
        file.write(name + '\\n')


class Flow(Worker):
    def execute(self, event, context):
        context.step(lambda _: note('charge'), name=event['first'])
        context.step(lambda _: note('pack'), name='pack')
        context.wait(Duration.from_days(30), name='grace')
        context.step(lambda _: note('mail'), name='mail')
        return event
";

const JAVASCRIPT: &str = "\
const { appendFileSync } = require('node:fs');
const note = async (name) => appendFileSync(process.env.RAN, `${name}\\n`);

exports.Flow = class {
  async execute(event, context) {
    await context.step(event.first, () => note('charge'));
    await context.step('pack', () => note('pack'));
    await context.wait('grace', { days: 30 });
    await context.step('mail', () => note('mail'));
    return event;
  }
};
";

/// An app with one worker, and the history of an execution that waits.
struct Recorded {
    app: TestApp,
    /// The main file of the worker.
    main: &'static str,
    code: &'static str,
    /// Where the steps note that they ran.
    ran: PathBuf,
}

impl Recorded {
    /// Runs an execution until it waits. Returns `None` if a tool is not installed.
    fn record(main: &'static str, code: &'static str) -> Option<Self> {
        let python = testbed::tool("durable/bin/python")?;
        let lib = python.parent()?.parent()?.join("lib");
        let mut sites = fs::read_dir(lib).ok()?.flatten().map(|entry| entry.path().join("site-packages"));
        let site = sites.find(|path| path.is_dir())?;
        let node_modules = testbed::tool("durable_sdk/node_modules")?;
        let app = TestApp::with_manifest("").file("src/main.rs", "fn main() {}\n").file(main, code);
        let ran = app.path("ran.txt");
        app.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"my_app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                 [package.metadata.bedrock.workers.flow]\ndurable = {{ timeout = \"60d\" }}\n\
                 env = {{ DURABLE_SDK = \"{}\", RAN = \"{}\" }}\n",
                site.display(),
                ran.display()
            ),
        );
        symlink(node_modules, app.path("workers/flow/node_modules")).expect("a link");
        let recorded = Self { app, main, code, ran };
        recorded.run_until_it_waits();
        Some(recorded)
    }

    fn run_until_it_waits(&self) {
        let runtime = Runtime::new().expect("a runtime");
        let config = DevServerConfig {
            app: App::open(&self.app.path("")).expect("an app"),
            state_folder: self.app.path("target/bedrock"),
            install_folder: self.app.path("target/bedrock"),
            port: 0,
            clock: Clock::real(),
            executables: HashMap::new(),
            log_sink: Arc::new(|_| {}),
            call_graph: None,
            strict: false,
            relaxed: false,
        };
        let server = runtime.block_on(DevServer::start(config)).expect("a server");
        let headers = [
            ("authorization", "Bedrock any"),
            ("x-amz-invocation-type", "Event"),
            ("x-amz-durable-execution-name", "order-7"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let path = "/2015-03-31/functions/flow/invocations".to_owned();
        let request = HttpRequest { method: "POST".to_owned(), path, headers, body: "{\"first\":\"charge\"}".into() };
        let response = runtime.block_on(request_to(&server.url, None, request)).expect("a response");
        assert_eq!(response.status, 202);
        let port = server.url.rsplit(':').next().expect("a port").to_owned();
        let started = Instant::now();
        loop {
            let history = self.app.bedrock(&["executions", "history", "order-7", "--json", "--port", &port]);
            let events: Vec<Value> = serde_json::from_str(&history.stdout).expect("JSON");
            if events.iter().any(|event| event["EventType"] == "InvocationCompleted") {
                self.app.write("history.json", &history.stdout);
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{events:?}");
        }
        let replayed = self.replay(&["--port", &port]);
        assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
        let _guard = runtime.enter();
        server.close();
    }

    fn replay(&self, arguments: &[&str]) -> CommandOutput {
        self.app.bedrock(&[&["replay"], arguments].concat())
    }

    /// Replays the history with `from` replaced in the code. Returns where they part.
    fn replay_changed(&self, from: &str, to: &str) -> String {
        assert!(self.code.contains(from), "{from}");
        self.app.write(self.main, &self.code.replace(from, to));
        let output = self.replay(&["flow", "--history", "history.json"]);
        assert_eq!(output.code, Some(1), "{}", output.stderr);
        let cause = output.stderr.lines().find_map(|line| line.trim().strip_prefix("caused by: "));
        let start = "error: the code of worker `flow` does not fit the execution `history.json`";
        assert!(output.stderr.starts_with(start), "{}", output.stderr);
        cause.expect("a cause").to_owned()
    }

    fn ran(&self) -> String {
        fs::read_to_string(&self.ran).expect("the notes of the steps")
    }
}

/// The changes of the code, as texts to replace, and what `replay` says.
fn check_changes(recorded: &Recorded, changes: &[(&str, &str, &str)]) {
    let stored = recorded.replay(&[]);
    assert_eq!((stored.code, stored.stderr.as_str()), (Some(0), "done: the code fits 1 execution\n"));
    for (from, to, expected) in changes {
        assert_eq!(recorded.replay_changed(from, to), *expected, "{from} → {to}");
    }
    let (from, to, expected) = changes[0];
    recorded.app.write(recorded.main, &recorded.code.replace(from, to));
    let stored = recorded.replay(&["flow", "--execution", "order"]);
    assert!(stored.stderr.contains(&format!("execution `order-7`\n  caused by: {expected}")), "{}", stored.stderr);
    assert_eq!(recorded.replay(&["--execution", "other"]).code, Some(2));
    // An execution that cannot be replayed does not hide the others.
    recorded.app.write("empty.json", "[]");
    let both = recorded.replay(&["flow", "--history", "empty.json", "history.json"]);
    assert!(both.stderr.contains("failed to replay `empty.json`") && both.stderr.contains(expected), "{}", both.stderr);
    check_missing(recorded);
    // Changes after the wait fit, and nothing that is replayed runs.
    recorded.app.write(recorded.main, &recorded.code.replace("'mail'", "'letter'"));
    assert_eq!(recorded.replay(&[]).code, Some(0));
    assert_eq!(recorded.ran(), "charge\npack\n");
}

/// Another durable worker without recorded executions is an error if it is named, and else a note.
fn check_missing(recorded: &Recorded) {
    let app = &recorded.app;
    app.write(recorded.main, recorded.code);
    fs::create_dir(app.path("workers/other")).expect("a folder");
    app.write("workers/other/main.py", "");
    app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.other]\ndurable = { timeout = \"60d\" }\n");
    let named = recorded.replay(&["flow", "other"]);
    let help = "help: start one while `cargo bedrock dev` runs, or leave the worker out\n";
    let expected = format!("error: worker `other` has no recorded execution\n{help}");
    assert_eq!((named.code, named.stderr), (Some(2), expected));
    let all = recorded.replay(&[]);
    let expected = "note: worker `other` has no recorded execution\ndone: the code fits 1 execution\n";
    assert_eq!((all.code, all.stderr.as_str()), (Some(0), expected));
    // The execution is that of another worker, so nothing is missing.
    assert_eq!(recorded.replay(&["--execution", "order"]).code, Some(0));
}

#[test]
fn python_code_is_compared_with_recorded_executions() {
    let Some(recorded) = Recorded::record("workers/flow/main.py", PYTHON) else { return };
    let charge = "        context.step(lambda _: note('charge'), name=event['first'])\n";
    let pack = "        context.step(lambda _: note('pack'), name='pack')\n";
    let wait = "        context.wait(Duration.from_days(30), name='grace')\n";
    let with_new = format!("        context.step(lambda _: note('new'), name='new')\n{charge}");
    let in_order = format!("{charge}{pack}");
    let swapped = format!("{pack}{charge}");
    let changes: [(&str, &str, &str); 7] = [
        (charge, "", "operation 1 of the history is the step `charge`, and the code has the step `pack` there"),
        (charge, &with_new, "operation 1 of the history is the step `charge`, and the code has the step `new` there"),
        (
            "name='pack'",
            "name='wrap'",
            "operation 2 of the history is the step `pack`, and the code has the step `wrap` there",
        ),
        (
            &in_order,
            &swapped,
            "operation 1 of the history is the step `charge`, and the code has the step `pack` there",
        ),
        (
            wait,
            "        if event.get('wait'):\n            context.wait(Duration.from_days(30), name='grace')\n",
            "operation 3 of the history is the wait `grace`, and the code has the step `mail` there",
        ),
        (wait, "        return 1\n", "the code does not come to the wait `grace`, operation 3 of the history"),
        (
            pack,
            "        raise ValueError('no more')\n",
            "the code fails after the step `charge`, operation 1 of the history: ValueError: no more",
        ),
    ];
    check_changes(&recorded, &changes);
    check_endpoints(&recorded);
}

/// Calls outside of steps do not come to AWS.
fn check_endpoints(recorded: &Recorded) {
    let found = recorded.ran.with_extension("endpoint");
    let noting = format!(
        "        open('{}', 'w').write(os.environ['AWS_ENDPOINT_URL'] + ' ' + os.environ['AWS_ENDPOINT_URL_LAMBDA'])\n",
        found.display()
    );
    let first = "        context.step(lambda _: note('charge')";
    assert!(recorded.code.contains(first));
    recorded.app.write(recorded.main, &recorded.code.replace(first, &(noting + first)));
    for (given, expected) in [
        (None, "http://127.0.0.1:1 http://127.0.0.1:1"),
        (Some("http://127.0.0.1:2"), "http://127.0.0.1:2 http://127.0.0.1:2"),
    ] {
        let mut command = recorded.app.command(&["replay", "flow", "--history", "history.json"]);
        command.env_remove("AWS_ENDPOINT_URL_LAMBDA").env_remove("AWS_ENDPOINT_URL");
        command.envs(given.map(|url| ("AWS_ENDPOINT_URL", url)));
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read_to_string(&found).expect("the endpoints"), expected);
    }
}

#[test]
fn javascript_code_is_compared_with_recorded_executions() {
    let Some(recorded) = Recorded::record("workers/flow/main.js", JAVASCRIPT) else { return };
    let charge = "    await context.step(event.first, () => note('charge'));\n";
    let pack = "    await context.step('pack', () => note('pack'));\n";
    let wait = "    await context.wait('grace', { days: 30 });\n";
    let in_order = format!("{charge}{pack}");
    let swapped = format!("{pack}{charge}");
    let changes: [(&str, &str, &str); 6] = [
        (charge, "", "operation 1 of the history is the step `charge`, and the code has the step `pack` there"),
        (
            "step('pack'",
            "step('wrap'",
            "operation 2 of the history is the step `pack`, and the code has the step `wrap` there",
        ),
        (
            &in_order,
            &swapped,
            "operation 1 of the history is the step `charge`, and the code has the step `pack` there",
        ),
        (
            wait,
            "    if (event.wait) await context.wait('grace', { days: 30 });\n",
            "operation 3 of the history is the wait `grace`, and the code has the step `mail` there",
        ),
        (wait, "    return 1;\n", "the code does not come to the wait `grace`, operation 3 of the history"),
        (
            pack,
            "    throw new TypeError('no more');\n",
            "the code fails after the step `charge`, operation 1 of the history: TypeError: no more",
        ),
    ];
    check_changes(&recorded, &changes);
}

#[test]
fn replay_without_executions_or_with_wrong_names_is_an_error() {
    let manifest =
        "[package]\nname = \"my_app\"\n[package.metadata.bedrock.workers.flow]\ndurable = { timeout = \"1d\" }\n";
    let app = TestApp::with_manifest(manifest)
        .file("src/main.rs", "fn main() {}\n")
        .file("workers/flow/main.py", "")
        .file("workers/other/main.py", "")
        .file("history.json", "{}");
    let error = |arguments: &[&str]| {
        let output = app.bedrock(&[&["replay"], arguments].concat());
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        output.stderr
    };
    assert!(error(&[]).starts_with("error: there is no execution to replay\n"));
    assert!(error(&["--execution", "zzz"]).starts_with("error: there is no execution `zzz`\n"));
    assert!(error(&["other"]).starts_with("error: worker `other` is not durable\n"));
    assert!(error(&["flow", "--history", "history.json"]).contains("caused by: it has no `Events`"));
    app.write("history.json", "[]");
    assert!(error(&["--history", "history.json"]).contains("caused by: the history has no event `ExecutionStarted`"));
}
