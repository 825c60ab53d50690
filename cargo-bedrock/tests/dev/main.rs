//! Tests of `cargo bedrock dev`: its output, the responses on its port, and what it leaves behind.
#![allow(clippy::expect_used, clippy::panic)] // a failed test panics

mod access_table;
mod debug;
mod debugger_clients;
mod dev_process;
mod durable_kills;
mod durable_rust;
mod durable_rust_replay;
mod durable_typescript;
mod isolation;
mod mcp;
mod old_code;
mod open_files;
mod profile;
mod recovery;
mod reload;
mod run_services;
mod services;
mod signals;
mod streams;
mod terminal;
mod terminal_session;
#[path = "../fixture/test_app.rs"]
mod test_app;
mod traces;
mod waiting_executions;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use dev_process::{DevProcess, dev_command};

#[test]
fn app_responds_over_http_and_lambda_s_api() {
    let mut dev = DevProcess::start();
    let response = dev.get("endpoint.localhost", "/hello/Ada");
    assert_eq!(response, (200, json!({ "message": "Hello, Ada!" })));
    assert_eq!(dev.get("127.0.0.1", "/_url/endpoint/hello/Ada"), response);
    assert_eq!(dev.invoke("greeter", &json!({ "name": "Grace" })), (200, json!({ "message": "Hello, Grace!" })));
    let (status, error) = dev.invoke("greter", &json!({}));
    assert_eq!((status, &error["Type"]), (404, &json!("User")), "{error}");
    assert_eq!(dev.get("evil.example", "/hello/Ada").0, 403);
    let functions = dev.functions();
    assert_eq!(functions, ["hello-local-endpoint", "hello-local-greeter"]);
    dev.interrupt();
    let (code, stderr) = dev.wait();
    assert_eq!((code, stderr.lines().last()), (Some(0), Some("done: stopped; unfinished events are kept")));
}

#[test]
fn invoke_uses_the_running_server() {
    let dev = DevProcess::start();
    let invoke = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
        command.args(["bedrock", "invoke"]).args(arguments).current_dir(dev_process::example_app());
        testbed::share_build(&mut command);
        let output = command.output().expect("it starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, stdout, stderr) = invoke(&["greeter", "--payload", r#"{"name":"Ada"}"#]);
    assert_eq!((code, stdout.as_str()), (Some(0), "{\"message\":\"Hello, Ada!\"}\n"), "{stderr}");
    let note = format!("note: invoked in the running `cargo bedrock dev` at http://127.0.0.1:{}; ", dev.port());
    assert!(stderr.starts_with(&note) && stderr.contains("REPORT RequestId: "), "{stderr}");
    let (code, stdout, stderr) = invoke(&["greeter", "--payload", r#"{"nam":1}"#]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("error: worker `greeter` failed\n  caused by: "), "{stderr}");
    let (code, stdout, stderr) = invoke(&["endpoint", "--path", "/hello/Ada"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "{\"message\":\"Hello, Ada!\"}\n"), "{stderr}");
    assert!(stderr.contains("note: 200 OK, application/json, 25 bytes"), "{stderr}");
    let (code, _, stderr) = invoke(&["endpoint", "--method", "DELETE", "--path", "hello/Ada"]);
    assert!(code == Some(0) && stderr.contains("note: 405 Method Not Allowed"), "{code:?} {stderr}");
    let (code, _, stderr) = invoke(&["greeter", "--event", "--payload", r#"{"name":"Ada"}"#]);
    assert_eq!(code, Some(0), "{stderr}");
    let id = stderr.split('`').find(|part| part.len() == 36).unwrap_or_else(|| panic!("{stderr}"));
    let invocation = format!("/_bedrock/v1/invocations/{id}");
    while dev.get("127.0.0.1", &invocation).1["invocation"]["outcome"] != "ok" {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let file = dev_process::example_app().join("target/bedrock/dev/server.json");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.metadata().expect("a file").permissions()) & 0o777, 0o600);
    // The file of a server that was killed counts for nothing.
    dev.kill();
    assert!(file.exists());
    let (code, stdout, stderr) = invoke(&["greeter", "--payload", r#"{"name":"Ada"}"#]);
    assert_eq!((code, stdout.as_str()), (Some(0), "{\"message\":\"Hello, Ada!\"}\n"), "{stderr}");
    assert!(!stderr.contains("running"), "{stderr}");
}

#[test]
fn killed_server_leaves_no_processes() {
    let dev = DevProcess::start();
    assert_eq!(dev.get("endpoint.localhost", "/hello/Ada").0, 200);
    let children = dev.children();
    // The endpoint, the worker that it called, and the reaper of orphaned processes.
    assert!(children.len() >= 3, "{children:?}");
    let port = dev.port();
    dev.kill();
    dev_process::wait_until_ended(&children);
    let restarted = DevProcess::start_at(port);
    assert_eq!(restarted.get("endpoint.localhost", "/hello/Ada").0, 200);
}

#[test]
fn second_server_and_used_port_are_errors() {
    let dev = DevProcess::start();
    let run = |arguments: &[&str]| {
        let output = dev_command().args(arguments).output().expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, stderr) = run(&["--port", "0"]);
    let help = "help: stop the other `cargo bedrock dev` of this app first";
    assert_eq!((code, stderr.lines().last()), (Some(2), Some(help)), "{stderr}");
    // Another app of the same workspace has another queue.
    let other_app = queue_command(&test_app::checkout().join("examples/space"), &["ls"]);
    assert_eq!(other_app, (Some(0), "note: no events\n".to_owned()));
    let port = dev.port().to_string();
    drop(dev);
    let _listener = std::net::TcpListener::bind(("127.0.0.1", port.parse().expect("a number"))).expect("it is free");
    let (code, stderr) = run(&["--port", &port]);
    let expected = format!(
        "error: port {port} is already in use\nhelp: choose another port with `--port 7071`, or any free one with `--port 0`"
    );
    assert!(code == Some(2) && stderr.trim_end().ends_with(&expected), "{stderr}");
}

#[test]
fn accepted_event_survives_a_kill() {
    let dev = DevProcess::start();
    assert_eq!(dev.post_event("greeter", "{\"name\": 1}"), 202);
    let _lock = dev.kill();
    let list_events = || {
        let (_, text) = queue_command(&dev_process::example_app(), &["ls", "--json"]);
        let listed: Value = serde_json::from_str(&text).expect("JSON");
        listed["events"].as_array().expect("events").clone()
    };
    let events = list_events();
    assert!(events.iter().any(|event| event["worker"] == "greeter"), "{events:?}");
    for event in &events {
        let id = event["id"].as_str().expect("an id");
        assert_eq!(queue_command(&dev_process::example_app(), &["drop", id]).0, Some(0));
    }
    assert_eq!(list_events(), [Value::Null; 0]);
}

/// Runs `cargo bedrock queue`. Returns the exit code and the output.
fn queue_command(app: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut queue = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    let output = queue.args(["bedrock", "queue"]).args(arguments).current_dir(app).output().expect("it starts");
    let text = [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream));
    (output.status.code(), text.concat())
}
