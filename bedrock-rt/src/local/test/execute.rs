//! Runs executions of durable workers in a test: the calls that start them, their replays, and the workers that they
//! invoke.

use std::sync::{Arc, Weak};

use bedrock_durable::ExecutionArn;
use bedrock_local::durable::{DurableFunctions, DurableService, RunReason};
use bedrock_model::{ExecutionError, ExecutionReply, ExecutionStart, FunctionInfo, Invocation, Reply};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::events::TestEvents;
use super::executions::Executions;
use super::harness::Harness;
use super::invocations::Origin;
use super::log_capture;
use crate::Error;
use bedrock_local::{WorkerInfo, stopping_error};

/// Sets up the executions of an app on its async runtime.
pub(super) fn start(is_durable: bool, harness: &Weak<Harness>, handle: &Handle, events: Arc<TestEvents>) -> Executions {
    Executions::start(is_durable, Arc::new(TestFunctions(harness.clone())), handle, events)
}

impl Harness {
    /// Starts an execution, and waits for its end if the caller waits.
    pub(super) async fn execute(
        self: &Arc<Self>,
        info: Arc<WorkerInfo>,
        start: ExecutionStart,
        caller: Option<String>,
    ) -> Result<ExecutionReply, ExecutionError> {
        let waits = start.waits;
        let deadline = start.invocation.caller_deadline;
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
        self.executions.add_index(arn, index);
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
                RunReason::Replay { arn, .. } => harness.replay(&info, invocation, &arn).await,
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
