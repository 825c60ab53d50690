//! An app with durable workers whose SDKs are the pinned test tools, and a client of Lambda's API.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bedrock_build::App;
use bedrock_dev::{Clock, DevServer, DevServerConfig};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The folder of the handlers.
pub(crate) const HANDLERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance/durable");

const ECHO: &str = "\
from bedrock.workers.worker import Worker

class Echo(Worker):
    def execute(self, event, context):
        return event
";

/// The echo function of the requirements is durable: its execution has an ARN.
const DURABLE_ECHO: &str = "\
import os, sys
sys.path.append(os.environ['DURABLE_SDK'])
from bedrock.workers.worker import Worker

class Echo(Worker):
    def execute(self, event, context):
        return event
";

const FAILING: &str = "\
import os, sys
sys.path.append(os.environ['DURABLE_SDK'])
from bedrock.workers.worker import Worker

class Failing(Worker):
    def execute(self, event, context):
        raise ValueError('it always fails')
";

/// The pinned tools.
pub(crate) struct Tools {
    /// The Python of the environment that has AWS's SDK and boto3.
    pub(crate) python: PathBuf,
    site_packages: PathBuf,
    /// AWS's validator.
    pub(crate) validator: PathBuf,
    node_modules: PathBuf,
}

impl Tools {
    /// Returns the tools; `None` if one of them is not installed, which skips the test.
    pub(crate) fn find() -> Option<Self> {
        let python = testbed::tool("durable/bin/python")?;
        let lib = python.parent()?.parent()?.join("lib");
        let versions = fs::read_dir(lib).ok()?.filter_map(Result::ok);
        let site_packages = versions.map(|entry| entry.path().join("site-packages")).find(|path| path.is_dir())?;
        Some(Self {
            python,
            site_packages,
            validator: testbed::tool("durable_validator")?,
            node_modules: testbed::tool("durable_sdk/node_modules")?,
        })
    }
}

/// A folder with an app.
pub(crate) struct DurableApp {
    folder: TempDir,
    tools: Tools,
}

impl DurableApp {
    /// Writes an app with the workers of the conformance requirements, if the tools are installed.
    pub(crate) fn new() -> Option<Self> {
        let tools = Tools::find()?;
        let folder = tempfile::tempdir().expect("a folder");
        let app = Self { folder, tools };
        fs::create_dir_all(app.state()).expect("a folder");
        app.save("Cargo.toml", &app.manifest());
        app.save("src/main.rs", "");
        for worker in ["python_handlers", "crashing_handlers"] {
            app.save(&format!("workers/{worker}/main.py"), &handlers("python_handlers.py"));
        }
        app.save("workers/node_handlers/main.mjs", &handlers("node_handlers.mjs"));
        let base = include_str!("../../../templates/files/worker/javascript/worker.js");
        app.save("workers/node_handlers/worker.js", base);
        symlink(&app.tools.node_modules, app.root().join("workers/node_handlers/node_modules")).expect("a link");
        app.save("workers/echo/main.py", DURABLE_ECHO);
        app.save("workers/failing/main.py", FAILING);
        app.save("workers/plain/main.py", ECHO);
        Some(app)
    }

