//! The AWS services of `dev.services` under `cargo run`, with the real ministack.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::dev_process::{descendants_of, wait_until_ended};
use crate::test_app::TestApp;

const TIMEOUT: Duration = Duration::from_secs(300);

/// Calls DynamoDB or SQS as an SDK does: with a URL and a name that are in the environment.
const PYTHON: &str = r#"
import json, os, urllib.error, urllib.request
from bedrock.workers.worker import Worker

TARGETS = {"dynamodb": "DynamoDB_20120810", "sqs": "AmazonSQS"}

class Snake(Worker):
    def execute(self, event, context):
        service = event["service"]
        names = {"TableName": "SHOP_TABLE_ORDERS"} if service == "dynamodb" else {"QueueUrl": "SHOP_QUEUE_URL_JOBS"}
        body = {name: os.environ[variable] for name, variable in names.items()}
        scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/{service}/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{TARGETS[service]}.{event['action']}",
            "X-Amz-Security-Token": os.environ["AWS_SESSION_TOKEN"],
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        }
        url = os.environ["AWS_ENDPOINT_URL" if service == "dynamodb" else "AWS_ENDPOINT_URL_SQS"]
        request = urllib.request.Request(url, json.dumps({**body, **event["body"]}).encode(), headers)
        try:
            return json.load(urllib.request.urlopen(request))
        except urllib.error.HTTPError as error:
            return json.loads(error.read())["__type"]
