//! Runs the program of a durable Rust worker against recorded executions: it is invoked like any function, and its
//! checkpoints go to a `ReplayApi`. What the code does in a replay is decided there.

use std::collections::HashMap;
use std::future::pending;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bedrock_build::{App, Worker};
use bedrock_durable::{CheckpointAnswer, RecordedExecution, ReplayApi, ReplayReport};
use bedrock_local::{Reaper, function_arn, serve_until};
use bedrock_model::{Error, FunctionInfo, Invocation};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::backend::FunctionFactory;
use crate::debug::Debuggers;
use crate::execution::{Function, LogLine, RuntimeApi};
use crate::sync::Mutex;
use crate::triggers::LocalResources;

/// The variables by which the worker logs what its SDK does, as JSON.
const LOG_VARIABLES: [(&str, &str); 2] =
    [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("RUST_LOG", "off,aws_durable_execution_sdk::lifecycle=debug")];

/// The error of requests that fail, which AWS's SDKs do not send again.
const REFUSED_ERROR: &str = "InvalidParameterValueException";

/// The replay that runs, or one of an execution without operations.
type CurrentReplay = Arc<Mutex<ReplayApi>>;

/// A durable Rust worker whose executions are replayed, one after the other.
pub struct ReplayedWorker {
    function: Arc<Function>,
    current: CurrentReplay,
    server: JoinHandle<()>,
}

impl ReplayedWorker {
    /// Starts the API for the executable of a worker, on the current tokio runtime. The process starts with the first
    /// replay.
    ///
    /// # Errors
    ///
    /// If no port of 127.0.0.1 can be listened on.
    pub async fn start(app: &App, worker: &Worker, executable: PathBuf) -> std::io::Result<Self> {
        let current = CurrentReplay::new(Mutex::new(no_replay()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let routes = Router::new()
            .route("/2025-12-01/durable-executions/{*operation}", post(checkpoint))
            .with_state(Arc::clone(&current));
        let server = tokio::spawn(async move { drop(serve_until(listener, routes, Box::pin(pending())).await) });
        let name = worker.name.to_string();
        let observed = Arc::clone(&current);
        let factory = FunctionFactory {
            api_url: &url,
            runtime_api: RuntimeApi::start().await?,
            reaper: Arc::<Reaper>::default(),
            log_sink: Arc::new(move |line: LogLine| {
                observed.lock().log_line(&line.text);
            }),
            resource_variables: LocalResources::new(app, &url).variables(app),
            executables: HashMap::from([(name, executable)]),
            enforce_memory: false,
            debuggers: &Debuggers::new(),
        };
        let info = function_info(app, worker);
        let program = factory.program(app, info, app.root.join(&worker.dir), &worker.settings, &[]);
        let mut program = program.ok_or(std::io::ErrorKind::NotFound)?;
        program.variables.extend(LOG_VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let function = Function::new(program, factory.runtime_api, factory.reaper, factory.log_sink);
        Ok(Self { function, current, server })
    }

    /// Replays an execution. `now` is the current time in milliseconds since 1970, and `later` a time at which the replay has
    /// ended. Returns what the code did.
    ///
    /// # Errors
    ///
    /// If the program does not start, or does not answer in time.
    pub async fn replay(
        &mut self,
        recorded: RecordedExecution,
        now: u64,
        later: u64,
    ) -> Result<(RecordedExecution, ReplayReport), Error> {
        *self.current.lock() = ReplayApi::new(recorded, now, later);
        loop {
            let event = self.current.lock().event();
            let invocation = Invocation::new(Bytes::from(event.to_string()), None);
            let response = match self.function.invoke(invocation).await {
                Ok(response) => serde_json::from_slice(&response).unwrap_or_default(),
                Err(Error::Function { error_type, message, .. }) => {
                    json!({ "Status": "FAILED", "Error": { "ErrorType": error_type, "ErrorMessage": message } })
                }
                Err(error) => return Err(error),
            };
            let mut current = self.current.lock();
            if !current.end_run(&response) {
                return Ok(std::mem::replace(&mut *current, no_replay()).report());
            }
        }
    }
}

impl Drop for ReplayedWorker {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn checkpoint(State(current): State<CurrentReplay>, uri: Uri, body: Bytes) -> Response {
    let is_checkpoint = uri.path().ends_with("/checkpoint");
    let answer = if is_checkpoint { current.lock().checkpoint(&body) } else { CheckpointAnswer::Refused };
    match answer {
        CheckpointAnswer::Response(response) => Json(response).into_response(),
        CheckpointAnswer::Refused => {
            let body = json!({ "Type": REFUSED_ERROR, "message": "the replay ends here" });
            (StatusCode::BAD_REQUEST, [("x-amzn-errortype", REFUSED_ERROR)], Json(body)).into_response()
        }
    }
}

fn no_replay() -> ReplayApi {
    ReplayApi::new(
        RecordedExecution { input: String::new(), end: None, errors: Vec::new(), operations: Vec::new() },
        0,
        0,
    )
}

fn function_info(app: &App, worker: &Worker) -> FunctionInfo {
    let name = format!("{}-local-{}", app.name, worker.name);
    FunctionInfo {
        worker: worker.name.to_string(),
        arn: function_arn(&name),
        log_group: format!("/aws/lambda/{name}"),
        durable: None,
        name,
        language: worker.language,
        runtime: worker.runtime.id.to_owned(),
        handler: "bootstrap".to_owned(),
        timeout: worker.settings.timeout,
        memory: worker.settings.memory,
    }
}
