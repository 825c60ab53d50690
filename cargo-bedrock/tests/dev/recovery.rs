//! An app that does not compile at the start, or whose programs are deleted while it runs.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::dev_process::{DevProcess, wait_until_ended};
use crate::reload::app_with_python;

#[test]
fn broken_app_runs_partly_until_it_compiles() {
    let app = app_with_python();
    let good = fs::read_to_string(app.path("workers/greeter/src/lib.rs")).expect("the code");
    app.write("workers/greeter/src/lib.rs", &format!("{good}\nfn broken() -> u32 {{ \"text\" }}\n"));
    let dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    let greet = || dev.invoke("greeter", &json!({ "name": "Ada" }));
    let failed = dev.wait_for("build-failed");
    assert!(failed["messages"][0].as_str().is_some_and(|text| text.starts_with("failed to compile")), "{failed}");
    assert_eq!(dev.invoke("snake", &json!({})), (200, json!("old")));
    let (status, response) = greet();
    let message = "its executable does not exist: the worker does not compile, or the file was deleted";
    // Like on Lambda, the error of a function whose program cannot be started.
    assert!(status == 200 && response["errorType"] == "Runtime.InvalidEntrypoint", "{status} {response}");
    assert!(response.to_string().contains(message), "{response}");

    app.write("workers/greeter/src/lib.rs", &good);
    dev.wait_for("reloaded");
    assert_eq!(greet().1["message"], "hello Ada");
    assert_eq!(dev.get("endpoint.localhost", "/hello/Ada").0, 200);

    // Like `cargo clean`.
    fs::remove_dir_all(app.path("target/bedrock")).expect("a folder");
    assert_eq!(dev.post_event("snake", "{}"), 500);
    let (_, log) = dev.get("127.0.0.1", "/_bedrock/v1/dev-events?kind=app_started");
    assert!(log["events"].is_array(), "it still responds: {log}");
}

/// Its process never gets an event until the file `go` exists.
const SLOW_START: &str = "\
import os
import time
from bedrock.workers.worker import Worker

open(\"starting\", \"w\").close()
while not os.path.exists(\"go\"):
    time.sleep(0.02)

class Snake(Worker):
    def execute(self, event, context):
        open(\"ran\", \"w\").close()
        return \"ran\"
";

#[test]
fn event_outlives_kills_while_its_process_starts() {
    let app = app_with_python();
    app.write("workers/snake/main.py", SLOW_START);
    app.write("workers/snake/.bedrockignore", "starting\ngo\nran\n");
    let start = || DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    let wait_for = |file: &str| {
        while !app.path(&format!("workers/snake/{file}")).exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    // More often than an event has attempts.
    for round in 0..4 {
        let dev = start();
        if round == 0 {
            assert_eq!(dev.post_event("snake", "{}"), 202);
        }
        wait_for("starting");
        let children = dev.children();
        dev.kill();
        wait_until_ended(&children);
        fs::remove_file(app.path("workers/snake/starting")).expect("removed");
    }
    app.write("workers/snake/go", "");
    let dev = start();
    wait_for("ran");
    dev.kill();
}

#[test]
fn files_written_by_a_worker_do_not_reload_it() {
    let app = app_with_python();
    let code = "\
from bedrock.workers.worker import Worker

with open(\"loaded.txt\", \"a\") as file:
    file.write(\"loaded\\n\")

class Snake(Worker):
    def execute(self, event, context):
        with open(\"out.csv\", \"a\") as file:
            file.write(\"ran\\n\")
        return \"old\"
";
    app.write("workers/snake/main.py", code);
    let dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    assert_eq!(dev.invoke("snake", &json!({})), (200, json!("old")));
    let written = dev.wait_for("reload-skipped");
    assert_eq!(written["workers"], json!(["snake"]));
    assert!(written["messages"][0].as_str().is_some_and(|help| help.ends_with("to `workers/snake/.bedrockignore`")));
    app.edit("workers/snake/main.py", "\"old\"", "\"new\"");
    assert_eq!(dev.wait_for("reloaded")["files"], json!(["workers/snake/main.py"]));
    assert_eq!(dev.invoke("snake", &json!({})), (200, json!("new")));
    let loaded = fs::read_to_string(app.path("workers/snake/loaded.txt")).expect("a file");
    assert_eq!(loaded.lines().count(), 2, "once at the start, once after the change");
    // A file that another program saves while the worker is idle reloads the worker, whatever the file is.
    std::thread::sleep(Duration::from_secs(1));
    app.write("workers/snake/prices.csv", "1,2\n");
    assert_eq!(dev.wait_for("reloaded")["files"], json!(["workers/snake/prices.csv"]));
}