"#;
const SETTINGS: &str = "\n[package.metadata.bedrock.dev]\nservices = \"ministack\"\n
[package.metadata.bedrock.workers.snake]\nuses = [
    { table = \"orders\", access = \"read-write\", key = \"id\" }, { queue = \"jobs\", access = \"send\" },
]\n";
/// The Rust worker returns what SDKs in this program find.
const GREETER: [&str; 2] =
    ["format!(\"hello {}\", event.name)", "std::env::var(\"AWS_ENDPOINT_URL\").unwrap_or(event.name)"];

/// A running program of the app.
struct Program {
    child: Child,
    lines: Receiver<String>,
    /// The port of the endpoint, and that of Lambda's API.
    ports: [u16; 2],
    /// What it has printed up to its first line.
    start: Vec<String>,
}

impl Program {
    /// Starts the program, which prints where it listens.
    fn start(mut command: Command) -> Self {
        command.env("PORT", "0").env("BEDROCK_LAMBDA_PORT", "0").stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let mut start = Vec::new();
        let mut port_of = |text: &str| loop {
            let line = lines.recv_timeout(TIMEOUT).unwrap_or_else(|_| panic!("no `{text}` in {start:?}"));
            let port =
                line.strip_prefix(text).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
            start.push(line);
            if let Some(port) = port {
                return port.parse().expect("a port");
            }
        };
        let lambda = port_of("Lambda's API on http://127.0.0.1:");
        let endpoint = port_of("listening on http://127.0.0.1:");
        Self { child, lines, ports: [endpoint, lambda], start }
    }

    /// Returns the processes that it has started, and those that they have started.
    fn processes(&self) -> Vec<u32> {
        descendants_of(self.child.id())
    }

    /// Calls a service in the Python worker.
    fn call(&self, service: &str, action: &str, body: &Value) -> Value {
        let event = json!({ "service": service, "action": action, "body": body }).to_string();
        let path = "/2015-03-31/functions/snake/invocations";
        let response =
            exchange(self.ports[1], &format!("POST {path} HTTP/1.1\r\nAuthorization: Bedrock mine\r\n"), &event);
        serde_json::from_str(&response).unwrap_or_else(|error| panic!("{error}: {response}"))
    }

    fn signal(&mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
        self.child.wait().expect("an end");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request and returns the body of the response.
fn exchange(port: u16, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    let length = body.len();
    write!(stream, "{head}Host: 127.0.0.1:{port}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response.split_once("\r\n\r\n").expect("a head").1.to_owned()
}

/// Links programs into the folder `bin` of the app. Returns a `PATH` with it, and without ministack and this command elsewhere.
fn path_with(app: &TestApp, programs: &[(&str, &Path)]) -> std::ffi::OsString {
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    for (name, program) in programs {
        symlink(program, bin.join(name)).expect("a link");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path)
        .filter(|folder| ["ministack", "cargo-bedrock"].iter().all(|name| !folder.join(name).exists()));
    std::env::join_paths([bin].into_iter().chain(others)).expect("a PATH")
}

fn app_with_services() -> TestApp {
    let app = TestApp::compilable();
    app.run_ok(&["new", "worker", "snake.py"]);
    app.write("workers/snake/main.py", PYTHON);
    app.edit("workers/greeter/src/lib.rs", GREETER[0], GREETER[1]);
    app.append("Cargo.toml", SETTINGS);
    app
}

#[test]
fn cargo_run_starts_services_that_end_with_the_program() {
    let Some(ministack) = testbed::tool("ministack/bin/ministack") else { return };
    let app = app_with_services();
    let _programs = app.lock_programs();
    let own = Path::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    let path = path_with(&app, &[("ministack", &ministack), ("cargo-bedrock", own)]);
    let run = || {
        let mut command = app.cargo_command(&["run", "--quiet"]);
        command.env("PATH", &path).env_remove("AWS_ENDPOINT_URL");
        Program::start(command)
    };
    let mut first = run();
    let created = first.start.iter().find(|line| line.contains("created the table `shop-local-orders`"));
    assert!(created.is_some(), "{:?}", first.start);
    let services =
        first.start.iter().filter(|line| line.starts_with("note: AWS services on http://127.0.0.1:")).count();
    assert_eq!(services, 1, "{:?}", first.start);
    let greeting = exchange(first.ports[0], "GET /hello/Ada HTTP/1.1\r\n", "");
    assert!(greeting.contains("/_aws"), "{greeting}");
    assert_eq!(first.call("dynamodb", "PutItem", &json!({ "Item": { "id": { "S": "1" } } })), json!({}));
    assert!(first.call("sqs", "SendMessage", &json!({ "MessageBody": "x" }))["MessageId"].is_string());
    let denied = first.call("sqs", "ReceiveMessage", &json!({}));
    assert!(denied.as_str().is_some_and(|code| code.contains("AccessDenied")), "{denied}");
    let denied = first.call("dynamodb", "DeleteTable", &json!({}));
    assert!(denied.as_str().is_some_and(|code| code.contains("AccessDenied")), "{denied}");
    let mut lines = std::iter::from_fn(|| first.lines.recv_timeout(TIMEOUT).ok());
    let line = lines.find(|line| line.contains("help: add `{ queue = \"jobs\", access = \"receive\" }` to `uses`"));
    assert!(line.is_some());
    // The services, ministack, the worker and the reapers.
    let processes = first.processes();
    assert!(processes.len() >= 4, "{processes:?}");
    first.signal(Signal::KILL);
    wait_until_ended(&processes);

    // They have stored everything although the program was killed.
    let mut second = run();
    let items = second.call("dynamodb", "Scan", &json!({}));
    assert_eq!(items["Items"], json!([{ "id": { "S": "1" } }]));
    let processes = second.processes();
    second.signal(Signal::INT);
    wait_until_ended(&processes);
    assert!(!app.path("target/bedrock/services").exists());
}

#[test]
fn program_without_its_services_says_what_is_missing() {
    let app = app_with_services();
    let _programs = app.lock_programs();
    let built = app.cargo_command(&["build"]).output().expect("it starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("fixtures/debug/shop");
    let command = |path: &std::ffi::OsStr| {
        let mut command = Command::new(&program);
        command.current_dir(app.path("")).env("PATH", path).env("CARGO_HOME", app.path("no-such-folder"));
        command.env_remove("AWS_ENDPOINT_URL");
        command
    };
    let run = |path: &std::ffi::OsStr| app.show(&command(path).output().expect("it starts"));
    let empty = path_with(&app, &[]);
    assert_eq!(
        run(&empty),
        "exit code 1\n-- stderr\nerror: failed to start `cargo-bedrock`, which runs the services of `dev.services`\n  \
         caused by: No such file or directory (os error 2)\n\
         help: run `cargo install cargo-bedrock`, or set `AWS_ENDPOINT_URL` to the URL of an emulator\n"
    );
    // Who says where the services are needs no others.
    let mut elsewhere = command(&empty);
    elsewhere.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let mut running = Program::start(elsewhere);
    assert!(exchange(running.ports[0], "GET /hello/Ada HTTP/1.1\r\n", "").contains("http://127.0.0.1:1\""));
    running.signal(Signal::INT);
    let own = path_with(&app, &[("cargo-bedrock", Path::new(env!("CARGO_BIN_EXE_cargo-bedrock")))]);
    assert_eq!(
        run(&own),
        "exit code 1\n-- stderr\nerror: `dev.services` is `\"ministack\"`, and ministack is not installed\n\
         help: run `pip install ministack==1.5.33`, or `cargo bedrock dev --install-services`\n\
         error: the services of `dev.services` have not started\n\
         help: to run without them, set `AWS_ENDPOINT_URL` to the URL of an emulator, or to nothing\n"
    );
}
