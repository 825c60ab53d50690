//! A JavaScript worker in a workspace of pnpm, in `cargo bedrock dev` and `cargo run`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::package_managers::{Project, pnpm_workspace};

const TIMEOUT: Duration = Duration::from_secs(300);

/// A running command whose lines say where Lambda's API is.
struct Running {
    child: Child,
    address: String,
    lines: Receiver<String>,
}

impl Running {
    /// Starts a command. `of_line` finds the address of Lambda's API in a line of its standard output and standard error.
    fn start(command: &mut Command, of_line: impl Fn(&str) -> Option<String>) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let (sender, lines) = channel();
        let stdout: Box<dyn Read + Send> = Box::new(child.stdout.take().expect("a pipe"));
        let stderr: Box<dyn Read + Send> = Box::new(child.stderr.take().expect("a pipe"));
        for pipe in [stdout, stderr] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                BufReader::new(pipe).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
            });
        }
        drop(sender);
        let mut printed = Vec::new();
        let address = loop {
            let line = lines.recv_timeout(TIMEOUT).unwrap_or_else(|_| panic!("{printed:?}"));
            if let Some(address) = of_line(&line) {
                break address;
            }
            printed.push(line);
        };
        Self { child, address, lines }
    }

    fn invoke(&self) -> Value {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        let head = "POST /2015-03-31/functions/reporter/invocations HTTP/1.1\r\nAuthorization: Bedrock mine\r\n";
        let host = &self.address;
        write!(stream, "{head}Host: {host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}").expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        let body = response.split_once("\r\n\r\n").expect("a head").1;
        serde_json::from_str(body).unwrap_or_else(|_| json!(body))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in a line of `cargo run`.
fn address_of_program(line: &str) -> Option<String> {
    Some(line.strip_prefix("Lambda's API on http://")?.split(',').next()?.to_owned())
}

/// The address in the first line of `dev`.
fn address_of_dev(line: &str) -> Option<String> {
    let event: Value = serde_json::from_str(line).ok()?;
    Some(event["url"].as_str()?.strip_prefix("http://")?.to_owned())
}

#[test]
fn workspace_of_pnpm_runs_in_dev_and_cargo_run() {
    let project = Project::new();
    let app = &project.app;
    let Some(bin) = pnpm_workspace(&project) else { return };
    let dev = || {
        let mut command = app.command(&["dev", "--port", "0", "--message-format", "json"]);
        testbed::share_build(project.prepare(&mut command, &bin));
        Running::start(&mut command, address_of_dev)
    };
    let run = || {
        let mut command = app.cargo_command(&["run", "--quiet"]);
        testbed::share_build(project.prepare(&mut command, &bin));
        command.env("PORT", "0").env("BEDROCK_LAMBDA_PORT", "0");
        Running::start(&mut command, address_of_program)
    };
    // The program of `cargo run` has no Rust worker.
    app.write("src/endpoints/hello.rs", "pub fn router() -> axum::Router {\n    axum::Router::new()\n}\n");
    // What is not installed is a command of the user, and npm does not know the other members.
    let running = dev();
    let error = running.invoke().to_string();
    assert!(error.contains("the pnpm workspace in `.` has no `pnpm-lock.yaml`"), "{error}");
    drop(running);

    let mut install = Command::new(bin.join("pnpm"));
    let installed = project.prepare(&mut install, &bin).arg("install").current_dir(app.path(".")).output();
    assert!(installed.expect("it starts").status.success());
    let lock = app.read("pnpm-lock.yaml");
    let running = dev();
    assert_eq!(running.invoke(), json!(["tiny", true, "2.0.0"]));
    // A saved member reloads the workers that depend on it, also through another member.
    app.write("packages/dates/index.js", "exports.yes = 1;\n");
    let started = Instant::now();
    let reloaded = loop {
        let line = running.lines.recv_timeout(TIMEOUT.saturating_sub(started.elapsed())).expect("a line");
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        if event["event"] == "reloaded" {
            break event;
        }
    };
    assert_eq!(reloaded["workers"], json!(["reporter"]), "{reloaded}");
    assert_eq!(running.invoke(), json!(["tiny", 1, "2.0.0"]));
    drop(running);

    assert_eq!(run().invoke(), json!(["tiny", 1, "2.0.0"]));
    assert_eq!(app.read("pnpm-lock.yaml"), lock);
    assert!(!app.path("workers/reporter/package-lock.json").exists());
}
