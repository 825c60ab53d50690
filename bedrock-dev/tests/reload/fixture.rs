//! A dev server with a reloader, for an app in a temporary folder with a worker of each language. The program of the
//! Rust worker is a script that uses the Runtime API, and the test replaces the compiler.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedrock_build::App;
use bedrock_dev::{Affected, BuildError, BuildProgress, Clock, DevServer, DevServerConfig, ReloadOutcome};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) type Programs = HashMap<String, PathBuf>;
type BuildResult = Result<Programs, BuildError>;

/// A build that the reloader has requested. The test reports its progress and its result.
pub(crate) struct BuildRequest {
    pub(crate) affected: Affected,
    pub(crate) progress: BuildProgress,
    pub(crate) result: oneshot::Sender<BuildResult>,
}

pub(crate) struct TestServer {
    dir: TempDir,
    pub(crate) root: PathBuf,
    pub(crate) url: String,
    server: Option<DevServer>,
    outcomes: UnboundedReceiver<ReloadOutcome>,
    builds: UnboundedReceiver<BuildRequest>,
    pub(crate) reload_loop: JoinHandle<Option<App>>,
}

impl TestServer {
    /// Starts the server; if `is_built`, with a program for the Rust worker.
    pub(crate) async fn start(is_built: bool) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a folder");
        save(&root.join("Cargo.toml"), MANIFEST);
        save(&root.join(".gitignore"), "/target\n*.log\n");
        for path in ["workers/rusty/Cargo.toml", "workers/rusty/src/lib.rs", "shared/money/src/lib.rs", "src/main.rs"] {
            save(&root.join(path), "");
        }
        save(&root.join("workers/snake/main.py"), &python("old"));
        save(&root.join("workers/node_one/main.js"), &javascript("old"));
        save(
            &root.join("workers/node_one/worker.js"),
            include_str!("../../../templates/files/worker/javascript/worker.js"),
        );
        let app = App::open(&root).expect("an app");
        let programs = compile(&root, &program("old"));
        let config = DevServerConfig {
            app: app.clone(),
            state_folder: root.join("target/bedrock"),
            install_folder: root.join("target/bedrock"),
            port: 0,
            clock: Clock::real(),
            executables: if is_built { programs } else { Programs::new() },
            log_sink: Arc::new(|_| {}),
            call_graph: None,
            strict: false,
            relaxed: false,
        };
        let server = DevServer::start(config).await.expect("a server");
        let reloader = server.reloader(&app, &[]).expect("a reloader");
        let (outcome_sender, outcomes) = unbounded_channel();
        let (build_sender, builds) = unbounded_channel();
        let reload_loop = tokio::spawn(reloader.run(
            move |affected, progress| request_build(&build_sender, affected, progress),
            move |outcome| drop(outcome_sender.send(outcome)),
        ));
        Self { dir, root, url: server.url.clone(), server: Some(server), outcomes, builds, reload_loop }
    }

    /// Installs the dependencies of all workers, as at the start of `cargo bedrock dev`.
    pub(crate) async fn install_dependencies(&self) {
        self.server.as_ref().expect("it runs").install_dependencies().await;
    }

    pub(crate) fn save(&self, path: &str, text: &str) {
        save(&self.root.join(path), text);
    }

    pub(crate) async fn next_outcome(&mut self) -> ReloadOutcome {
        self.outcomes.recv().await.expect("the reloader runs")
    }

    /// Returns the workers, files and messages of the next outcome.
    pub(crate) async fn next_summary(&mut self) -> (String, String, Vec<String>) {
        let (workers, files, messages) = match self.next_outcome().await {
            ReloadOutcome::Reloaded(success) => (success.workers, success.files, Vec::new()),
            ReloadOutcome::Failed(failure) => (failure.workers, failure.files, failure.messages),
            ReloadOutcome::Written(written) => ([written.worker].into(), written.files, vec![written.help]),
        };
        let files: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        (workers.into_iter().collect::<Vec<_>>().join(" "), files.join(" "), messages)
    }

    pub(crate) async fn next_build(&mut self) -> BuildRequest {
        self.builds.recv().await.expect("the reloader runs")
    }

    /// Returns whether no build was requested.
    pub(crate) fn has_no_builds(&mut self) -> bool {
        self.builds.is_empty()
    }

    /// Completes the next build with a program of this version.
    pub(crate) async fn complete_build(&mut self, version: &str) {
        let programs = compile(&self.root, &program(version));
        self.next_build().await.result.send(Ok(programs)).expect("the reloader waits");
    }

    pub(crate) async fn invoke(&self, worker: &str, event: Value) -> Result<Value, Value> {
        invoke(&self.url, worker, &event).await
    }

    /// Returns the version that responds.
    pub(crate) async fn version(&self, worker: &str) -> String {
        let response = self.invoke(worker, json!({})).await.expect("a response");
        response["version"].as_str().expect("text").to_owned()
    }

    /// Returns a path in an ignored folder, for files by which tests and workers signal each other.
    pub(crate) fn signal_file(&self, name: &str) -> PathBuf {
        self.dir.path().join("target").join(name)
    }

    pub(crate) fn close(mut self) {
        self.reload_loop.abort();
        if let Some(server) = self.server.take() {
            server.close();
        }
    }
}

