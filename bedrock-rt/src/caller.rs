//! The invocation that makes a call. The call inherits its deadline and its trace.

use std::future::Future;
use std::sync::Arc;

use bedrock_model::transport::CallingInvocation;

use crate::Context;

tokio::task_local! {
    static CURRENT: CallingInvocation;
}

/// Returns the invocation that the current task runs. `None` outside of an invocation.
pub(crate) fn current() -> Option<CallingInvocation> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs `future` as part of the invocation of `context`.
pub(crate) fn scope<F: Future>(context: &Context, future: F) -> impl Future<Output = F::Output> {
    let function = Some(Arc::clone(&context.function));
    let caller = CallingInvocation { deadline: context.deadline, trace: context.trace_id.clone(), function };
    CURRENT.scope(caller, future)
}
