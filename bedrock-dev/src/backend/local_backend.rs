//! The backend of Lambda's API: synchronous calls go to the functions, events to the queue.

use std::sync::Arc;

use bedrock_model::{Accepted, AdmissionError, Backend, Caller, Error, FunctionInfo, Invocation, Reply};

use super::function_registry::FunctionRegistry;
use crate::Clock;
use crate::async_queue::{AsyncEvent, AsyncQueue};

/// Admits calls to the functions of an app, runs them, and accepts events into the queue.
pub(crate) struct LocalBackend {
    pub(crate) functions: Arc<FunctionRegistry>,
    pub(crate) queue: Arc<AsyncQueue>,
    pub(crate) clock: Clock,
}

impl Backend for LocalBackend {
    fn functions(&self) -> Vec<FunctionInfo> {
        self.functions.list()
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        self.functions.find(name)
    }

    fn arn(&self, name: &str) -> String {
        self.functions.arn(name)
    }

    fn admit(
        &self,
        caller: Caller<'_>,
        function: &FunctionInfo,
        invocation: &Invocation,
    ) -> Result<(), AdmissionError> {
        self.functions.policy().admit(caller, function, invocation)
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply {
        self.functions.run(function, invocation)
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        let event = AsyncEvent {
            id: invocation.request_id,
            worker: function.worker.clone(),
            arn: function.arn.clone(),
            payload: invocation.event,
            trace: invocation.trace,
            rules: self.functions.retry_rules(&function.worker),
            accepted: self.clock.now(),
            attempts: 0,
            refusals: 0,
        };
        let queue = Arc::clone(&self.queue);
        Box::pin(async move {
            let worker = event.worker.clone();
            let accepted = queue.on_thread(move |queue| queue.accept(&event)).await;
            accepted.map_err(|error| Error::Transport { worker, message: error.to_string(), may_have_run: false })
        })
    }
}