fn request_build(
    sender: &UnboundedSender<BuildRequest>,
    affected: Affected,
    progress: BuildProgress,
) -> impl Future<Output = BuildResult> + Send + use<> {
    let (result, receiver) = oneshot::channel();
    let sent = sender.send(BuildRequest { affected, progress, result });
    async move {
        drop(sent);
        let no_result = || BuildError { messages: vec!["the test has ended".to_owned()], compiler_output: Vec::new() };
        receiver.await.unwrap_or_else(|_| Err(no_result()))
    }
}

/// Saves a file as most editors do: by renaming a temporary file.
pub(crate) fn save(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let temporary = path.with_extension("swp");
    fs::write(&temporary, text).expect("a file");
    fs::rename(&temporary, path).expect("a file");
}

/// Writes the program to where cargo puts it: always the same path.
pub(crate) fn compile(root: &Path, text: &str) -> Programs {
    use std::os::unix::fs::PermissionsExt;
    let path = root.join("target/debug/rusty");
    save(&path, text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    Programs::from([("rusty".to_owned(), path)])
}

/// Returns the response, or the JSON of the error.
pub(crate) async fn invoke(url: &str, worker: &str, event: &Value) -> Result<Value, Value> {
    let address = url.strip_prefix("http://").expect("a URL");
    let event = event.to_string();
    let request = format!(
        "POST /2015-03-31/functions/{worker}/invocations HTTP/1.1\r\nhost: {address}\r\nauthorization: Bedrock test\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{event}",
        event.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("a response");
    let (head, body) = response.split_once("\r\n\r\n").expect("a response");
    let body = serde_json::from_str(body).unwrap_or_else(|_| json!(response));
    let is_success = head.starts_with("HTTP/1.1 200") && !head.to_lowercase().contains("x-amz-function-error");
    if is_success { Ok(body) } else { Err(body) }
}

/// Waits until another process has created a file.
pub(crate) async fn wait_for_file(path: &Path) {
    while !path.exists() {
        tokio::task::yield_now().await;
    }
}

/// Waits until a process that is not needed any more has exited.
pub(crate) async fn wait_for_exit(process: u64) {
    let start = Instant::now();
    while Path::new(&format!("/proc/{process}")).exists() {
        assert!(start.elapsed() < Duration::from_secs(30), "process {process} is still running");
        tokio::task::yield_now().await;
    }
}

const MANIFEST: &str = "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n";

/// Returns the code of a Python worker. If the event contains `until`, it creates the file `started` and waits for
/// `until`.
pub(crate) fn python(version: &str) -> String {
    format!(
        r#"import os, time
from bedrock.workers.worker import Worker

class Snake(Worker):
    def execute(self, event, context):
        if "until" in event:
            open(event["started"], "w").close()
            while not os.path.exists(event["until"]):
                time.sleep(0.002)
        return {{"version": "{version}", "process": os.getpid()}}
"#
    )
}

/// Returns the code of a JavaScript worker that does the same as [`python`].
pub(crate) fn javascript(version: &str) -> String {
    format!(
        r"const fs = require('fs');
const {{ Worker }} = require('./worker');

class NodeOne extends Worker {{
  async execute(event, context) {{
    if (event.until) {{
      fs.writeFileSync(event.started, '');
      while (!fs.existsSync(event.until)) await new Promise((done) => setTimeout(done, 2));
    }}
    return {{ version: '{version}', process: process.pid }};
  }}
}}
"
    )
}

/// Returns a script that behaves like the program of a Rust worker, and does the same as [`python`].
pub(crate) fn program(version: &str) -> String {
    script(&format!(
        r#"import json, os, socket, time
host, key = os.environ["AWS_LAMBDA_RUNTIME_API"].removeprefix("http://").split("/")
stream = socket.create_connection(host.split(":")).makefile("rwb")

def request(method, path, body=b""):
    head = f"{{method}} /{{key}}/2018-06-01/runtime/{{path}} HTTP/1.1\r\nhost: {{host}}\r\ncontent-length: {{len(body)}}\r\n\r\n"
    stream.write(head.encode() + body)
    stream.flush()
    lines = iter(lambda: stream.readline().decode().strip(), "")
    headers = {{name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}}
    return headers, stream.read(int(headers.get("content-length", 0)))

while True:
    headers, event = request("GET", "invocation/next")
    event = json.loads(event)
    if "until" in event:
        open(event["started"], "w").close()
        while not os.path.exists(event["until"]):
            time.sleep(0.002)
    response = json.dumps({{"version": "{version}", "process": os.getpid()}})
    request("POST", "invocation/" + headers["lambda-runtime-aws-request-id"] + "/response", response.encode())
"#
    ))
}

/// Returns a Python program. Its interpreter is looked up once, because `python3` in the PATH may be a slow shim.
pub(crate) fn script(lines: &str) -> String {
    let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().expect("python3");
    format!("#!{} -IS\n{lines}", String::from_utf8(output.stdout).expect("text").trim())
}
