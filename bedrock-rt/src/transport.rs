//! How an invocation reaches a worker: the local runtime on a laptop, the Lambda Invoke API on AWS.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::Error;
use crate::caller::Caller;

/// One call of one worker or function, with its event already written as JSON.
#[derive(Debug)]
#[cfg_attr(bedrock_lambda, allow(dead_code))] // read by the remote transport, which is not part of this version
pub(crate) struct Call {
    /// A worker's name, or the name or ARN of any function.
    pub(crate) target: String,
    pub(crate) event: Bytes,
    pub(crate) kind: Kind,
    /// The invocation that makes the call, if one does.
    pub(crate) caller: Option<Caller>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Wait for the answer.
    RequestResponse,
    /// Be done when the event is accepted.
    Event,
}

pub(crate) type Reply = Pin<Box<dyn Future<Output = Result<Bytes, Error>> + Send>>;

/// A way for calls to reach workers.
pub(crate) trait Transport: Send + Sync {
    /// The response as JSON; nothing for [`Kind::Event`].
    fn call(&self, call: Call) -> Reply;
}

static TRANSPORT: OnceLock<Arc<dyn Transport>> = OnceLock::new();

/// Sets the transport of this process; the first one stays.
#[cfg(not(bedrock_lambda))]
pub(crate) fn install(transport: Arc<dyn Transport>) {
    let _ = TRANSPORT.set(transport);
}

/// The transport of this process.
pub(crate) fn transport() -> &'static Arc<dyn Transport> {
    TRANSPORT.get_or_init(default_transport)
}

/// Whether this process is a Lambda function: the runtime API's address is there.
pub(crate) fn on_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

fn default_transport() -> Arc<dyn Transport> {
    #[cfg(not(bedrock_lambda))]
    if !on_lambda() {
        return crate::local::Local::detached();
    }
    Arc::new(Unavailable)
}

/// Stands where the remote transport will be.
struct Unavailable;

impl Transport for Unavailable {
    fn call(&self, call: Call) -> Reply {
        Box::pin(async move {
            Err(Error::Transport {
                worker: call.target,
                message: "calls from one Lambda function to another are not part of this version".to_owned(),
                may_have_run: false,
            })
        })
    }
}
