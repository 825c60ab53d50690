//! The interface between calls of `invoke!` and what carries them to a worker: the local runtime on the developer's
//! machine, the Lambda Invoke API on AWS.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::Error;
use crate::limits::{MAX_EVENT_PAYLOAD_BYTES, MAX_SYNC_PAYLOAD_BYTES};

/// One call of one worker or function.
#[derive(Debug, Clone)]
pub struct Call {
    /// The worker or function that is called.
    pub target: Target,
    /// The event, JSON.
    pub event: Bytes,
    /// Whether the call waits for the response.
    pub kind: InvocationType,
    /// The invocation that makes the call. `None` outside of an invocation.
    pub caller: Option<CallingInvocation>,
}

/// The invocation that makes a call. The call inherits its deadline and its trace.
#[derive(Debug, Clone)]
pub struct CallingInvocation {
    /// When the invocation is ended.
    pub deadline: SystemTime,
    /// The value of its `X-Amzn-Trace-Id`, if it has one.
    pub trace: Option<String>,
    /// The running function, if it is known. The names of the workers of the same app and stage follow from its name.
    pub function: Option<Arc<FunctionContext>>,
}

/// Properties of a function that are the same for all its invocations, as its context has them.
#[derive(Debug, Clone, Default)]
pub struct FunctionContext {
    /// The function name, for example `my_app-dev-resizer`.
    pub name: String,
    /// The ARN that was invoked.
    pub arn: String,
    /// The version, locally `$LATEST`.
    pub version: String,
    /// The memory size in megabytes.
    pub memory: u64,
    /// The log group.
    pub log_group: String,
    /// The log stream of the execution environment.
    pub log_stream: String,
}

/// The worker or function that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A worker of this app, known to the compiler.
    Worker(&'static str),
    /// A worker's name, or the name or ARN of any function.
    Any(String),
}

impl Target {
    /// Returns the name, function name or ARN, as the caller wrote it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Worker(name) => name,
            Self::Any(name) => name,
        }
    }
}

/// Lambda's invocation type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvocationType {
    /// The call waits for the response.
    RequestResponse,
    /// The call is complete when the event is accepted.
    Event,
}

/// Future of a response, JSON, or of the reason why there is none.
pub type Reply = Pin<Box<dyn Future<Output = Result<Bytes, Error>> + Send>>;

/// Carries calls to workers.
pub trait Transport: Send + Sync {
    /// Returns the response as JSON. It is empty for [`InvocationType::Event`].
    fn call(&self, call: Call) -> Reply;

    /// Connects in the background, so that the first call is faster. Must be called inside an async runtime.
    fn open(&self) {}
}

/// Returns an error if the event of a call of `worker` is larger than Lambda accepts.
pub fn check_event_size(worker: &str, bytes: usize, kind: InvocationType) -> Result<(), Error> {
    let limit = match kind {
        InvocationType::RequestResponse => MAX_SYNC_PAYLOAD_BYTES,
        InvocationType::Event => MAX_EVENT_PAYLOAD_BYTES,
    };
    if bytes > limit { Err(Error::PayloadTooLarge { worker: worker.to_owned(), bytes, limit }) } else { Ok(()) }
}
