//! A running `cargo bedrock dev`, and requests to it. Tests that run `examples/hello` share the app's folder, so only
//! one of them runs at a time.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::test_app::checkout;

/// Timeout of everything that includes compiling.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Returns the folder of the example app.
pub(crate) fn example_app() -> PathBuf {
    checkout().join("examples/hello")
}

/// Returns the command `cargo bedrock dev` in the example app, without starting it.
pub(crate) fn dev_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    command.args(["bedrock", "dev"]).current_dir(example_app());
    testbed::share_build(&mut command);
    command
}

/// Locks the example app until the returned file is dropped.
pub(crate) fn lock_example() -> File {
    let folder = example_app().join("target/bedrock");
    fs::create_dir_all(&folder).expect("a folder");
    let lock = File::create(folder.join(".test")).expect("a file");
    lock.lock().expect("a lock");
    lock
}

/// Locks the shared target folder until the returned file is dropped. The apps of the tests have programs with the same
/// names, and a server copies its programs after cargo has built them.
fn lock_build() -> File {
    let lock = File::create(checkout().join("target/.dev-tests")).expect("a file");
    lock.lock().expect("a lock");
    lock
}

/// A server that runs until this is dropped.
pub(crate) struct DevProcess {
    child: Child,
    /// `http://127.0.0.1:PORT`
    url: String,
    events: Mutex<Receiver<Value>>,
    /// Lock of the example app.
    lock: Option<File>,
}

impl DevProcess {
    /// Starts a server for `examples/hello` on a free port.
    pub(crate) fn start() -> Self {
        Self::start_at(0)
    }

    pub(crate) fn start_at(port: u16) -> Self {
        let lock = lock_example();
        let mut command = dev_command();
        command.args(["--message-format", "json", "--port", &port.to_string()]);
        let mut dev = Self::start_command(command);
        dev.lock = Some(lock);
        dev
    }

    /// Starts a server for `examples/hello` whose soft limit of open files is `files`.
    pub(crate) fn start_with_soft_file_limit(files: u32) -> Self {
        let lock = lock_example();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -S -n {files}; exec \"$0\" \"$@\"")]);
        command.args([
            env!("CARGO_BIN_EXE_cargo-bedrock"),
            "bedrock",
            "dev",
            "--message-format",
            "json",
            "--port",
            "0",
        ]);
        testbed::share_build(command.current_dir(example_app()));
        let mut dev = Self::start_command(command);
        dev.lock = Some(lock);
        dev
    }

    /// Starts a command that prints JSON events.
    pub(crate) fn start_command(mut command: Command) -> Self {
        let _build = lock_build();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let Ok(first) = serde_json::from_str::<Value>(&line) else {
            let mut stderr = String::new();
            let _ = child.stderr.take().expect("a pipe").read_to_string(&mut stderr);
            panic!("`{line}`, {stderr}");
        };
        assert_eq!(first["event"], "app-started", "{first}");
        let url = first["url"].as_str().expect("a URL").to_owned();
        // A full pipe would block the server.
        let (event_sender, events) = channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let _ = event_sender.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Self { child, url, events: events.into(), lock: None }
    }

    /// Returns the next event with this name.
    pub(crate) fn wait_for(&self, name: &str) -> Value {
        loop {
            let event =
                self.events.lock().expect("a lock").recv_timeout(TIMEOUT).unwrap_or_else(|_| panic!("no `{name}`"));
            if event["event"] == name {
                return event;
            }
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Sends a GET request. Returns status and body.
    pub(crate) fn get(&self, host: &str, path: &str) -> (u16, Value) {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: {host}:{}\r\n", self.port()), "")
    }

    /// Sends a text to the endpoint. Returns status and body.
    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let host = format!("endpoint.localhost:{}", self.port());
        self.request(&format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n"), body)
    }

    /// Invokes a worker. Returns status and response.
    pub(crate) fn invoke(&self, worker: &str, event: &Value) -> (u16, Value) {
        self.request(&invocation(self.port(), worker, "RequestResponse"), &event.to_string())
    }

    /// Invokes a worker asynchronously. Returns the status.
    pub(crate) fn post_event(&self, worker: &str, event: &str) -> u16 {
        self.request(&invocation(self.port(), worker, "Event"), event).0
    }

    /// Returns the names of all functions.
    pub(crate) fn functions(&self) -> Vec<String> {
        let head = format!(
            "GET /2015-03-31/functions/ HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bedrock mine\r\n",
            self.port()
        );
        let (_, response) = self.request(&head, "");
        let all = response["Functions"].as_array().expect("functions").iter();
        all.filter_map(|function| function["FunctionName"].as_str().map(str::to_owned)).collect()
    }

    fn request(&self, head: &str, body: &str) -> (u16, Value) {
        let response = exchange(self.port(), head, body).expect("a response");
        let (head, body) = response.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or_else(|_| body.into()))
    }

    /// Returns the ids of the processes that the server has started.
    pub(crate) fn children(&self) -> Vec<u32> {
        processes(|status| status.lines().any(|line| line == format!("PPid:\t{}", self.child.id())))
    }

    /// Returns the children, and all processes with the server's address in their environment, even if they left its
    /// group.
    pub(crate) fn descendants(&self) -> Vec<u32> {
        let has_address = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&self.url)
        };
        let mut all = self.children();
        all.extend(processes(|_| true).into_iter().filter(has_address));
        all
    }

    pub(crate) fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Returns the first line of standard error that contains `text`.
    pub(crate) fn wait_for_stderr(&mut self, text: &str) -> String {
        let lines = BufReader::new(self.child.stderr.take().expect("a pipe")).lines();
        lines.map_while(Result::ok).find(|line| line.contains(text)).unwrap_or_else(|| panic!("no `{text}`"))
    }

    /// Closes the pipe that the server's standard error goes to.
    pub(crate) fn close_stderr(&mut self) {
        drop(self.child.stderr.take());
    }

    /// Sends the signal of Ctrl-C.
    pub(crate) fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).expect("a signal");
    }

    /// Waits for the end. Returns the exit code and standard error.
    pub(crate) fn wait(&mut self) -> (Option<i32>, String) {
        let mut stderr = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
        (self.child.wait().expect("an end").code(), stderr)
    }

    /// Sends SIGKILL while other threads still send requests.
    pub(crate) fn send_kill(&self) {
        kill_process(Pid::from_child(&self.child), Signal::KILL).expect("a signal");
    }

    /// Kills the server and waits for its end. Returns the lock of the example app: without it, the server of another test
    /// may run the events that are left.
    pub(crate) fn kill(mut self) -> Option<File> {
        self.child.kill().expect("a signal");
        self.child.wait().expect("an end");
        self.lock.take()
    }
}

