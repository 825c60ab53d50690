//! `cargo bedrock dev` on an example, from outside: what it says, what answers on its port, and what it leaves behind.
#![allow(clippy::expect_used, clippy::panic)] // a test that cannot go on ends here

mod debug;
mod debuggers;
mod killed;
mod mended;
mod reload;
mod running;
mod screen;
mod terminal;
mod traces;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use running::{Running, command};

#[test]
fn the_app_answers_over_http_and_over_lambda_s_api() {
    let mut dev = Running::start();
    let answer = dev.get("endpoint.localhost", "/hello/Ada");
    assert_eq!(answer, (200, json!({ "message": "Hello, Ada!" })));
    assert_eq!(dev.get("127.0.0.1", "/_url/endpoint/hello/Ada"), answer);
    assert_eq!(dev.invoke("greeter", &json!({ "name": "Grace" })), (200, json!({ "message": "Hello, Grace!" })));
    let (status, said) = dev.invoke("greter", &json!({}));
    assert_eq!((status, &said["Type"]), (404, &json!("User")), "{said}");
    assert_eq!(dev.get("evil.example", "/hello/Ada").0, 403);
    let functions = dev.functions();
    assert_eq!(functions, ["hello-local-endpoint", "hello-local-greeter"]);
    dev.interrupt();
    let (code, said) = dev.end();
    assert_eq!((code, said.lines().last()), (Some(0), Some("done: stopped; events that were not finished are kept")));
}

#[test]
fn nothing_of_it_is_left_when_it_is_killed() {
    let dev = Running::start();
    assert_eq!(dev.get("endpoint.localhost", "/hello/Ada").0, 200);
    let children = dev.children();
    // The endpoint, the worker that it called, and who looks after them.
    assert!(children.len() >= 3, "{children:?}");
    let port = dev.port();
    dev.kill();
    running::gone(&children);
    let again = Running::start_at(port);
    assert_eq!(again.get("endpoint.localhost", "/hello/Ada").0, 200);
}

#[test]
fn what_is_in_its_way_is_named() {
    let dev = Running::start();
    let run = |arguments: &[&str]| {
        let output = command().args(arguments).output().expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run(&["--port", "0"]);
    let taken = "help: stop the other `cargo bedrock dev` of this app first";
    assert_eq!((code, said.lines().last()), (Some(2), Some(taken)), "{said}");
    // Another app of the same workspace has another queue.
    let other = bedrock_queue(&running::root().join("examples/space"), &["ls"]);
    assert_eq!(other, (Some(0), "note: no events\n".to_owned()));
    let port = dev.port().to_string();
    drop(dev);
    let _listener = std::net::TcpListener::bind(("127.0.0.1", port.parse().expect("a number"))).expect("it is free");
    let (code, said) = run(&["--port", &port]);
    let shown = format!(
        "error: port {port} is taken\nhelp: choose another with `--port 7071`, or any free one with `--port 0`"
    );
    assert!(code == Some(2) && said.trim_end().ends_with(&shown), "{said}");
}

#[test]
fn an_accepted_event_outlives_a_kill() {
    let dev = Running::start();
    assert_eq!(dev.post_event("greeter", "{\"name\": 1}"), 202);
    dev.kill();
    let listed = || {
        let (_, text) = bedrock_queue(&running::app(), &["ls", "--json"]);
        let listed: Value = serde_json::from_str(&text).expect("JSON");
        listed["events"].as_array().expect("events").clone()
    };
    let events = listed();
    assert!(events.iter().any(|event| event["worker"] == "greeter"), "{events:?}");
    for event in &events {
        let id = event["id"].as_str().expect("an id");
        assert_eq!(bedrock_queue(&running::app(), &["drop", id]).0, Some(0));
    }
    assert_eq!(listed(), [Value::Null; 0]);
}

/// The exit code, and all that it says.
fn bedrock_queue(app: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut queue = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    let output = queue.args(["bedrock", "queue"]).args(arguments).current_dir(app).output().expect("it starts");
    let said = [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream));
    (output.status.code(), said.concat())
}
