//! An app on disk, and a served API whose fake backend has one worker that acts on its event.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_build::settings::Cors;
use bedrock_build::{App, Language};
use bedrock_dev::dashboard;
use bedrock_dev::event_log::{EventLog, Recorder, Redactions, Retention};
use bedrock_dev::http_api::{ApiState, router};
use bedrock_dev::{
    AsyncEvent, AsyncQueue, Attempt, Clock, EventInvokeConfig, EventTransition, QueueStore, RecordingBackend,
};
use bedrock_local::lambda_api::{Access, serve_alongside_routes};
use bedrock_model::{Accepted, Backend, Error, FunctionInfo, Invocation, Reply};
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::client::{Response, send};

pub(crate) const BASE: &str = "/_bedrock/v1";
/// Origin of the pages that may call the URL of the worker.
pub(crate) const FRONT_END: &str = "http://front.example";

/// Creates an app with a Rust worker `greeter` and a Python worker `fetcher`.
pub(crate) fn app(dir: &Path) -> App {
    app_with(dir, "")
}

/// Creates the app with an additional line in the settings of `greeter`.
pub(crate) fn app_with(dir: &Path, line: &str) -> App {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    let worker = "[package.metadata.bedrock.workers.greeter]\nmemory = 512\nenv = { TOKEN = \"s3cret\" }\n";
    write("Cargo.toml", &format!("[package]\nname = \"shop\"\n[package.metadata.bedrock]\n{worker}{line}\n"));
    write("src/main.rs", "");
    write("workers/greeter/Cargo.toml", "[package]\nname = \"greeter\"\n");
    write("workers/greeter/src/lib.rs", "");
    write("workers/greeter/src/main.rs", "");
    write("workers/fetcher/main.py", "class Fetcher: pass\n");
    App::find(dir).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A backend whose worker acts on its event.
pub(crate) struct FakeBackend {
    pub(crate) queue: Arc<AsyncQueue>,
    /// Of the URL of its worker.
    pub(crate) cors: Cors,
}

impl Backend for FakeBackend {
    fn functions(&self) -> Vec<FunctionInfo> {
        vec![function()]
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        let not_found = || Error::WorkerNotFound { worker: name.to_owned(), help: None };
        (name == "greeter").then(function).ok_or_else(not_found)
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
    }

    fn cors(&self, _function: &FunctionInfo) -> Option<&Cors> {
        Some(&self.cors)
    }

    fn run(&self, _function: &FunctionInfo, invocation: Invocation) -> Reply {
        Box::pin(std::future::ready(respond(&invocation)))
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        let event = AsyncEvent {
            id: invocation.request_id,
            worker: function.worker.clone(),
            arn: function.arn.clone(),
            payload: invocation.event,
            trace: invocation.trace,
            rules: EventInvokeConfig { retries: 0, ..EventInvokeConfig::default() },
            accepted: SystemTime::now(),
            attempts: 0,
            refusals: 0,
        };
        self.queue.accept(&event).expect("accepted");
        Box::pin(std::future::ready(Ok(())))
    }
}

fn respond(invocation: &Invocation) -> Result<Bytes, Error> {
    let worker = "greeter".to_owned();
    // An unpaired surrogate is valid JSON, but cannot be a Rust string.
    let event: Value = serde_json::from_slice(&invocation.event).unwrap_or_default();
    match event["do"].as_str() {
        Some("fail") => Err(Error::Function {
            worker,
            error_type: "ValueError".to_owned(),
            message: "no".to_owned(),
            trace: vec!["line 1".to_owned()],
        }),
        Some("hang") => Err(Error::Timeout { worker, after: Duration::from_secs(3) }),
        Some("throttle") => Err(Error::Throttled { worker, reason: "too many".to_owned() }),
        Some("deny") => Err(Error::AccessDenied { worker, message: "not you".to_owned() }),
        Some("large") => Ok(format!("\"{}\"", "x".repeat(5 * 1024 * 1024)).into()),
        Some("trace") => Ok(json!(invocation.trace).to_string().into()),
        _ => Ok(invocation.event.clone()),
    }
}

pub(crate) fn function() -> FunctionInfo {
    FunctionInfo {
        worker: "greeter".to_owned(),
        name: "shop-local-greeter".to_owned(),
        arn: "arn:aws:lambda:us-east-1:000000000000:function:shop-local-greeter".to_owned(),
        language: Language::Rust,
        runtime: "provided.al2023".to_owned(),
        handler: "bootstrap".to_owned(),
        timeout: 3,
        memory: 512,
        log_group: "/aws/lambda/shop-local-greeter".to_owned(),
        durable: None,
    }
}

/// The served API with its parts.
pub(crate) struct TestServer {
    pub(crate) log: EventLog,
    pub(crate) recorder: Recorder,
    pub(crate) state: Arc<ApiState>,
    pub(crate) queue: Arc<AsyncQueue>,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    /// The folder of the app.
    pub(crate) dir: TempDir,
}

impl TestServer {
    pub(crate) async fn start(retention: Retention) -> Self {
        Self::start_with(Recorder::new(EventLog::new(retention))).await
    }

    /// Starts a server that redacts fields.
    pub(crate) async fn with_redactions(redactions: Redactions) -> Self {
        Self::start_with(Recorder::new(EventLog::new(Retention::default())).with_redactions(redactions)).await
    }

    async fn start_with(recorder: Recorder) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let log = recorder.log().clone();
        let store = Arc::new(QueueStore::own(&dir.path().join("queue.sqlite")).expect("a store"));
        let run = |_, _| -> bedrock_dev::AttemptFuture {
            Box::pin(async { Attempt::Failed(json!({ "errorType": "ValueError" })) })
        };
        let changes = recorder.clone();
        let observer =
            move |event: &AsyncEvent, change: EventTransition<'_>| changes.publish_queue_change(event, change);
        let queue = AsyncQueue::with_observer(store, Clock::real(), run, |_, _| None, observer).expect("a queue");
        tokio::spawn(Arc::clone(&queue).work());
        let cors = Cors { allow_origins: vec![FRONT_END.to_owned()], max_age: Some(5), ..Cors::default() };
        let fake = FakeBackend { queue: Arc::clone(&queue), cors };
        let backend: Arc<dyn Backend> = Arc::new(RecordingBackend::new(Arc::new(fake), recorder.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let app = app(dir.path());
        let url = format!("http://{address}");
        let state = Arc::new(ApiState::new(&app, url, recorder.clone(), Arc::clone(&backend), Arc::clone(&queue)));
        tokio::spawn(serve_alongside_routes(
            listener,
            backend,
            Access::Signed,
            router(&state).merge(dashboard::router()),
        ));
        Self { log, recorder, state, queue, address, dir }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        send(&self.address, &format!("GET {BASE}{path}"), &[], "").await
    }

    /// Sends a POST request with the token.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Response {
        let token = self.get("/token").await.json()["token"].as_str().expect("a token").to_owned();
        send(&self.address, &format!("POST {BASE}{path}"), &[("x-bedrock-token", &token)], body).await
    }

    /// Calls the worker over Lambda's API, as an SDK does, with a trace header. Returns the request id.
    pub(crate) async fn call(&self, event: &str, trace: &str) -> String {
        let headers = [("authorization", "Bedrock any"), ("x-amzn-trace-id", trace)];
        let line = "POST /2015-03-31/functions/greeter/invocations";
        let response = send(&self.address, line, &headers, event).await;
        response.header("x-amzn-requestid").expect("a request id").to_owned()
    }
}
