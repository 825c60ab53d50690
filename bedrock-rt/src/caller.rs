//! What a call inherits from the invocation that makes it: the deadline and the trace.

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use crate::Context;
use crate::context::Function;

/// The invocation within which a call is made.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) deadline: SystemTime,
    pub(crate) trace: Option<String>,
    /// The function that is running, if it is known: workers of the same app and stage are named after it.
    pub(crate) function: Option<Arc<Function>>,
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
        let function = Some(Arc::clone(&context.function));
        CALLER.scope(Self { deadline: context.deadline, trace: context.trace_id.clone(), function }, future)
    }
}
