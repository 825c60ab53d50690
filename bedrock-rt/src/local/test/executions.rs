//! The executions of durable workers in a test: the service of `bedrock-local` over a store in memory, on the clock that
//! the test moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use axum::Router;
use bedrock_durable::{ExecutionArn, MemoryExecutionStore};
use bedrock_local::durable::{DurableFunctions, DurableService, RunReason, router};
use bedrock_local::lambda_api::Access;
use bedrock_model::{ExecutionError, ExecutionReply, ExecutionStart, FunctionInfo, Invocation, Reply};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::events::TestEvents;
use super::harness::Harness;
use super::invocations::{Invocations, Origin};
use super::log_capture;
use crate::Error;
use bedrock_local::{WorkerInfo, stopping_error};

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
    pub(super) fn start(is_durable: bool, harness: Weak<Harness>, handle: &Handle, events: Arc<TestEvents>) -> Self {
        let clock = Arc::clone(&events);
        let functions = Arc::new(TestFunctions(harness));
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
        let next: SystemTime = self.service.as_ref()?.inspect(|engine| engine.next_due())?.into();
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
        let summaries = service.inspect(|engine| engine.summaries()).unwrap_or_default();
        let active = summaries.iter().rev().filter(|summary| !summary.status.is_terminal());
        active
            .map(|summary| format!("`{}` of `{}`: {}", summary.arn.name(), summary.worker, summary.status.as_str()))
            .collect()
    }

    /// Returns the index of the invocation that started an execution.
    pub(super) fn index(&self, arn: &ExecutionArn) -> Option<usize> {
        self.recorded().iter().find(|(recorded, _)| recorded == arn).map(|(_, index)| *index)
    }

    fn recorded(&self) -> MutexGuard<'_, Vec<(ExecutionArn, usize)>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Harness {
    /// Starts an execution, and waits for its end if the caller waits.
    pub(super) async fn execute(
        self: &Arc<Self>,
        info: Arc<WorkerInfo>,
        start: ExecutionStart,
        caller: Option<String>,
    ) -> Result<ExecutionReply, ExecutionError> {
        let (waits, deadline) = (start.waits, start.invocation.caller_deadline);
        let arn = self.start_execution(&info, start, caller).await?;
        let outcome = if waits {
            let service = Arc::clone(self.executions.service()?);
            Some(service.wait_for_end(&arn, &info.entry.name, deadline).await?)
        } else {
            None
        };
        Ok(ExecutionReply { arn: arn.as_str().to_owned(), outcome })
    }

    /// Starts an execution, and runs it until it ends. One that waits for the clock or a callback is an error: the test
    /// that waits for it cannot move the clock.
    pub(super) async fn execute_until_it_waits(
        self: &Arc<Self>,
        info: Arc<WorkerInfo>,
        start: ExecutionStart,
    ) -> Result<Bytes, Error> {
        let worker = &info.entry.name;
        let failed = |error: ExecutionError| error.into_call_error(worker);
        let arn = self.start_execution(&info, start, None).await.map_err(failed)?;
        self.wait_for_due().await;
        let outcome = self.executions.service().map_err(failed)?.outcome(&arn, worker);
        outcome.unwrap_or_else(|| {
            Err(Error::Function {
                worker: worker.clone(),
                error_type: "ExecutionWaits".to_owned(),
                message: format!(
                    "the execution `{}` waits for the clock or a callback, and this call for its response; start it with \
                     `app.start_execution(…)`, which does not wait",
                    arn.name()
                ),
                trace: Vec::new(),
            })
        })
    }

    /// Starts an execution on the runtime of the app, and records the call.
    pub(super) async fn start_execution(
        self: &Arc<Self>,
        info: &Arc<WorkerInfo>,
        start: ExecutionStart,
        caller: Option<String>,
    ) -> Result<ExecutionArn, ExecutionError> {
        let service = Arc::clone(self.executions.service()?);
        let harness = Arc::clone(self);
        let function = self.function_info(info);
        let worker = function.worker.clone();
        let started = self.local.handle.spawn(async move {
            let invocation = start.invocation.clone();
            let record = move |arn: &ExecutionArn| {
                harness.record(arn, &invocation, caller);
            };
            service.start(&function, start, record).await
        });
        let stopped = |_| ExecutionError {
            exception: "ServiceException",
            status: 500,
            message: stopping_error(&worker).to_string(),
        };
        Ok(started.await.map_err(stopped)??.arn)
    }

    /// Records the call that starts an execution.
    fn record(&self, arn: &ExecutionArn, invocation: &Invocation, caller: Option<String>) -> usize {
        let function = arn.function_arn().rsplit(':').nth(1).unwrap_or_default();
        let origin = Origin { caller, attempt: None };
        let index = self.invocations.start(self.worker_name(function), invocation, origin, false);
        self.executions.recorded().push((arn.clone(), index));
        index
    }

    /// Runs an invocation of an execution. Its log belongs to the call that started the execution.
    async fn replay(&self, info: &WorkerInfo, mut invocation: Invocation, arn: &ExecutionArn) -> Result<Bytes, Error> {
        let name = &info.entry.name;
        let log = log_capture::new_log(name, &invocation.request_id, self.output());
        invocation.trace = self.counted_trace(info, invocation.trace);
        invocation.tail = Some(log.clone());
        let index = self.executions.index(arn).unwrap_or_else(|| self.record_child(arn));
        let reply = self.local.run_and_report_named(name, invocation).await;
        self.invocations.add_lines(index, log.lines());
        reply
    }

    /// Records an execution that another execution has started.
    fn record_child(&self, arn: &ExecutionArn) -> usize {
        let read = |service: &Arc<DurableService>| {
            service.inspect(|engine| {
                let (input, trace, parent) = engine.read(arn, |execution| {
                    let parent = execution.parent.as_ref().map(|parent| parent.arn.clone());
                    (execution.input().to_owned(), execution.trace.clone(), parent)
                })?;
                let caller = parent.map(|parent| engine.read(&parent, |execution| execution.worker.clone()));
                Ok::<_, bedrock_durable::DurableError>((input, trace, caller.and_then(Result::ok)))
            })
        };
        let read = self.executions.service().ok().and_then(|service| read(service).ok());
        let (input, trace, caller) = read.unwrap_or_default();
        self.record(arn, &Invocation::new(input.into(), Some(trace)), caller)
    }
}

/// The workers of a test's app, as long as the app exists.
struct TestFunctions(Weak<Harness>);

impl DurableFunctions for TestFunctions {
    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        let harness = self.0.upgrade().ok_or_else(|| stopping_error(name))?;
        let info = harness.local.info(name)?;
        Ok(harness.function_info(&info))
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation, reason: RunReason) -> Reply {
        let harness = self.0.upgrade().ok_or_else(|| stopping_error(&function.worker));
        let worker = function.worker.clone();
        Box::pin(async move {
            let harness = harness?;
            let info = harness.local.info(&worker)?;
            match reason {
                RunReason::Replay(arn) => harness.replay(&info, invocation, &arn).await,
                RunReason::ChainedCall(parent) => {
                    let function = parent.function_arn().rsplit(':').nth(1).unwrap_or_default();
                    let caller = Some(harness.worker_name(function).to_owned());
                    harness.run(info, invocation, Origin { caller, attempt: None }).await
                }
            }
        })
    }

    fn print(&self, message: &str) {
        if let Some(harness) = self.0.upgrade() {
            harness.output().print(message);
        }
    }
}
