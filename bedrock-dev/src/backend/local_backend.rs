//! The backend of Lambda's API: synchronous calls go to the functions, events to the queue.

use std::sync::Arc;

use bedrock_model::{
    Accepted, AdmissionError, Backend, Caller, Error, Execution, ExecutionError, ExecutionStart, FunctionInfo,
    Invocation, Reply,
};

use super::function_registry::FunctionRegistry;
use crate::Clock;
use crate::async_queue::{AsyncEvent, AsyncQueue};
use crate::durable::DurableService;

/// Admits calls to the functions of an app, runs them, and accepts events into the queue.
pub(crate) struct LocalBackend {
    pub(crate) functions: Arc<FunctionRegistry>,
    pub(crate) queue: Arc<AsyncQueue>,
    pub(crate) clock: Clock,
    /// The durable executions; `None` if the app has no durable worker.
    pub(crate) durable: Option<Arc<DurableService>>,
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
        if function.durable.is_none() {
            return self.functions.run(function, invocation);
        }
        let worker = function.worker.clone();
        let execution = self.execute(function, ExecutionStart { invocation, name: None, waits: true });
        Box::pin(async move {
            let reply = execution.await.map_err(|error| not_started(&worker, error))?;
            reply.outcome.unwrap_or_else(|| Ok("null".into()))
        })
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        if function.durable.is_some() {
            let worker = function.worker.clone();
            let execution = self.execute(function, ExecutionStart { invocation, name: None, waits: false });
            return Box::pin(async move { execution.await.map(drop).map_err(|error| not_started(&worker, error)) });
        }
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

    fn execute(&self, function: &FunctionInfo, start: ExecutionStart) -> Execution {
        let Some(durable) = self.durable.clone() else {
            let message = format!("worker `{}` is not durable; restart `cargo bedrock dev`", function.worker);
            let error = ExecutionError { exception: "InvalidParameterValueException", status: 400, message };
            return Box::pin(std::future::ready(Err(error)));
        };
        Box::pin(durable.execute(function.clone(), start))
    }
}

/// Returns the error of a call whose execution was not started.
pub(super) fn not_started(worker: &str, error: ExecutionError) -> Error {
    Error::Function {
        worker: worker.to_owned(),
        error_type: error.exception.to_owned(),
        message: error.message,
        trace: Vec::new(),
    }
}
