//! Python workers whose invocations have processes of their own.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::dev_process::DevProcess;
use crate::reload::app_with_python;
use crate::test_app::TestApp;

const CODE: &str = "\
import os
import time
from bedrock.workers.worker import Worker

class Snake(Worker):
    def execute(self, event, context):
        if event[\"task\"] == \"crash\":
            os._exit(7)
        if event[\"task\"] == \"wait\":
            open(\"waiting\", \"w\").close()
            while not os.path.exists(\"go\"):
                time.sleep(0.01)
        return {\"process\": os.getpid(), \"version\": \"old\"}
";

fn isolated_app() -> TestApp {
    let app = app_with_python();
    app.edit(
        "Cargo.toml",
        "[dependencies]",
        "[package.metadata.bedrock.workers.snake]\nisolation = \"process\"\n\n[dependencies]",
    );
    app.write("workers/snake/main.py", CODE);
    app.write("workers/snake/.bedrockignore", "waiting\ngo\n");
    app
}

fn task(name: &str) -> Value {
    json!({ "task": name })
}

#[test]
fn crash_of_an_isolated_python_worker_fails_no_other_call() {
    let app = isolated_app();
    let dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    let (_, first) = dev.invoke("snake", &task("answer"));
    let (waited, crashed) = thread::scope(|scope| {
        let waited = scope.spawn(|| dev.invoke("snake", &task("wait")));
        while !app.path("workers/snake/waiting").exists() {
            thread::sleep(Duration::from_millis(10));
        }
        let crashed: Vec<_> = (0..3).map(|_| dev.invoke("snake", &task("crash"))).collect();
        app.write("workers/snake/go", "");
        (waited.join().expect("a call"), crashed)
    });
    // An idle process is used again.
    assert_eq!(waited, (200, first));
    for (status, error) in crashed {
        assert_eq!((status, &error["errorType"]), (200, &json!("Runtime.ExitError")), "{error}");
    }
}

#[test]
fn isolated_python_worker_is_reloaded() {
    let app = isolated_app();
    let dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    assert_eq!(dev.invoke("snake", &task("answer")).1["version"], "old");
    app.edit("workers/snake/main.py", "\"old\"", "\"new\"");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["snake"]));
    assert_eq!(dev.invoke("snake", &task("answer")).1["version"], "new");
}

#[test]
fn only_python_workers_have_isolation() {
    let app = isolated_app();
    app.edit("Cargo.toml", "workers.snake]", "workers.greeter]");
    let output = app.command(&["list"]).output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let manifest = app.read("Cargo.toml");
    let line = manifest.lines().position(|line| line.starts_with("isolation")).expect("the setting") + 1;
    let message = format!("error: Cargo.toml:{line}: worker `greeter`: only Python workers have `isolation`");
    assert!(!output.status.success() && stderr.contains(&message), "{stderr}");
}
