//! The interface between Lambda's API and whatever runs the functions.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::OnceLock;

use bedrock_build::Language;
use bedrock_build::settings::{Cors, DurableSettings};
use bytes::Bytes;

use crate::Error;
use crate::api_gateway::{ApiError, RoutedRequest};
use crate::function_url::{IamIdentity, UrlError, UrlRequest};
use crate::invocation::Invocation;
use crate::transport::Reply;

/// Future that completes when an event is accepted. The event is then run even if no caller waits.
pub type Accepted = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Future of a started execution of a durable function, or of the error of Lambda's API.
pub type Execution = Pin<Box<dyn Future<Output = Result<ExecutionReply, ExecutionError>> + Send>>;

/// Runs functions.
pub trait Backend: Send + Sync + 'static {
    /// Returns all functions, sorted by name.
    fn functions(&self) -> Vec<FunctionInfo>;

    /// Returns the function with this name, which is a function name or a worker name.
    fn find(&self, name: &str) -> Result<FunctionInfo, Error>;

    /// Returns the ARN that a function of this name has or would have.
    fn arn(&self, name: &str) -> String;

    /// Decides whether a call is admitted. Called before the function is run and before its event is accepted.
    fn admit(
        &self,
        caller: Caller<'_>,
        function: &FunctionInfo,
        invocation: &Invocation,
    ) -> Result<(), AdmissionError> {
        let _ = (caller, function, invocation);
        Ok(())
    }

    /// Returns the CORS configuration of a function's URL. `None` if it has none.
    fn cors(&self, function: &FunctionInfo) -> Option<&Cors> {
        let _ = function;
        None
    }

    /// Decides whether a request of a function's URL reaches the function. Returns who signed it, or `None` if requests need
    /// no signature.
    fn authorize_url(
        &self,
        function: &FunctionInfo,
        request: &UrlRequest<'_>,
    ) -> Result<Option<IamIdentity>, UrlError> {
        let _ = (function, request);
        Ok(None)
    }

    /// Returns the route of a function's HTTP API that a request reaches. `path` is that of the event, without the
    /// `/_url/NAME` that a signature covers. `None` if the function has no HTTP API: then its URL counts.
    fn route(
        &self,
        function: &FunctionInfo,
        request: &UrlRequest<'_>,
        path: &str,
    ) -> Option<Result<RoutedRequest, ApiError>> {
        let _ = (function, request, path);
        None
    }

    /// Returns whether the URL of a function streams its responses (`InvokeMode` is `RESPONSE_STREAM`).
    fn streams(&self, function: &FunctionInfo) -> bool {
        let _ = function;
        false
    }

    /// Runs a function that [`Backend::find`] returned.
    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply;

    /// Accepts an event that is run later.
    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted;

    /// Starts an execution of a durable function, and waits for its end if the caller waits.
    fn execute(&self, function: &FunctionInfo, start: ExecutionStart) -> Execution {
        let message =
            format!("worker `{}` is durable, and durable workers run in `cargo bedrock dev`", function.worker);
        drop(start);
        let error = ExecutionError { exception: "InvalidParameterValueException", status: 400, message };
        Box::pin(std::future::ready(Err(error)))
    }
}

/// How an execution of a durable function is started.
#[derive(Debug, Clone)]
pub struct ExecutionStart {
    /// The call.
    pub invocation: Invocation,
    /// The name of the execution. A second call with the same name and event starts no second execution.
    pub name: Option<String>,
    /// Whether the caller waits for the result.
    pub waits: bool,
}

/// An execution that was started.
#[derive(Debug, Clone)]
pub struct ExecutionReply {
    /// The ARN of the execution.
    pub arn: String,
    /// Its result, JSON, or the error of the function. `None` if the caller does not wait.
    pub outcome: Option<Result<Bytes, Error>>,
}

/// Why an execution was not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionError {
    /// The exception of AWS's API model.
    pub exception: &'static str,
    /// The status of the HTTP response.
    pub status: u16,
    /// The text that the caller reads.
    pub message: String,
}

impl ExecutionError {
    /// Returns the error of a call of this worker.
    #[must_use]
    pub fn into_call_error(self, worker: &str) -> Error {
        Error::Function {
            worker: worker.to_owned(),
            error_type: self.exception.to_owned(),
            message: self.message,
            trace: Vec::new(),
        }
    }
}

/// Who makes a call, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The worker whose access key signed the call, see [`worker_access_key`]. `None` for other keys.
    pub worker: Option<&'a str>,
    /// Whether the caller waits for the response.
    pub waits: bool,
}

/// Why a call is rejected, with the text that the caller reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdmissionError {
    /// The caller has no permission to call this function.
    Access(String),
    /// The call is part of a recursive loop.
    Recursion(String),
}

/// What callers may know about a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    /// The name of the worker. The backend identifies the function by it.
    pub worker: String,
    /// The function name, for example `my_app-local-resizer`.
    pub name: String,
    /// The function ARN, the same as in the context of an invocation.
    pub arn: String,
    /// The language of the worker.
    pub language: Language,
    /// Lambda's identifier of the runtime.
    pub runtime: String,
    /// Lambda's `Handler` setting.
    pub handler: String,
    /// Timeout in seconds.
    pub timeout: u64,
    /// Memory size in megabytes.
    pub memory: u64,
    /// The log group, for example `/aws/lambda/my_app-local-resizer`.
    pub log_group: String,
    /// The configuration of a durable function. `None` for other functions.
    pub durable: Option<DurableSettings>,
}

/// Prefix of the access keys that identify a worker.
const WORKER_KEY_PREFIX: &str = "LOCAL_";

/// The secret (`AWS_SECRET_ACCESS_KEY`) of the access keys of workers.
pub const WORKER_SECRET_KEY: &str = "local";

/// Returns the access key (`AWS_ACCESS_KEY_ID`) for the processes of a worker. The API recognizes the calling worker by
/// it. It is not a secret: the user's own programs need no protection from each other.
pub fn worker_access_key(worker: &str) -> String {
    format!("{WORKER_KEY_PREFIX}{worker}")
}

/// Returns the session token (`AWS_SESSION_TOKEN`) for the processes of a function: `LOCAL_NAME/SECRET`. The secret is another
/// one for each function and in each run of the program, so only processes of the function know it.
pub fn function_session_token(function: &str) -> String {
    static KEYS: OnceLock<[RandomState; 2]> = OnceLock::new();
    // The keys of the hasher (SipHash) are secret, and each hash has 64 bits.
    let keys = KEYS.get_or_init(|| [RandomState::new(), RandomState::new()]);
    let [high, low] = keys.each_ref().map(|key| key.hash_one(function));
    format!("{}/{high:016x}{low:016x}", worker_access_key(function))
}

/// Returns whether `token` is the session token of a function in this run. The time that it takes says nothing about the token.
pub fn is_session_token_of(function: &str, token: &str) -> bool {
    let expected = function_session_token(function);
    let differing = expected.bytes().zip(token.bytes()).fold(0, |differing, (one, other)| differing | (one ^ other));
    differing == 0 && expected.len() == token.len()
}

/// Returns the worker that an access key was made for. `None` for other keys.
pub fn worker_of_access_key(key: &str) -> Option<&str> {
    key.strip_prefix(WORKER_KEY_PREFIX)
}
