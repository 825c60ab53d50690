//! `cargo bedrock executions`, with a dev server whose worker uses a stand-in for AWS's SDK: it waits for a callback.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedrock_build::App;
use bedrock_dev::{Clock, DevServer, DevServerConfig};
use insta::assert_snapshot;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::test_app::{CommandOutput, TestApp};

const FLOW_MANIFEST: &str = "\
[package]
name = \"my_app\"
version = \"0.1.0\"
edition = \"2024\"

[package.metadata.bedrock.workers.flow]
durable = { timeout = \"15m\" }
";

const FLOW: &str = "\
from bedrock.workers.worker import Worker

class Flow(Worker):
    def execute(self, event, context):
        return event
";

/// Starts a callback in the first invocation, and returns its result in the second one.
const SDK: &str = r#"
import json, os, urllib.parse, urllib.request

def durable_execution(function, boto3_client):
    def handler(event, context):
        operations = event["InitialExecutionState"]["Operations"]
        if len(operations) == 1:
            update = {"Id": "cb", "Type": "CALLBACK", "Name": "approval", "Action": "START"}
            body = json.dumps({"CheckpointToken": event["CheckpointToken"], "Updates": [update]}).encode()
            arn = urllib.parse.quote(event["DurableExecutionArn"], safe="")
            url = f"{os.environ['AWS_ENDPOINT_URL_LAMBDA']}/2025-12-01/durable-executions/{arn}/checkpoint"
            headers = {"authorization": f"Bedrock {os.environ['AWS_ACCESS_KEY_ID']}"}
            urllib.request.urlopen(urllib.request.Request(url, body, headers)).read()
            return {"Status": "PENDING"}
        details = operations[1]["CallbackDetails"]
        if "Error" in details:
            return {"Status": "FAILED", "Error": details["Error"]}
        return {"Status": "SUCCEEDED", "Result": details["Result"]}

    return handler
"#;

/// An app whose dev server runs.
struct Served {
    app: TestApp,
    server: Option<DevServer>,
    runtime: Runtime,
    port: String,
}

impl Served {
    fn start() -> Self {
        let app = TestApp::with_manifest(FLOW_MANIFEST)
            .file("src/main.rs", "fn main() {}\n")
            .file("workers/flow/main.py", FLOW)
            .file("workers/flow/aws_durable_execution_sdk_python.py", SDK);
        let runtime = Runtime::new().expect("a runtime");
        let config = DevServerConfig {
            app: App::open(&app.path("")).expect("an app"),
            state_folder: app.path("target/bedrock"),
            install_folder: app.path("target/bedrock"),
            port: 0,
            clock: Clock::real(),
            executables: HashMap::new(),
            log_sink: Arc::new(|_| {}),
            call_graph: None,
            strict: false,
            relaxed: false,
        };
        let server = runtime.block_on(DevServer::start(config)).expect("a server");
        let port = server.url.rsplit(':').next().expect("a port").to_owned();
        Self { app, server: Some(server), runtime, port }
    }

    fn run(&self, args: &[&str]) -> CommandOutput {
        let args: Vec<&str> = [&["executions"][..], args, &["--port", self.port.as_str()]].concat();
        self.app.bedrock(&args)
    }

    /// Starts an execution, and waits until its worker has suspended. Returns the id of the callback.
    fn start_execution(&self, name: &str) -> String {
        let server = self.server.as_ref().expect("it runs");
        let address = server.url.trim_start_matches("http://").to_owned();
        let request = format!(
            "POST /2015-03-31/functions/flow/invocations HTTP/1.1\r\nhost: {address}\r\nauthorization: Bedrock any\r\n\
             x-amz-invocation-type: Event\r\nx-amz-durable-execution-name: {name}\r\nconnection: close\r\n\
             content-length: 2\r\n\r\n{{}}"
        );
        let mut stream = std::net::TcpStream::connect(&address).expect("a connection");
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("sent");
        let mut response = String::new();
        std::io::Read::read_to_string(&mut stream, &mut response).expect("a response");
        assert!(response.starts_with("HTTP/1.1 202"), "{response}");
        let started = Instant::now();
        loop {
            let history = self.run(&["history", name, "--json"]);
            let events: Vec<Value> = serde_json::from_str(&history.stdout).expect("JSON");
            if events.iter().any(|event| event["EventType"] == "InvocationCompleted") {
                let id = events[1]["CallbackStartedDetails"]["CallbackId"].as_str();
                return id.expect("an id").to_owned();
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{events:?}");
        }
    }

    /// Waits until an execution has this status.
    fn wait_for(&self, name: &str, status: &str) -> Value {
        let started = Instant::now();
        loop {
            let shown: Value = serde_json::from_str(&self.run(&["show", name]).stdout).expect("JSON");
            if shown["Status"] == status {
                return shown;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{shown}");
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let _guard = self.runtime.enter();
            server.close();
        }
    }
}

#[test]
fn callback_of_an_execution_is_answered() {
    let served = Served::start();
    let first = served.start_execution("order-7");
    let second = served.start_execution("order-8");
    let history = served.run(&["history", "order-7"]);
    assert!(history.stdout.contains("CallbackStarted      approval  callback "), "{}", history.stdout);
    let list = served.run(&["ls"]);
    assert_eq!(list.stdout.lines().count(), 2, "{}", list.stdout);
    assert!(list.stdout.lines().all(|line| line.contains("  flow  RUNNING  ")), "{}", list.stdout);
    assert_eq!(served.run(&["callback", "heartbeat", &first]).code, Some(0));
    assert_eq!(served.run(&["callback", "succeed", &first, "--payload", "{\"approved\":true}"]).code, Some(0));
    assert_eq!(served.wait_for("order-7", "SUCCEEDED")["Result"], "{\"approved\":true}");
    let failed = served.run(&["callback", "fail", &second, "--error-type", "Rejected", "--message", "no"]);
    assert_eq!(failed.code, Some(0), "{}", failed.stderr);
    assert_eq!(served.wait_for("order-8", "FAILED")["Error"]["ErrorType"], "Rejected");
    let again = served.run(&["callback", "succeed", &first]);
    assert!(
        again.stderr.contains("error: The callback has timed out or has already been completed"),
        "{}",
        again.stderr
    );
    assert!(again.stderr.contains("caused by: CallbackTimeoutException"), "{}", again.stderr);
}

#[test]
fn execution_is_paused_resumed_stopped_and_deleted() {
    let served = Served::start();
    served.start_execution("order-7");
    for (args, status) in [
        (&["pause", "order-7", "--reason", "deploy"][..], "PAUSED"),
        (&["resume", "order-7"], "RUNNING"),
        (&["stop", "order", "--reason", "wrong card"], "STOPPED"),
    ] {
        let changed = served.run(args);
        assert_eq!(changed.code, Some(0), "{}", changed.stderr);
        assert_eq!(served.wait_for("order-7", status)["Status"], status);
    }
    assert_eq!(served.wait_for("order-7", "STOPPED")["Error"]["ErrorMessage"], "wrong card");
    let paused = served.run(&["pause", "order-7"]);
    assert!(paused.stderr.contains("caused by: ResourceConflictException"), "{}", paused.stderr);
    assert_eq!(served.run(&["delete", "order-7"]).code, Some(0));
    let missing = served.run(&["show", "order-7"]);
    assert!(
        missing.stderr.contains("error: no execution `order-7`\nhelp: see `cargo bedrock executions ls`"),
        "{}",
        missing.stderr
    );
    assert!(served.run(&["ls"]).stderr.contains("no executions"));
}

#[test]
fn command_without_server_or_durable_worker_says_what_to_do() {
    let app =
        TestApp::with_manifest(FLOW_MANIFEST).file("src/main.rs", "fn main() {}\n").file("workers/flow/main.py", FLOW);
    let output = app.bedrock(&["executions", "ls", "--port", "1"]);
    assert_ne!(output.code, Some(0));
    assert!(output.stderr.contains("error: no dev server answers at http://127.0.0.1:1"), "{}", output.stderr);
    assert!(
        output.stderr.contains("help: run `cargo bedrock dev`, or name its port with `--port`"),
        "{}",
        output.stderr
    );
    let app = TestApp::with_manifest(crate::test_app::MANIFEST).file("src/main.rs", "fn main() {}\n");
    let output = app.bedrock(&["executions", "ls"]);
    assert!(output.stderr.contains("error: the app `my_app` has no durable worker"), "{}", output.stderr);
}

#[test]
fn invoke_says_how_durable_workers_are_invoked() {
    let served = Served::start();
    let alone = served.app.bedrock(&["invoke", "flow", "--alone"]);
    assert_eq!(alone.code, Some(2), "{}", alone.stderr);
    assert_snapshot!(alone.stderr, @"
    error: worker `flow` is durable, and its executions run only in `cargo bedrock dev`
    help: start `cargo bedrock dev` in another terminal, then `cargo bedrock invoke flow --event`
    ");
    let event = served.app.bedrock(&["invoke", "flow", "--event"]);
    assert!(event.stderr.contains("next: `cargo bedrock executions ls` lists its execution\n"), "{}", event.stderr);
}

#[test]
fn new_durable_worker_has_sdk_and_settings() {
    let app = TestApp::with_manifest(crate::test_app::MANIFEST).file("src/main.rs", "fn main() {}\n");
    for name in ["order_flow.py", "mail_flow.js"] {
        let output = app.bedrock(&["new", "worker", name, "--durable"]);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(
            output.stderr.contains("next: run `cargo bedrock dev`, which runs durable workers"),
            "{}",
            output.stderr
        );
    }
    let manifest = app.read("Cargo.toml");
    for worker in ["order_flow", "mail_flow"] {
        let table = format!(
            "[package.metadata.bedrock.workers.{worker}]\ndurable = {{ timeout = \"30d\", retention = \"14d\" }}\n"
        );
        assert!(manifest.contains(&table), "{manifest}");
    }
    assert!(app.read("workers/order_flow/requirements.txt").contains("\naws-durable-execution-sdk-python=="));
    assert!(app.read("workers/mail_flow/package.json").contains("\"@aws/durable-execution-sdk-js\": "));
    let settings = App::open(&app.path("")).expect("an app");
    assert!(settings.workers.iter().all(|worker| worker.settings.durable.is_some()));
}

#[test]
fn new_durable_rust_worker_has_feature_of_the_runtime() {
    let app = TestApp::new_app();
    app.run_ok(&["new", "worker", "order_flow.rs", "--durable"]);
    let manifest = app.read("workers/order_flow/Cargo.toml");
    let version = env!("CARGO_PKG_VERSION");
    let line =
        format!("\nbedrock = {{ package = \"bedrock-rt\", version = \"{version}\", features = [\"durable\"] }}\n");
    assert!(manifest.contains(&line), "{manifest}");
    assert!(app.read("workers/order_flow/src/lib.rs").contains("\nimpl DurableWorker for OrderFlow {\n"));
    // Only this worker has it.
    assert!(!app.read("Cargo.toml").contains("features = [\"durable\"]"));
    let settings = App::open(&app.path("")).expect("an app");
    let worker = settings.worker("order_flow").expect("a worker");
    assert!(worker.settings.durable.is_some());
    assert_eq!(worker.runtime.id, "provided.al2023");
}

#[test]
fn new_durable_rust_worker_needs_the_compiler_of_the_sdk() {
    let app = TestApp::new_app().file("rustc", "#!/bin/sh\necho 'rustc 1.94.0 (4a4ef493e 2026-03-02)'\n");
    fs::set_permissions(app.path("rustc"), fs::Permissions::from_mode(0o755)).expect("a program");
    let before = app.files();
    let new = |arguments: &[&str]| {
        let output = app.command(arguments).env("RUSTC", app.path("rustc")).output().expect("it starts");
        app.show(&output)
    };
    assert_snapshot!(new(&["new", "worker", "order_flow.rs", "--durable"]), @r"
    exit code 1
    -- stderr
    error: durable workers in Rust need Rust 1.94.1 or newer, and the one here is 1.94.0
      caused by: AWS's SDK for durable functions, `aws-durable-execution-sdk`, is not compiled by older versions
    help: run `rustup update stable`, or change the version in `rust-toolchain.toml`
    help: or write the worker in Python or JavaScript
    ");
    assert!(app.files() == before);
    // No other worker needs it.
    assert!(new(&["new", "worker", "resizer.rs"]).contains("done: created worker `resizer`"));
    assert!(new(&["new", "worker", "mail_flow.py", "--durable"]).contains("done: created worker `mail_flow`"));
}
