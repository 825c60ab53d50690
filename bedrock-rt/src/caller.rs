//! The invocation that makes a call. The call inherits its deadline and its trace.

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use crate::Context;
use crate::context::Function;

/// The invocation that makes a call.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) deadline: SystemTime,
    pub(crate) trace: Option<String>,
    /// The running function, if it is known. The names of the workers of the same app and stage follow from its name.
    pub(crate) function: Option<Arc<Function>>,
}

tokio::task_local! {
    static CALLER: Caller;
}

impl Caller {
    /// Returns the invocation that the current task runs. `None` outside of an invocation.
    pub(crate) fn current() -> Option<Self> {
        CALLER.try_with(Clone::clone).ok()
    }

    /// Runs `future` as part of the invocation of `context`.
    pub(crate) fn scope<F: Future>(context: &Context, future: F) -> impl Future<Output = F::Output> {
        let function = Some(Arc::clone(&context.function));
        CALLER.scope(Self { deadline: context.deadline, trace: context.trace_id.clone(), function }, future)
    }
}
