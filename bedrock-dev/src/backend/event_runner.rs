//! Runs the events of the queue, and resolves their destinations to functions of the app.

use std::sync::Arc;

use bedrock_local::durable::DurableService;
use bedrock_model::{DeliveryHook, ExecutionStart, Invocation};

use super::function_registry::FunctionRegistry;
use crate::async_queue::{AsyncEvent, Attempt, AttemptFuture, DestinationFunction};
use crate::event_log::Recorder;

/// What the queue uses to run events.
pub(crate) struct EventRunner {
    pub(crate) functions: Arc<FunctionRegistry>,
    /// Records the attempts. Synchronous calls are recorded by [`super::RecordingBackend`].
    pub(crate) recorder: Recorder,
    /// Runs durable functions; `None` if the app has none.
    pub(crate) durable: Option<Arc<DurableService>>,
}

impl EventRunner {
    /// Runs one attempt of an event. `before_delivery` is awaited before a process gets the event.
    pub(crate) fn run_attempt(self: &Arc<Self>, event: AsyncEvent, before_delivery: DeliveryHook) -> AttemptFuture {
        let runner = Arc::clone(self);
        Box::pin(async move {
            let functions = &runner.functions;
            let function = match functions.find(&event.worker) {
                Ok(function) => function,
                Err(error) => return Attempt::Refused(error.to_string()),
            };
            if let Some(error) = functions.policy().recursive_loop_error(&function, &event.trace) {
                return Attempt::Dropped(error);
            }
            let mut invocation = Invocation::new(event.payload.clone(), Some(event.trace.clone()));
            invocation.request_id.clone_from(&event.id);
            invocation.before_delivery = Some(before_delivery);
            if let Some(durable) = runner.durable.clone().filter(|_| function.durable.is_some()) {
                // The event of a destination. Its execution has retries of its own, and its name makes it run once.
                let start = ExecutionStart { invocation, name: Some(event.id.clone()), waits: false };
                return match durable.execute(function.clone(), start).await {
                    Ok(_) => Attempt::Answered("null".into()),
                    Err(error) => Attempt::failed(&error.into_call_error(&function.worker), &function, &event.id),
                };
            }
            let run = |invocation| functions.run(&function, invocation);
            match runner.recorder.run(&function, Some(event.attempts), invocation, run).await {
                Ok(response) => Attempt::Answered(response),
                Err(error) => Attempt::failed(&error, &function, &event.id),
            }
        })
    }

    /// Resolves a destination of `source`, a worker's name or an ARN, to a function of this app. Returns `None` if the
    /// destination is outside the app, or if the chain of calls has led to it too often: Lambda, too, ends such a
    /// chain.
    pub(crate) fn resolve_destination(&self, destination: &str, source: &AsyncEvent) -> Option<DestinationFunction> {
        let name = match destination.split_once(":function:") {
            Some((_, rest)) => rest.split(':').next()?,
            None if destination.contains(':') => return None,
            None => destination,
        };
        let functions = &self.functions;
        let function = functions.find(name).ok()?;
        let trace = match functions.find(&source.worker) {
            Ok(source_function) => functions.policy().count_hop(&source_function, source.trace.clone()),
            // The source was removed from the app, so no recursive loop can go through it.
            Err(_) => source.trace.clone(),
        };
        if functions.policy().recursive_loop_error(&function, &trace).is_some() {
            return None;
        }
        let rules = functions.retry_rules(&function.worker);
        Some(DestinationFunction { worker: function.worker, arn: function.arn, rules, trace })
    }
}
