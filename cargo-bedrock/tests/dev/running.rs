//! One `cargo bedrock dev` of `examples/hello`, and requests to it. The tests share the app's folder, so they take turns.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long to wait for what has to come, the compiler included.
const PATIENCE: Duration = Duration::from_secs(300);

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout").to_owned()
}

pub(crate) fn app() -> PathBuf {
    root().join("examples/hello")
}

/// `cargo bedrock dev`, to be given more arguments.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    command.args(["bedrock", "dev"]).current_dir(app());
    testbed::share_build(&mut command);
    command
}

/// The right to run the example, until it is dropped.
pub(crate) fn turn() -> File {
    let folder = app().join("target/bedrock");
    fs::create_dir_all(&folder).expect("a folder");
    let turn = File::create(folder.join(".test")).expect("a file");
    turn.lock().expect("a lock");
    turn
}

/// It runs until this is dropped.
pub(crate) struct Running {
    child: Child,
    /// `http://127.0.0.1:PORT`
    url: String,
    events: Mutex<Receiver<Value>>,
    /// Kept until the end.
    turn: Option<File>,
}

impl Running {
    /// Of `examples/hello`.
    pub(crate) fn start() -> Self {
        Self::start_at(0)
    }

    pub(crate) fn start_at(port: u16) -> Self {
        let turn = turn();
        let mut command = command();
        command.args(["--message-format", "json", "--port", &port.to_string()]);
        let mut running = Self::of(command);
        running.turn = Some(turn);
        running
    }

    /// Whatever the command says.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let Ok(first) = serde_json::from_str::<Value>(&line) else {
            let mut said = String::new();
            let _ = child.stderr.take().expect("a pipe").read_to_string(&mut said);
            panic!("`{line}`, {said}");
        };
        assert_eq!(first["event"], "app-started", "{first}");
        let url = first["url"].as_str().expect("a URL").to_owned();
        // It would be slowed down by a pipe that nobody reads.
        let (event, events) = channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let _ = event.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Self { child, url, events: events.into(), turn: None }
    }

    /// The next event of this name.
    pub(crate) fn wait_for(&self, name: &str) -> Value {
        loop {
            let event =
                self.events.lock().expect("a lock").recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no `{name}`"));
            if event["event"] == name {
                return event;
            }
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Status and body.
    pub(crate) fn get(&self, host: &str, path: &str) -> (u16, Value) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}:{}\r\n", self.port()), "")
    }

    /// Calls a worker and waits.
    pub(crate) fn invoke(&self, worker: &str, event: &Value) -> (u16, Value) {
        self.ask(&invocation(self.port(), worker, "RequestResponse"), &event.to_string())
    }

    /// The status of an event's acceptance.
    pub(crate) fn post_event(&self, worker: &str, event: &str) -> u16 {
        self.ask(&invocation(self.port(), worker, "Event"), event).0
    }

    /// The names of all functions.
    pub(crate) fn functions(&self) -> Vec<String> {
        let head = format!(
            "GET /2015-03-31/functions/ HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bedrock mine\r\n",
            self.port()
        );
        let (_, answer) = self.ask(&head, "");
        let all = answer["Functions"].as_array().expect("functions").iter();
        all.filter_map(|function| function["FunctionName"].as_str().map(str::to_owned)).collect()
    }

    fn ask(&self, head: &str, body: &str) -> (u16, Value) {
        let answer = exchange(self.port(), head, body).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or_else(|_| body.into()))
    }

    /// The processes that it has started.
    pub(crate) fn children(&self) -> Vec<u32> {
        processes(|status| status.lines().any(|line| line == format!("PPid:\t{}", self.child.id())))
    }

    /// Those, and all that know its address from their environment: what left its group, too.
    pub(crate) fn descendants(&self) -> Vec<u32> {
        let knows = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&self.url)
        };
        let mut all = self.children();
        all.extend(processes(|_| true).into_iter().filter(knows));
        all
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).expect("a signal");
    }

    /// Its exit code, and what it said on standard error.
    pub(crate) fn end(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
        (self.child.wait().expect("an end").code(), said)
    }

    /// The same signal while others still ask it.
    pub(crate) fn kill_now(&self) {
        kill_process(Pid::from_child(&self.child), Signal::KILL).expect("a signal");
    }

    /// Ends it as nothing else does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a signal");
        self.child.wait().expect("an end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.turn = None;
    }
}

/// Whether an event was accepted at a port; false if nobody is there any more.
pub(crate) fn takes_event(port: u16, worker: &str, event: &str) -> bool {
    let answer = exchange(port, &invocation(port, worker, "Event"), event);
    answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 202 "))
}

fn invocation(port: u16, worker: &str, kind: &str) -> String {
    format!(
        "POST /2015-03-31/functions/{worker}/invocations HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Authorization: Bedrock mine\r\nX-Amz-Invocation-Type: {kind}\r\n"
    )
}

fn exchange(port: u16, head: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let length = body.len();
    let request = format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Those whose status is such a one.
fn processes(is_meant: impl Fn(&str) -> bool) -> Vec<u32> {
    let all = fs::read_dir("/proc").expect("processes").flatten();
    let status = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(|pid| is_meant(&status(pid))).collect()
}

/// Waits until none of these processes is there.
pub(crate) fn gone(processes: &[u32]) {
    let until = Instant::now() + PATIENCE;
    let is_alive = |pid: &u32| {
        // One that nobody has waited for yet has ended, too.
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
    };
    while processes.iter().any(is_alive) {
        assert!(Instant::now() < until, "still there: {processes:?}");
        std::thread::yield_now();
    }
}
