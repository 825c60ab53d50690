//! Durable workers in Rust. This is the only test that compiles AWS's SDK, which takes minutes: it also runs AWS's
//! conformance requirements.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dev_process::DevProcess;
use crate::durable_rust_replay;
use crate::test_app::{TestApp, checkout};

/// Time for the operations of an execution.
const TIMEOUT: Duration = Duration::from_secs(120);

const WORKER: &str = r#"
use std::fs::File;
use std::io::Write;
use std::time::Duration;

use bedrock::durable::{DurableContext, DurableWorker, Result};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Order {
    pub log: String,
}

#[derive(Serialize, Deserialize)]
pub struct Receipt {
    pub greeting: String,
    pub approval: String,
}

#[derive(Serialize, Deserialize)]
struct Person {
    name: String,
}

#[derive(Serialize, Deserialize)]
struct Greeting {
    message: String,
}

#[bedrock::worker]
pub struct OrderFlow;

impl DurableWorker for OrderFlow {
    type Event = Order;
    type Response = Receipt;

    async fn execute(&self, event: Order, context: DurableContext) -> Result<Receipt> {
        note(&event.log, "run")?;
        let log = event.log.clone();
        let charge = move |_| async move {
            note(&log, "charge")?;
            Ok("Ada".to_owned())
        };
        let name = context.step(charge).name("charge").await?;
        context.wait(Duration::from_secs(120)).name("grace period").await?;
        let greeting: Greeting = context.invoke("greeter", Person { name }).name("greet").await?;
        let ask = move |_, id| async move { Ok(note(&event.log, &format!("callback {id}"))?) };
        let approval: String = context.wait_for_callback(ask).name("approval").await?;
        if approval == "no" {
            return Err("the order was refused".into());
        }
        Ok(Receipt { greeting: greeting.message, approval })
    }
}

fn note(log: &str, line: &str) -> std::io::Result<()> {
    writeln!(File::options().create(true).append(true).open(log)?, "{line}")
}
"#;

