//! `--debug`: real debuggers that look into workers, for as long as they like.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::debuggers::{Dap, Inspector};
use crate::reload::Shop;
use crate::running::{Running, command, gone, turn};

/// What a call of a worker may take by its settings.
const TIMEOUT: Duration = Duration::from_secs(1);
/// More than that.
const LONGER: Duration = Duration::from_millis(1500);

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

/// A shop whose workers have little time.
fn shop() -> Shop {
    let shop = Shop::new();
    shop.cargo_bedrock(&["new", "worker", "rabbit.js"]);
    shop.write("workers/snake/main.py", PYTHON);
    shop.write("workers/rabbit/main.js", JAVASCRIPT);
    let settings =
        |worker: &str| format!("[package.metadata.bedrock.workers.{worker}]\ntimeout = {}\n\n", TIMEOUT.as_secs());
    let table = "[package.metadata.bedrock]";
    shop.edit("Cargo.toml", table, &(settings("snake") + &settings("rabbit") + table));
    shop
}

fn debugging(shop: &Shop, arguments: &[&str], python: &Path) -> Command {
    let mut command = Shop::command(&shop.path("."), &["dev", "--port", "0", "--message-format", "json"]);
    command.args(arguments).env("BEDROCK_PYTHON", python);
    command
}

fn port(configuration: &Value) -> u16 {
    configuration.as_u64().and_then(|port| port.try_into().ok()).expect("a port")
}

/// Calls a worker; `meanwhile` is done before the answer comes, which takes longer than the worker has by its settings.
fn while_called(
    dev: &Running,
    worker: &str,
    event: &Value,
    meanwhile: impl FnOnce() -> Box<dyn FnOnce()>,
) -> (u16, Value) {
    std::thread::scope(|scope| {
        let (answer, answered) = channel();
        scope.spawn(move || answer.send(dev.invoke(worker, event)));
        let go_on = meanwhile();
        assert_eq!(answered.recv_timeout(LONGER), Err(RecvTimeoutError::Timeout), "it has not waited");
        go_on();
        answered.recv().expect("an answer")
    })
}

#[test]
fn a_python_worker_stops_at_a_breakpoint_and_its_time_does_not_run_out() {
    let Some(python) = testbed::tool("debugpy/bin/python") else { return };
    let shop = shop();
    let dev = Running::of(debugging(&shop, &["--debug", "snake"], &python));
    let configuration = dev.wait_for("debugger")["configuration"].clone();
    assert_eq!((&configuration["type"], &configuration["request"]), (&json!("debugpy"), &json!("attach")));
    let port = port(&configuration["connect"]["port"]);
    let file = shop.path("workers/snake/main.py").canonicalize().expect("a file");
    let stops = |line: u64, expression: &'static str, value: &str, answer: &Value| {
        let mut dap = Dap::attach(port, file.to_str().expect("text"), line);
        let answered = while_called(&dev, "snake", &json!({ "n": 21 }), || {
            let (thread, found) = dap.stopped(expression);
            assert_eq!(found, value);
            Box::new(move || {
                dap.go_on(&thread);
                dap.detach();
            })
        });
        assert_eq!(answered, (200, answer.clone()));
    };
    stops(6, "doubled", "42", &json!(42));
    // Saved, it runs in another process, which is found at the same place.
    shop.edit("workers/snake/main.py", "* 2", "* 3");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["snake"]));
    stops(6, "doubled", "63", &json!(63));
    let time = "context.get_remaining_time_in_millis() > 1000000";
    stops(5, time, "True", &json!(63));
    let children = dev.descendants();
    dev.kill();
    gone(&children);
}

#[test]
fn a_javascript_worker_stops_at_a_breakpoint_and_its_time_does_not_run_out() {
    let Some(_) = testbed::on_path("node") else { return };
    let shop = shop();
    let dev = Running::of(debugging(&shop, &["--debug", "rabbit"], Path::new("python3")));
    let configuration = dev.wait_for("debugger")["configuration"].clone();
    assert_eq!((&configuration["type"], &configuration["restart"]), (&json!("node"), &json!(true)));
    let port = port(&configuration["port"]);
    let stops = |value: u64| {
        let mut inspector = Inspector::attach(port, "rabbit/main.js", 5);
        let answered = while_called(&dev, "rabbit", &json!({ "n": 21 }), || {
            assert_eq!(inspector.paused("doubled"), json!(value));
            Box::new(move || inspector.go_on())
        });
        assert_eq!(answered, (200, json!(value)));
    };
    stops(42);
    shop.edit("workers/rabbit/main.js", "* 2", "* 3");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["rabbit"]));
    stops(63);
}

#[test]
fn a_rust_worker_is_one_process_that_a_debugger_can_take() {
    let _turn = turn();
    let mut command = command();
    command.args(["--port", "0", "--message-format", "json", "--debug", "greeter"]);
    let dev = Running::of(command);
    let configuration = dev.wait_for("debugger")["configuration"].clone();
    assert_eq!((&configuration["type"], &configuration["request"]), (&json!("lldb"), &json!("attach")));
    let process = configuration["pid"].as_u64().expect("a process");
    let program = fs::read_link(format!("/proc/{process}/exe")).expect("it runs");
    assert_eq!(configuration["program"], json!(program));
    let bytes = fs::read(&program).expect("a program");
    // How debug information, and nothing else in a program, names a part of a crate; that of the standard library is there anyway.
    let own = b"workers/greeter/src/lib.rs/@/greeter.";
    assert!(bytes.windows(own.len()).any(|part| part == own), "a debugger would find no line of the code");
    let answers: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| dev.invoke("greeter", &json!({ "name": "Ada" })))).collect();
        calls.into_iter().map(|call| call.join().expect("an answer")).collect()
    });
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    let same = dev
        .children()
        .into_iter()
        .filter(|child| fs::read_link(format!("/proc/{child}/exe")).is_ok_and(|other| other == program));
    assert_eq!(same.map(u64::from).collect::<Vec<_>>(), [process]);
}

#[test]
fn what_cannot_be_debugged_is_said_with_what_to_do() {
    let shop = shop();
    let run = |arguments: &[&str], python: &Path| {
        let output = debugging(&shop, arguments, python).output().expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run(&["--debug", "snak"], Path::new("python3"));
    let expected = "error: no worker named `snak` in this app\nhelp: a worker with a similar name exists: `snake`\n";
    assert_eq!((code, said.as_str()), (Some(2), expected));

    let Some(python) = testbed::on_path("python3") else { return };
    let bare = shop.path("bare");
    let made = Command::new(python).args(["-m", "venv", "--without-pip"]).arg(&bare).status().expect("python starts");
    assert!(made.success());
    let (code, said) = run(&["--debug", "snake"], &bare.join("bin/python"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("error: worker `snake` cannot be debugged\n  caused by: debugpy is not installed"), "{said}");
    assert!(said.contains("bin/python -m pip install --target ") && said.contains("debugpy debugpy`"), "{said}");
}
