//! `cargo bedrock invoke` and `cargo run` in an app with a worker of each language.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::test_app::TestApp;
use crate::web_server;

/// Creates an app with a worker in each language.
fn app_with_all_languages() -> TestApp {
    let app = TestApp::compilable();
    for worker in ["resizer.rs", "counter.py", "thumbnailer.js"] {
        let created = app.bedrock(&["new", "worker", worker]);
        assert_eq!(created.code, Some(0), "{}", created.stderr);
    }
    app
}

#[test]
fn every_worker_of_a_new_app_responds() {
    let app = app_with_all_languages();
    for worker in ["greeter", "resizer", "counter", "thumbnailer"] {
        let output = app.bedrock(&["--quiet", "invoke", worker, "--payload", r#"{"name": "Ada"}"#]);
        let response = output.stdout.replace("\": \"", "\":\"");
        assert_eq!(
            (output.code, response.as_str()),
            (Some(0), "{\"message\":\"hello Ada\"}\n"),
            "{worker}: {}",
            output.stderr
        );
    }
    let endpoint = app.bedrock(&["--quiet", "invoke", "endpoint", "--path", "/hello/Ada"]);
    assert!(endpoint.code == Some(0) && endpoint.stdout.contains("Ada"), "{} {}", endpoint.stdout, endpoint.stderr);
    let event = app.bedrock(&["--quiet", "invoke", "counter", "--event"]);
    assert_eq!((event.code, event.stdout.as_str()), (Some(0), ""), "{}", event.stderr);
    let tests = app.cargo(&["test", "--workspace", "--quiet"]);
    assert_eq!(tests.code, Some(0), "{}{}", tests.stdout, tests.stderr);
}

#[test]
fn rust_worker_gets_its_variables_and_prints_on_stderr() {
    let app = app_with_all_languages();
    app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.greeter]\nenv = { MODE_OF_GREETER = \"fast\" }\n");
    app.edit(
        "workers/greeter/src/lib.rs",
        "hello {}\", ",
        "hello {}{}\", { println!(\"printed\"); std::env::var(\"MODE_OF_GREETER\").unwrap_or_default() }, ",
    );
    let output = app.bedrock(&["--quiet", "invoke", "greeter", "--payload", r#"{"name": "Ada"}"#]);
    assert_eq!(output.stdout, "{\"message\":\"hello fastAda\"}\n", "{}", output.stderr);
    assert!(output.stderr.lines().any(|line| line == "printed"), "{}", output.stderr);
}

#[test]
fn exit_code_and_message_name_the_failure() {
    let app = app_with_all_languages();
    let wrong = app.bedrock(&["--quiet", "invoke", "greeter", "--payload", r#"{"nam": 1}"#]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(1), ""));
    let expected =
        "error: worker `greeter` failed\n  caused by: Runtime.UnmarshalError: the event is wrong: missing field `name`";
    assert!(wrong.stderr.contains(expected), "{}", wrong.stderr);
    assert_eq!(wrong.stderr.matches("Runtime.UnmarshalError").count(), 1, "it is printed once: {}", wrong.stderr);

    app.write("workers/counter/main.py", "import sys\nsys.exit(4)\n");
    let exited = app.bedrock(&["--quiet", "invoke", "counter"]);
    assert_eq!(exited.code, Some(1), "{}", exited.stderr);
    assert!(exited.stderr.contains("caused by: Runtime.ExitError"), "{}", exited.stderr);
    let event = app.bedrock(&["--quiet", "invoke", "counter", "--event"]);
    assert_eq!(event.code, Some(1), "{}", event.stderr);
    assert!(event.stderr.contains("failed permanently after 3 attempts"), "{}", event.stderr);

    app.edit("src/main.rs", "async fn main", "async fn mian");
    let broken = app.bedrock(&["--quiet", "invoke", "greeter"]);
    assert_eq!(broken.code, Some(1));
    assert!(broken.stderr.contains("error: failed to compile the app `shop`"), "{}", broken.stderr);
    // A worker that calls no Rust worker needs no program.
    let response = app.bedrock(&["--quiet", "invoke", "thumbnailer", "--payload", r#"{"name": "Ada"}"#]);
    assert_eq!(response.code, Some(0), "{}", response.stderr);
}

#[test]
fn new_app_serves_until_it_is_interrupted() {
    let app = TestApp::compilable();
    assert_eq!(app.bedrock(&["new", "endpoint", "stars"]).code, Some(0));
    let built = app.cargo(&["build"]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    assert!(!built.stderr.contains("warning"), "{}", built.stderr);
    let mut command = app.cargo_command(&["run", "--quiet"]);
    let mut running = command.env("PORT", "0").stderr(Stdio::piped()).spawn().expect("the app starts");
    let mut stderr = BufReader::new(running.stderr.take().expect("a pipe")).lines();
    let first = stderr.next().expect("a line").expect("text");
    let address = first.trim_start_matches("listening on http://").trim_end_matches(", stop with Ctrl-C");
    let (status, body) = web_server::get(address, "/hello/Ada");
    assert_eq!((status.as_str(), body.as_str()), ("HTTP/1.1 200 OK", r#"{"message":"hello Ada"}"#));
    assert_eq!(web_server::get(address, "/stars").0, "HTTP/1.1 200 OK");
    assert_eq!(web_server::get(address, "/nothing").0, "HTTP/1.1 404 Not Found");
    // Cargo either became the app with `exec` or waits for it. In both cases the signal ends the app.
    let pid = rustix::process::Pid::from_child(&running);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    let status = running.wait().expect("the end");
    assert!(status.success(), "{status}");
}

#[test]
fn invoke_waits_for_a_server_that_compiles_the_app() {
    let app = TestApp::without_rust();
    app.run_ok(&["new", "worker", "counter.py"]);
    // What a `dev` has from its start on, before anybody can find it.
    fs::create_dir_all(app.path("target/bedrock")).expect("a folder");
    let lock = File::create(app.path("target/bedrock/queue.lock")).expect("a file");
    lock.lock().expect("locked");
    let mut command = app.command(&["invoke", "counter", "--payload", "{}"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut note = String::new();
    stderr.read_line(&mut note).expect("a line");
    assert_eq!(note, "note: `cargo bedrock dev` of this app is starting, waiting for it; `--alone` does not\n");
    let alone = app.bedrock(&["invoke", "counter", "--alone", "--payload", "{}"]);
    assert_eq!(alone.code, Some(0), "{}", alone.stderr);
    assert!(child.try_wait().expect("a child").is_none(), "it waits");
    // The `dev` has ended without serving.
    drop(lock);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("text");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "{rest}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("hello world"), "{rest}");
}
