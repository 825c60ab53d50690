//! What a call inherits from the invocation that makes it: the deadline and the trace.

use std::future::Future;
use std::time::SystemTime;

use crate::Context;

/// The invocation within which a call is made.
#[derive(Debug, Clone)]
#[cfg_attr(bedrock_lambda, allow(dead_code))] // read by the remote transport, which is not part of this version
pub(crate) struct Caller {
    pub(crate) deadline: SystemTime,
    pub(crate) trace: Option<String>,
}

tokio::task_local! {
    static CALLER: Caller;
}

impl Caller {
    /// The invocation that the current task runs, if it runs one.
    pub(crate) fn current() -> Option<Self> {
        CALLER.try_with(Clone::clone).ok()
    }

    /// Runs `future` as part of the invocation that `context` describes.
    pub(crate) fn scope<F: Future>(context: &Context, future: F) -> impl Future<Output = F::Output> {
        CALLER.scope(Self { deadline: context.deadline, trace: context.trace_id.clone() }, future)
    }
}
