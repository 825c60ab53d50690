//! An app in a temporary folder with a worker of each language, at work and reloaded. The Rust worker's program is a script
//! that speaks the Runtime API, and the compiler a test that says what comes of a build.

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
type Built = Result<Programs, BuildError>;

/// A build that was asked for, and where it is told how far it is.
pub(crate) struct Asked {
    pub(crate) affected: Affected,
    pub(crate) making: BuildProgress,
    pub(crate) end: oneshot::Sender<Built>,
}

pub(crate) struct Room {
    dir: TempDir,
    pub(crate) root: PathBuf,
    pub(crate) url: String,
    workshop: Option<DevServer>,
    reports: UnboundedReceiver<ReloadOutcome>,
    builds: UnboundedReceiver<Asked>,
    pub(crate) ends: JoinHandle<Option<App>>,
}

impl Room {
    /// With a program for the Rust worker if `built` says so.
    pub(crate) async fn open(built: bool) -> Self {
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
        let first = compiled(&root, &program("old"));
        let order = DevServerConfig {
            app: app.clone(),
            state: root.join("target/bedrock"),
            scratch: root.join("target/bedrock"),
            port: 0,
            clock: Clock::real(),
            programs: if built { first } else { Programs::new() },
            sink: Arc::new(|_| {}),
            edges: None,
            strict: false,
        };
        let workshop = DevServer::open(order).await.expect("it opens");
        let reloader = workshop.reloader(&app, &[]).expect("a reloader");
        let (report, reports) = unbounded_channel();
        let (ask, builds) = unbounded_channel();
        let run = reloader
            .run(move |affected, making| asked(&ask, affected, making), move |reload| drop(report.send(reload)));
        let ends = tokio::spawn(run);
        Self { dir, root, url: workshop.url.clone(), workshop: Some(workshop), reports, builds, ends }
    }

    pub(crate) fn save(&self, path: &str, text: &str) {
        save(&self.root.join(path), text);
    }

    pub(crate) async fn report(&mut self) -> ReloadOutcome {
        self.reports.recv().await.expect("the reloader runs")
    }

    /// Workers, files and messages of the next report.
    pub(crate) async fn told(&mut self) -> (String, String, Vec<String>) {
        let (workers, files, messages) = match self.report().await {
            ReloadOutcome::Reloaded(reloaded) => (reloaded.workers, reloaded.files, Vec::new()),
            ReloadOutcome::Failed(failed) => (failed.workers, failed.files, failed.messages),
            ReloadOutcome::Written(written) => ([written.worker].into(), written.files, vec![written.help]),
        };
        let files: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        (workers.into_iter().collect::<Vec<_>>().join(" "), files.join(" "), messages)
    }

    pub(crate) async fn build(&mut self) -> Asked {
        self.builds.recv().await.expect("the reloader runs")
    }

    /// No build was asked for.
    pub(crate) fn built_nothing(&mut self) -> bool {
        self.builds.is_empty()
    }

    /// What the next build ends with: a program that answers with this version.
    pub(crate) async fn build_version(&mut self, version: &str) {
        let programs = compiled(&self.root, &program(version));
        self.build().await.end.send(Ok(programs)).expect("it waits");
    }

    pub(crate) async fn invoke(&self, worker: &str, event: Value) -> Result<Value, Value> {
        invoke(&self.url, worker, &event).await
    }

    /// The version that answers.
    pub(crate) async fn version(&self, worker: &str) -> String {
        let answer = self.invoke(worker, json!({})).await.expect("an answer");
        answer["version"].as_str().expect("text").to_owned()
    }

    /// A file to wait for or to make, which changes nothing.
    pub(crate) fn sign(&self, name: &str) -> PathBuf {
        self.dir.path().join("target").join(name)
    }

    pub(crate) fn close(mut self) {
        self.ends.abort();
        if let Some(workshop) = self.workshop.take() {
            workshop.close();
        }
    }
}

fn asked(
    ask: &UnboundedSender<Asked>,
    affected: Affected,
    making: BuildProgress,
) -> impl Future<Output = Built> + Send + use<> {
    let (end, ended) = oneshot::channel();
    let sent = ask.send(Asked { affected, making, end });
    async move {
        drop(sent);
        ended.await.unwrap_or_else(|_| Err(BuildError { messages: vec!["nobody builds".to_owned()], said: Vec::new() }))
    }
}

/// As most editors do it: all at once.
pub(crate) fn save(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let aside = path.with_extension("swp");
    fs::write(&aside, text).expect("a file");
    fs::rename(&aside, path).expect("a file");
}

/// Where cargo would put it: always the same place.
pub(crate) fn compiled(root: &Path, text: &str) -> Programs {
    use std::os::unix::fs::PermissionsExt;
    let path = root.join("target/debug/rusty");
    save(&path, text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    Programs::from([("rusty".to_owned(), path)])
}

/// The response, or what the function's error says.
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
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let body = serde_json::from_str(body).unwrap_or_else(|_| json!(answer));
    let is_good = head.starts_with("HTTP/1.1 200") && !head.to_lowercase().contains("x-amz-function-error");
    if is_good { Ok(body) } else { Err(body) }
}

/// Waits until a file is there that another process makes.
pub(crate) async fn wait_for(path: &Path) {
    while !path.exists() {
        tokio::task::yield_now().await;
    }
}

/// Waits until a process has ended; soon, for it has nothing to do any more.
pub(crate) async fn is_gone(process: u64) {
    let began = Instant::now();
    while Path::new(&format!("/proc/{process}")).exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "process {process} is still there");
        tokio::task::yield_now().await;
    }
}

const MANIFEST: &str = "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n";

/// Both wait, if the event says so, for a file, having made another one.
pub(crate) fn python(version: &str) -> String {
    format!(
        r#"import os, time
from bedrock.workers.worker import Worker

class Snake(Worker):
    def execute(self, event, context):
        if "until" in event:
            open(event["begun"], "w").close()
            while not os.path.exists(event["until"]):
                time.sleep(0.002)
        return {{"version": "{version}", "process": os.getpid()}}
"#
    )
}

pub(crate) fn javascript(version: &str) -> String {
    format!(
        r"const fs = require('fs');
const {{ Worker }} = require('./worker');

class NodeOne extends Worker {{
  async execute(event, context) {{
    if (event.until) {{
      fs.writeFileSync(event.begun, '');
      while (!fs.existsSync(event.until)) await new Promise((done) => setTimeout(done, 2));
    }}
    return {{ version: '{version}', process: process.pid }};
  }}
}}
"
    )
}

/// A Rust worker's program, as far as this side can tell.
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
        open(event["begun"], "w").close()
        while not os.path.exists(event["until"]):
            time.sleep(0.002)
    answer = json.dumps({{"version": "{version}", "process": os.getpid()}})
    request("POST", "invocation/" + headers["lambda-runtime-aws-request-id"] + "/response", answer.encode())
"#
    ))
}

/// A program that runs these lines. What the PATH names may be a slow shim, and of this one many are started.
pub(crate) fn script(lines: &str) -> String {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().expect("python3");
    format!("#!{} -IS\n{lines}", String::from_utf8(asked.stdout).expect("text").trim())
}