const ENDPOINT: &str = "\
use order_flow::{Order, OrderFlow};

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    bedrock::serve(axum::Router::new().route(\"/order\", axum::routing::post(order))).await
}

async fn order(log: String) -> Result<(), (axum::http::StatusCode, String)> {
    let failed = |error: bedrock::Error| (axum::http::StatusCode::BAD_GATEWAY, error.to_string());
    bedrock::invoke!(OrderFlow, Order { log }).await.map_err(failed)
}
";

/// The files of the handlers, and where they are in the worker.
const HANDLERS: [(&str, &str); 2] = [
    ("rust_handlers.rs", "workers/rust_handlers/src/lib.rs"),
    ("rust_batches.rs", "workers/rust_handlers/src/rust_batches.rs"),
];

const ECHO: &str = "\
import os, sys
sys.path.append(os.environ['DURABLE_SDK'])
from bedrock.workers.worker import Worker

class Echo(Worker):
    def execute(self, event, context):
        return event
";

const FAILING: &str = "\
import os, sys
sys.path.append(os.environ['DURABLE_SDK'])
from bedrock.workers.worker import Worker

class Failing(Worker):
    def execute(self, event, context):
        raise ValueError('it always fails')
";

/// Returns an app with the durable worker, with one as `new` makes it, and with the handlers of the requirements.
fn app() -> TestApp {
    let app = TestApp::compilable();
    for worker in ["order_flow.rs", "new_flow.rs", "rust_handlers.rs", "varied_flow.rs"] {
        app.run_ok(&["new", "worker", worker, "--durable"]);
    }
    durable_rust_replay::write(&app);
    app.write("workers/order_flow/src/lib.rs", WORKER);
    for (file, path) in HANDLERS {
        app.write(path, &fs::read_to_string(handlers().join(file)).expect(file));
    }
    app.edit("workers/rust_handlers/Cargo.toml", "\nserde = ", "\nserde_json = \"1\"\nserde = ");
    let settings = "\n[package.metadata.bedrock.workers.rust_handlers]\ndurable = { timeout = \"30d\"";
    app.edit("Cargo.toml", settings, &settings.replace("30d", "15m"));
    for (worker, code) in [("echo", ECHO), ("failing", FAILING)] {
        fs::create_dir(app.path(&format!("workers/{worker}"))).expect("a folder");
        app.write(&format!("workers/{worker}/main.py"), code);
        let sdk = site_packages().unwrap_or_default().display().to_string();
        app.append(
            "Cargo.toml",
            &format!(
                "\n[package.metadata.bedrock.workers.{worker}]\ndurable = {{ timeout = \"15m\" }}\n\
                 env = {{ DURABLE_SDK = \"{sdk}\" }}\n"
            ),
        );
    }
    app.write("src/main.rs", ENDPOINT);
    // The lock file of the workspace has the AWS SDK of its own MSRV, which AWS's SDK for durable functions is too new for.
    fs::copy(checkout().join("cargo-bedrock/tests/dev/durable_rust.lock"), app.path("Cargo.lock")).expect("a file");
    app
}

struct Served {
    app: TestApp,
    dev: DevProcess,
}

impl Served {
    /// Runs `cargo bedrock executions` with `--json`, and returns what it prints.
    fn executions(&self, arguments: &[&str]) -> Value {
        let port = self.dev.port().to_string();
        let arguments = [&["executions"], arguments, &["--json", "--port", &port]].concat();
        let output = self.app.bedrock(&arguments);
        assert_eq!(output.code, Some(0), "{arguments:?}: {}", output.stderr);
        serde_json::from_str(&output.stdout).unwrap_or_default()
    }

    fn last_event(&self, arn: &str) -> Value {
        let history = self.executions(&["history", arn]);
        history.as_array().and_then(|events| events.last()).cloned().unwrap_or_default()
    }

    /// Answers the callback that the worker has written into its log, and returns its execution after the end.
    fn answer(&self, log: &Path, answer: &str) -> Value {
        let id = wait_until(|| {
            let text = fs::read_to_string(log).unwrap_or_default();
            text.lines().find_map(|line| line.strip_prefix("callback ")).map(str::to_owned)
        });
        let port = self.dev.port().to_string();
        self.app.run_ok(&["executions", "callback", "succeed", &id, "--payload", answer, "--port", &port]);
        wait_until(|| {
            let all = self.executions(&["ls"]);
            let mut all = all.as_array().cloned().unwrap_or_default().into_iter();
            all.find(|execution| execution["Status"] != "RUNNING")
        })
    }
}

pub(crate) fn wait_until<T>(mut find: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < deadline, "it takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn count(log: &Path, line: &str) -> usize {
    fs::read_to_string(log).expect("a log").lines().filter(|found| *found == line).count()
}

#[test]
fn durable_rust_worker_runs_in_dev_and_is_built() {
    let app = app();
    let dev =
        DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json", "--clock", "fast"]));
    let served = Served { app, dev };
    let log = served.app.path("order.log");
    let (status, body) = served.dev.post("/order", log.to_str().expect("text"));
    assert_eq!(status, 200, "{body}");
    let ended = served.answer(&log, "\"yes\"");
    assert_eq!(ended["Status"], "SUCCEEDED", "{ended}");
    // Each of the wait, the chained worker and the callback suspends the execution.
    assert!(count(&log, "run") >= 4);
    assert_eq!(count(&log, "charge"), 1);
    let arn = ended["DurableExecutionArn"].as_str().expect("an ARN");
    let last = &served.last_event(arn)["ExecutionSucceededDetails"]["Result"]["Payload"];
    let result: Value = serde_json::from_str(last.as_str().expect("a result")).expect("JSON");
    assert_eq!(result, json!({ "greeting": "hello Ada", "approval": "yes" }));
    served.app.run_ok(&["executions", "delete", arn, "--port", &served.dev.port().to_string()]);

    check_old_code(&served);

    let log = served.app.path("refused.log");
    served.dev.post("/order", log.to_str().expect("text"));
    let ended = served.answer(&log, "\"no\"");
    assert_eq!(ended["Status"], "FAILED", "{ended}");
    let arn = ended["DurableExecutionArn"].as_str().expect("an ARN");
    let error = &served.last_event(arn)["ExecutionFailedDetails"]["Error"]["Payload"];
    // There is a stack trace if the environment of the tests asks for one.
    assert_eq!(
        (&error["ErrorType"], &error["ErrorMessage"]),
        (&json!("HandlerError"), &json!("the order was refused"))
    );

    check_graph(&served.app);
    durable_rust_replay::record(&served.app, &served.dev);
    drop(served.dev);
    durable_rust_replay::check(&served.app);
    check_conformance(&served.app);
    check_build(&served.app);
    if std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "nightly") {
        // It compiles the SDK once more, in the profile of tests.
        let tests = served.app.cargo(&["test", "--package", "new_flow", "--quiet"]);
        assert_eq!(tests.code, Some(0), "{}{}", tests.stdout, tests.stderr);
    }
}

