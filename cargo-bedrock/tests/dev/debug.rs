//! `--debug`, with real debuggers attached to workers for longer than the workers' timeouts.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::debugger_clients::{DebugpyClient, NodeInspectorClient};
use crate::dev_process::{DevProcess, dev_command, lock_example, wait_until_ended};
use crate::reload::app_with_python;
use crate::test_app::TestApp;

/// Timeout in the settings of the workers.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Longer than the timeout.
const LONGER_THAN_TIMEOUT: Duration = Duration::from_millis(1500);

const PYTHON: &str = "\
from bedrock.workers.worker import Worker

class Snake(Worker):
    def execute(self, event, context):
        doubled = event[\"n\"] * 2
        return doubled
";

const JAVASCRIPT: &str = "\
const { Worker } = require('./worker');

class Rabbit extends Worker {
  async execute(event) {
    const doubled = event.n * 2;
    return doubled;
  }
}

module.exports = { Rabbit };
";

/// Creates an app whose workers have a short timeout.
fn app_with_timeouts() -> TestApp {
    let app = app_with_python();
    app.run_ok(&["new", "worker", "rabbit.js"]);
    app.write("workers/snake/main.py", PYTHON);
    app.write("workers/rabbit/main.js", JAVASCRIPT);
    let settings =
        |worker: &str| format!("[package.metadata.bedrock.workers.{worker}]\ntimeout = {}\n\n", TIMEOUT.as_secs());
    let table = "[package.metadata.bedrock]";
    app.edit("Cargo.toml", table, &(settings("snake") + &settings("rabbit") + table));
    app
}

fn debug_command(app: &TestApp, arguments: &[&str], python: &Path) -> Command {
    let mut command = app.command(&["dev", "--port", "0", "--message-format", "json"]);
    command.args(arguments).env("BEDROCK_PYTHON", python);
    command
}

fn port(configuration: &Value) -> u16 {
    configuration.as_u64().and_then(|port| port.try_into().ok()).expect("a port")
}

/// Invokes a worker and runs `meanwhile` before the response arrives, which must take longer than the worker's timeout.
/// The closure that `meanwhile` returns lets the worker continue.
fn while_invoked(
    dev: &DevProcess,
    worker: &str,
    event: &Value,
    meanwhile: impl FnOnce() -> Box<dyn FnOnce()>,
) -> (u16, Value) {
    std::thread::scope(|scope| {
        let (response_sender, response) = channel();
        scope.spawn(move || response_sender.send(dev.invoke(worker, event)));
        let resume = meanwhile();
        assert_eq!(
            response.recv_timeout(LONGER_THAN_TIMEOUT),
            Err(RecvTimeoutError::Timeout),
            "the response did not wait for the debugger"
        );
        resume();
        response.recv().expect("a response")
    })
}

#[test]
fn python_breakpoint_stops_without_a_timeout() {
    let Some(python) = testbed::tool("debugpy/bin/python") else { return };
    let app = app_with_timeouts();
    let dev = DevProcess::start_command(debug_command(&app, &["--debug", "snake"], &python));
    let configuration = dev.wait_for("debugger")["configuration"].clone();
    assert_eq!((&configuration["type"], &configuration["request"]), (&json!("debugpy"), &json!("attach")));
    let port = port(&configuration["connect"]["port"]);
    let file = app.path("workers/snake/main.py").canonicalize().expect("a file");
    let stops = |line: u64, expression: &'static str, value: &str, response: &Value| {
        let mut dap = DebugpyClient::attach(port, file.to_str().expect("text"), line);
        let actual = while_invoked(&dev, "snake", &json!({ "n": 21 }), || {
            let (thread, actual) = dap.wait_at_breakpoint(expression);
            assert_eq!(actual, value);
            Box::new(move || {
                dap.resume(&thread);
                dap.detach();
            })
        });
        assert_eq!(actual, (200, response.clone()));
    };
    stops(6, "doubled", "42", &json!(42));
    // After a change the worker runs in another process, on the same debug port.
    app.edit("workers/snake/main.py", "* 2", "* 3");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["snake"]));
    stops(6, "doubled", "63", &json!(63));
    let time = "context.get_remaining_time_in_millis() > 1000000";
    stops(5, time, "True", &json!(63));
    let children = dev.descendants();
    dev.kill();
    wait_until_ended(&children);
}

