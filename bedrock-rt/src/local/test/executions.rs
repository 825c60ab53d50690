//! The executions of durable workers in a test: the service of `bedrock-local` over a store in memory, on the clock that
//! the test moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use axum::Router;
use bedrock_durable::{ExecutionArn, MemoryExecutionStore};
use bedrock_local::durable::{DurableFunctions, DurableService, Engine, router};
use bedrock_local::lambda_api::Access;
use bedrock_model::ExecutionError;
use tokio::runtime::Handle;

use super::events::TestEvents;
use super::invocations::Invocations;

/// The executions of a test's app.
pub(super) struct Executions {
    /// `None` if the app has no durable worker.
    service: Option<Arc<DurableService>>,
    events: Arc<TestEvents>,
    /// The invocations that started executions, by their index.
    recorded: Mutex<Vec<(ExecutionArn, usize)>>,
}

impl Executions {
    /// Sets up the executions of an app on its async runtime.
    pub(super) fn start(
        is_durable: bool,
        functions: Arc<dyn DurableFunctions>,
        handle: &Handle,
        events: Arc<TestEvents>,
    ) -> Self {
        let clock = Arc::clone(&events);
        let open = || DurableService::open(Box::new(MemoryExecutionStore::default()), functions, move || clock.now());
        // A store in memory always opens.
        let service = is_durable.then(open).and_then(Result::ok);
        if let Some(service) = service.clone() {
            handle.spawn(service.work_on_changes());
        }
        Self { service, events, recorded: Mutex::default() }
    }

    /// Returns the service. The error is for apps without durable workers.
    pub(super) fn service(&self) -> Result<&Arc<DurableService>, ExecutionError> {
        self.service.as_ref().ok_or_else(|| ExecutionError {
            exception: "InvalidParameterValueException",
            status: 400,
            message: "the app has no durable worker".to_owned(),
        })
    }

    /// Returns the operations of Lambda's API for executions.
    pub(super) fn routes(&self) -> Router {
        self.service.as_ref().map_or_else(Router::new, |service| router(service, Access::Signed))
    }

    /// Waits until no execution runs or is due. Returns whether no event was running at that moment.
    pub(super) async fn wait_for_due(&self, handle: &Handle) -> bool {
        let Some(service) = self.service.clone() else { return true };
        let events = Arc::clone(&self.events);
        // What becomes due must run on the runtime of the app.
        let waiting = handle.spawn(async move { service.wait_for_due(move || events.running() == 0).await });
        // The store in memory does not fail.
        waiting.await.is_ok_and(|idle| idle.unwrap_or(true))
    }

    /// Returns when the next wait, delay or timeout is over.
    pub(super) fn next_due(&self) -> Option<SystemTime> {
        let next: SystemTime = self.service.as_ref()?.inspect(Engine::next_due)?.into();
        // What was due has run.
        (next > self.events.now()).then_some(next)
    }

    /// Records the results of executions that have ended.
    pub(super) fn update(&self, invocations: &Invocations) {
        let Some(service) = &self.service else { return };
        for (arn, index) in self.recorded().iter() {
            invocations.end_if_running(*index, || {
                let worker = service.inspect(|engine| engine.read(arn, |execution| execution.worker.clone())).ok()?;
                service.outcome(arn, &worker)
            });
        }
    }

    /// Describes the executions that have not ended.
    pub(super) fn active(&self) -> Vec<String> {
        let Some(service) = &self.service else { return Vec::new() };
        let summaries = service.inspect(Engine::summaries).unwrap_or_default();
        let active = summaries.iter().rev().filter(|summary| !summary.status.is_terminal());
        active
            .map(|summary| format!("`{}` of `{}`: {}", summary.arn.name(), summary.worker, summary.status.as_str()))
            .collect()
    }

    /// Returns the index of the invocation that started an execution.
    pub(super) fn index(&self, arn: &ExecutionArn) -> Option<usize> {
        self.recorded().iter().find(|(recorded, _)| recorded == arn).map(|(_, index)| *index)
    }

    /// Remembers the index of the invocation that started an execution.
    pub(super) fn add_index(&self, arn: &ExecutionArn, index: usize) {
        self.recorded().push((arn.clone(), index));
    }

    fn recorded(&self) -> MutexGuard<'_, Vec<(ExecutionArn, usize)>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
