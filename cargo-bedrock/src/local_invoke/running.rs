//! Invocations in a `cargo bedrock dev` that runs for the same app, so that its queue, event log and dashboard show
//! them.

use bedrock_build::{App, Worker};
use bedrock_dev::{ENDPOINT, HttpRequest, HttpResponse, RunningInvocation, RunningServer};
use tokio::runtime::Runtime;

use crate::ui::Printer;
use bedrock_diagnostics::{Error, Result};

/// The longest timeout of an execution whose result a caller can wait for, in seconds (Lambda's quotas).
const LONGEST_SYNCHRONOUS: u64 = 900;

/// A running `dev`.
pub(super) struct Running {
    server: RunningServer,
    runtime: Runtime,
}

impl Running {
    /// Finds the `dev` of an app. Returns `None` if none is running.
    pub(super) fn find(app: &App) -> Result<Option<Self>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
        let server = runtime.block_on(RunningServer::find(&bedrock_package::artifact_dir(app)));
        Ok(server.map(|server| Self { server, runtime }))
    }

    pub(super) fn url(&self) -> &str {
        &self.server.url
    }

    /// Invokes a worker. Prints the response to standard output, and the end of the log to standard error.
    pub(super) fn invoke(self, worker: &Worker, payload: String, is_event: bool, print: Printer) -> Result<()> {
        let name = worker.name.as_str();
        let result = self.runtime.block_on(self.server.invoke(name, payload.into(), is_event));
        match result.map_err(|reason| self.error(&reason))? {
            RunningInvocation::Accepted { request_id } => {
                print.done(&format!("sent the event `{request_id}` to worker `{name}`"));
                print.next(if worker.settings.durable.is_some() {
                    "`cargo bedrock executions ls` lists its execution"
                } else {
                    "`cargo bedrock queue ls` lists it until it is done"
                });
                Ok(())
            }
            RunningInvocation::Response { payload, log } => {
                print.raw_stderr(&log);
                Printer::data_bytes(&payload)?;
                Printer::data("\n")
            }
            RunningInvocation::FunctionError { error_type, message, log } => {
                print.raw_stderr(&log);
                Err(Error::app(format!("worker `{name}` failed")).cause(format!("{error_type}: {message}")))
            }
            RunningInvocation::Refused { message } => {
                let error = Error::call(format!("worker `{name}` was not invoked")).cause(message);
                let longest = worker.settings.durable.as_ref().map(|durable| durable.timeout);
                if is_event || longest.is_none_or(|seconds| seconds <= LONGEST_SYNCHRONOUS) {
                    return Err(error);
                }
                Err(error
                    .help(format!(
                        "start an execution without waiting for its result: `cargo bedrock invoke {name} --event`"
                    ))
                    .help("or set `durable.timeout` to at most 15 minutes"))
            }
        }
    }

    /// Sends a request to the endpoint.
    pub(super) fn request(self, request: HttpRequest) -> Result<HttpResponse> {
        self.runtime.block_on(self.server.request(ENDPOINT, request)).map_err(|reason| self.error(&reason))
    }

    fn error(&self, reason: &str) -> Error {
        Error::call(format!("failed to send a request to the running `cargo bedrock dev` at {}", self.url()))
            .cause(reason)
    }
}
