//! The interface between calls and whatever carries them to a worker. [`runtime`](crate::runtime) chooses the
//! implementation: the local runtime on the developer's machine, the Lambda Invoke API on AWS.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::Error;
use crate::caller::Caller;

/// One call of one worker or function.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) target: Target,
    /// The event, JSON.
    pub(crate) event: Bytes,
    pub(crate) kind: Kind,
    /// The invocation that makes the call. `None` outside of an invocation.
    pub(crate) caller: Option<Caller>,
}

/// The worker or function that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A worker of this app, known to the compiler.
    Worker(&'static str),
    /// A worker's name, or the name or ARN of any function.
    Any(String),
}

impl Target {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Worker(name) => name,
            Self::Any(name) => name,
        }
    }
}

/// Lambda's invocation type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The call waits for the response.
    RequestResponse,
    /// The call is complete when the event is accepted.
    Event,
}

/// Future of the response.
pub(crate) type Reply = Pin<Box<dyn Future<Output = Result<Bytes, Error>> + Send>>;

/// Carries calls to workers.
pub(crate) trait Transport: Send + Sync {
    /// Returns the response as JSON. It is empty for [`Kind::Event`].
    fn call(&self, call: Call) -> Reply;

    /// Connects in the background, so that the first call is faster. Must be called inside an async runtime.
    #[cfg_attr(not(bedrock_lambda), allow(dead_code, reason = "only Lambda builds connect before the first call"))]
    fn open(&self) {}
}

/// Whether this process is a Lambda function: the address of the Runtime API is in its environment.
pub(crate) fn on_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}