impl Drop for DevProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.lock = None;
    }
}

/// Whether an event was accepted. Returns false if the server has ended.
pub(crate) fn accepts_event(port: u16, worker: &str, event: &str) -> bool {
    let response = exchange(port, &invocation(port, worker, "Event"), event);
    response.is_ok_and(|response| response.starts_with("HTTP/1.1 202 "))
}

/// Sends a request whose head has a line for each header but those of every request. Returns status and body, or `None` if
/// the server ends before it has responded.
pub(crate) fn try_request(port: u16, head: &str, body: &str) -> Option<(u16, Value)> {
    let head = format!("{head}Host: 127.0.0.1:{port}\r\nAuthorization: Bedrock mine\r\n");
    let response = exchange(port, &head, body).ok()?;
    let (head, body) = response.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok()).flatten()
    });
    // The server may end in the middle of a response.
    if length.is_some_and(|length: usize| length != body.len()) {
        return None;
    }
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or_else(|_| body.into())))
}

fn invocation(port: u16, worker: &str, kind: &str) -> String {
    format!(
        "POST /2015-03-31/functions/{worker}/invocations HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Authorization: Bedrock mine\r\nX-Amz-Invocation-Type: {kind}\r\n"
    )
}

/// Sends a request and returns the complete response.
fn exchange(port: u16, head: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    // A killed server resets its connections, but for those that a process has inherited which is just being started.
    stream.set_read_timeout(Some(TIMEOUT))?;
    let length = body.len();
    let request = format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

/// Returns the ids of the processes that a process has started, and of those that they have started.
pub(crate) fn descendants_of(pid: u32) -> Vec<u32> {
    let children = processes(|status| status.lines().any(|line| line == format!("PPid:\t{pid}")));
    let of_children: Vec<u32> = children.iter().copied().flat_map(descendants_of).collect();
    children.into_iter().chain(of_children).collect()
}

/// Returns the ids of all processes whose `/proc/PID/status` matches.
fn processes(matches: impl Fn(&str) -> bool) -> Vec<u32> {
    let all = fs::read_dir("/proc").expect("processes").flatten();
    let status = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(|pid| matches(&status(pid))).collect()
}

/// Waits until all of these processes have ended.
pub(crate) fn wait_until_ended(processes: &[u32]) {
    let deadline = Instant::now() + TIMEOUT;
    let is_alive = |pid: &u32| {
        // A zombie has ended too.
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
    };
    while processes.iter().any(is_alive) {
        assert!(Instant::now() < deadline, "still running: {processes:?}");
        std::thread::yield_now();
    }
}