/// An execution ends with the program with which it began.
fn check_old_code(served: &Served) {
    let log = served.app.path("old.log");
    served.dev.post("/order", log.to_str().expect("text"));
    wait_until(|| fs::read_to_string(&log).is_ok_and(|text| text.contains("callback ")).then_some(()));
    let changed = WORKER.replace(".name(\"charge\")", ".name(\"bill\")");
    let changed = changed.replace("greeting: greeting.message", "greeting: \"new\".to_owned()");
    served.app.write("workers/order_flow/src/lib.rs", &changed);
    let warning = loop {
        let event = served.dev.wait_for("log");
        let line = event["message"].as_str().unwrap_or_default();
        if line.contains("keeps the old code") {
            break line.to_owned();
        }
    };
    let expected = "operation 1 of the history is the step `charge`, and the code has the step `bill` there";
    assert!(warning.ends_with(expected), "{warning}");
    let ended = served.answer(&log, "\"yes\"");
    let arn = ended["DurableExecutionArn"].as_str().expect("an ARN");
    let last = served.last_event(arn).to_string();
    assert!(last.contains("hello Ada"), "{last}");
    assert_eq!(count(&log, "charge"), 1);
    let port = served.dev.port().to_string();
    served.app.run_ok(&["executions", "delete", arn, "--port", &port]);
    served.app.write("workers/order_flow/src/lib.rs", WORKER);
    served.dev.wait_for("reloaded");
}

/// Runs AWS's requirements with AWS's own validator, if the tools are installed. Their timeouts need the real clock.
fn check_conformance(app: &TestApp) {
    let tools = (testbed::tool("durable/bin/python"), testbed::tool("durable_validator"), site_packages());
    let (Some(python), Some(validator), Some(_)) = tools else { return };
    let dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    let numbers = numbers();
    assert!(numbers.len() > 130, "{numbers:?}");
    let mut command = Command::new(python);
    command.arg(handlers().join("validate.py")).arg(validator).arg(format!("http://127.0.0.1:{}", dev.port()));
    let output = command.arg("rust_handlers").args(&numbers).output().expect("Python");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed: Vec<_> = printed.lines().filter(|line| !line.ends_with(" passed")).collect();
    assert!(failed.is_empty(), "{failed:#?}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(printed.lines().count(), numbers.len());
}

/// Returns the numbers of the requirements that the handlers cover: the patterns `"3-1"` of their `match`.
fn numbers() -> Vec<String> {
    let text = HANDLERS.map(|(file, _)| fs::read_to_string(handlers().join(file)).expect(file)).concat();
    let patterns = text.lines().filter_map(|line| line.trim_start().split_once(" => "));
    let patterns = patterns.flat_map(|(patterns, _)| patterns.split(" | "));
    let numbers = patterns.filter_map(|pattern| pattern.strip_prefix('"')?.strip_suffix('"'));
    numbers.filter(|number| number.contains('-')).map(str::to_owned).collect()
}

/// The folder of the handlers.
fn handlers() -> PathBuf {
    checkout().join("conformance/durable")
}

/// Returns the folder of AWS's SDK for Python, if it is installed.
fn site_packages() -> Option<PathBuf> {
    let lib = testbed::tool("durable/bin/python")?.parent()?.parent()?.join("lib");
    let versions = fs::read_dir(lib).ok()?.filter_map(Result::ok);
    versions.map(|entry| entry.path().join("site-packages")).find(|path| path.is_dir())
}

/// Calls of `context.invoke` are in the graph.
fn check_graph(app: &TestApp) {
    let output = app.bedrock(&["graph", "--format", "json"]);
    let graph: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}", output.stderr));
    let edges = graph["edges"].as_array().expect("edges").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let edges: Vec<_> = edges.map(|edge| format!("{} {}", text(&edge["from"]), text(&edge["to"]))).collect();
    assert_eq!(edges, ["endpoint order_flow", "order_flow greeter", "rust_handlers echo", "rust_handlers failing"]);
}

/// A misspelt worker in `context.invoke` is an error of `build`; a built worker is durable in the manifest.
fn check_build(app: &TestApp) {
    app.edit("workers/order_flow/src/lib.rs", "invoke(\"greeter\"", "invoke(\"greter\"");
    let output = app.bedrock(&["build", "--worker=order_flow"]);
    let message = "error: workers/order_flow/src/lib.rs:46: no worker named `greter` in this app\n";
    assert!(output.code == Some(1) && output.stderr.contains(message), "{}", output.stderr);
    app.edit("workers/order_flow/src/lib.rs", "invoke(\"greter\"", "invoke(\"greeter\"");
    let setting =
        "[package.metadata.bedrock.workers.order_flow]\ndurable = { timeout = \"30d\", retention = \"14d\" }\n";
    app.edit("Cargo.toml", setting, "");
    let output = app.bedrock(&["build", "--worker=order_flow"]);
    let message = "the worker implements `DurableWorker`: add `durable = { timeout = \"30d\" }` to its settings";
    assert!(output.code == Some(1) && output.stderr.contains(message), "{}", output.stderr);
    app.append("Cargo.toml", setting);
    app.run_ok(&["build", "--worker=order_flow"]);
    let manifest: Value = serde_json::from_str(&app.read("target/bedrock/manifest.json")).expect("JSON");
    let worker = &manifest["workers"]["order_flow"];
    assert_eq!(worker["durable"], json!({ "timeout": 2_592_000, "retention": 14 }), "{worker}");
    assert_eq!(worker["invokes"], json!(["greeter"]), "{worker}");
}