#[test]
fn javascript_breakpoint_stops_without_a_timeout() {
    let Some(_) = testbed::find_on_path("node") else { return };
    let app = app_with_timeouts();
    let dev = DevProcess::start_command(debug_command(&app, &["--debug", "rabbit"], Path::new("python3")));
    let configuration = dev.wait_for("debugger")["configuration"].clone();
    assert_eq!((&configuration["type"], &configuration["restart"]), (&json!("node"), &json!(true)));
    let port = port(&configuration["port"]);
    let stops = |value: u64| {
        let mut inspector = NodeInspectorClient::attach(port, "rabbit/main.js", 5);
        let actual = while_invoked(&dev, "rabbit", &json!({ "n": 21 }), || {
            assert_eq!(inspector.wait_at_breakpoint("doubled"), json!(value));
            Box::new(move || inspector.resume())
        });
        assert_eq!(actual, (200, json!(value)));
    };
    stops(42);
    app.edit("workers/rabbit/main.js", "* 2", "* 3");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["rabbit"]));
    stops(63);
}

#[test]
fn rust_worker_is_one_process_with_debug_information() {
    let _lock = lock_example();
    let mut command = dev_command();
    command.args(["--port", "0", "--message-format", "json", "--debug", "greeter"]);
    let dev = DevProcess::start_command(command);
    let configuration = dev.wait_for("debugger")["configuration"].clone();
    assert_eq!((&configuration["type"], &configuration["request"]), (&json!("lldb"), &json!("attach")));
    let process = configuration["pid"].as_u64().expect("a process");
    let program = fs::read_link(format!("/proc/{process}/exe")).expect("it runs");
    assert_eq!(configuration["program"], json!(program));
    let bytes = fs::read(&program).expect("a program");
    // Only debug information names a codegen unit like this. That of the standard library is always there, and what
    // follows the `@` depends on whether cargo compiles incrementally.
    let marker = b"workers/greeter/src/main.rs/@/";
    assert!(
        bytes.windows(marker.len()).any(|part| part == marker),
        "the program has no debug information of the worker"
    );
    let responses: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| dev.invoke("greeter", &json!({ "name": "Ada" })))).collect();
        calls.into_iter().map(|call| call.join().expect("a response")).collect()
    });
    assert!(responses.iter().all(|(status, _)| *status == 200), "{responses:?}");
    let same_program = dev
        .children()
        .into_iter()
        .filter(|child| fs::read_link(format!("/proc/{child}/exe")).is_ok_and(|other| other == program));
    assert_eq!(same_program.map(u64::from).collect::<Vec<_>>(), [process]);
}

#[test]
fn impossible_debugging_is_reported_with_help() {
    let app = app_with_timeouts();
    let run = |arguments: &[&str], python: &Path| {
        let output = debug_command(&app, arguments, python).output().expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, stderr) = run(&["--debug", "snak"], Path::new("python3"));
    let expected = "error: no worker named `snak` in this app\nhelp: a worker with a similar name exists: `snake`\n";
    assert_eq!((code, stderr.as_str()), (Some(2), expected));

    let Some(python) = testbed::find_on_path("python3") else { return };
    let venv = app.path("venv");
    let created =
        Command::new(python).args(["-m", "venv", "--without-pip"]).arg(&venv).status().expect("python starts");
    assert!(created.success());
    let (code, stderr) = run(&["--debug", "snake"], &venv.join("bin/python"));
    assert_eq!(code, Some(2), "{stderr}");
    assert!(
        stderr.contains("error: worker `snake` cannot be debugged\n  caused by: debugpy is not installed"),
        "{stderr}"
    );
    assert!(stderr.contains("bin/python -m pip install --target ") && stderr.contains("debugpy debugpy`"), "{stderr}");
}