    pub(crate) fn tools(&self) -> &Tools {
        &self.tools
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a folder that workers may write to, and that is not watched.
    pub(crate) fn state(&self) -> PathBuf {
        self.root().join("target/state")
    }

    pub(crate) fn save(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Starts the server. One that was closed just before may still have the lock of the queue.
    pub(crate) async fn start(&self, clock: Clock) -> DevServer {
        let started = tokio::time::Instant::now();
        loop {
            match DevServer::start(self.config(clock.clone())).await {
                Ok(server) => return server,
                Err(error) => assert!(started.elapsed() < Duration::from_secs(30), "{error}"),
            }
            tokio::task::yield_now().await;
        }
    }

    fn config(&self, clock: Clock) -> DevServerConfig {
        DevServerConfig {
            app: App::open(self.root()).expect("an app"),
            state_folder: self.root().join("target/bedrock"),
            install_folder: self.root().join("target/bedrock"),
            port: 0,
            clock,
            executables: std::collections::HashMap::new(),
            log_sink: Arc::new(|_| {}),
            call_graph: None,
            strict: false,
            relaxed: false,
        }
    }

    fn manifest(&self) -> String {
        let sdk = self.tools.site_packages.display();
        let state = self.state().display().to_string();
        let durable = ["python_handlers", "crashing_handlers", "node_handlers", "echo", "failing"];
        let tables = durable.iter().map(|worker| {
            format!(
                "[package.metadata.bedrock.workers.{worker}]\ntimeout = 60\nmemory = 512\n\
                 durable = {{ timeout = '15m', retention = '1d' }}\n\
                 env = {{ DURABLE_SDK = '{sdk}', DURABLE_STATE = '{state}', ECHO = 'echo', FAILING = 'failing' }}\n"
            )
        });
        let tables: String = tables.collect();
        format!("[package]\nname = \"shop\"\nversion = \"0.1.0\"\n{tables}")
    }
}

fn handlers(file: &str) -> String {
    fs::read_to_string(Path::new(HANDLERS).join(file)).expect("the handlers")
}

/// A response of the API.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl ApiResponse {
    /// Returns the value of a header, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// Returns the exception and the text of an error.
    pub(crate) fn error(&self) -> (&str, &str) {
        let message = self.body["message"].as_str().or_else(|| self.body["Message"].as_str()).unwrap_or_default();
        (self.header("x-amzn-errortype"), message)
    }
}

/// Calls the API of a server with additional header lines.
pub(crate) async fn call(url: &str, request: &str, headers: &[(&str, &str)], body: &str) -> ApiResponse {
    let address = url.strip_prefix("http://").expect("a URL");
    let mut text = format!("{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    if headers.iter().all(|(name, _)| *name != "authorization") {
        text.push_str("authorization: Bedrock any\r\n");
    }
    for (name, value) in headers {
        text += &[name, ": ", value, "\r\n"].concat();
    }
    text += &["content-length: ", &body.len().to_string(), "\r\n\r\n", body].concat();
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("sent");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.expect("a response");
    let response = String::from_utf8(response).expect("text");
    let (head, body) = response.split_once("\r\n\r\n").expect("a response");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    ApiResponse { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
}

/// Starts an execution, whose name is that of a requirement and a suffix. Returns its ARN.
pub(crate) async fn start_execution(url: &str, worker: &str, name: &str, input: &Value) -> String {
    let path = format!("POST /2015-03-31/functions/{worker}/invocations");
    let headers = [("x-amz-invocation-type", "Event"), ("x-amz-durable-execution-name", name)];
    let event = serde_json::json!({ "Input": input }).to_string();
    let response = call(url, &path, &headers, &event).await;
    assert_eq!(response.status, 202, "{response:?}");
    response.header("x-amz-durable-execution-arn").to_owned()
}

pub(crate) async fn get(url: &str, arn: &str, suffix: &str) -> Value {
    let response = call(url, &format!("GET /2025-12-01/durable-executions/{}{suffix}", encoded(arn)), &[], "").await;
    assert_eq!(response.status, 200, "{response:?}");
    response.body
}

pub(crate) fn encoded(arn: &str) -> String {
    arn.replace(':', "%3A").replace('$', "%24").replace('/', "%2F")
}

/// Returns the types of the events of an execution.
pub(crate) async fn event_types(url: &str, arn: &str) -> Vec<String> {
    let history = get(url, arn, "/history").await;
    let events = history["Events"].as_array().expect("events");
    events.iter().map(|event| event["EventType"].as_str().expect("a type").to_owned()).collect()
}

/// Waits until an event of this type is in the history.
pub(crate) async fn wait_for_event(url: &str, arn: &str, event_type: &str) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let types = event_types(url, arn).await;
        if types.iter().any(|found| found == event_type) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "no {event_type} in {types:?}");
        tokio::task::yield_now().await;
    }
}
