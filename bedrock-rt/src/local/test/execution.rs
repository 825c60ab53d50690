//! What a test sees of an execution of a durable worker, and how it answers callbacks, stops, pauses and resumes it.

use std::fmt;
use std::sync::Arc;

use bedrock_build::Language;
use bedrock_durable::{
    CallbackId, DurableError, ErrorObject, Execution as StoredExecution, ExecutionArn, ExecutionStatus, OperationType,
    Timestamp,
};
use bedrock_local::durable::{DurableService, Engine};
use bedrock_model::destination_record::json_or_text;
use bedrock_model::{ExecutionError, ExecutionStart, Invocation};
use serde::Serialize;
use serde_json::Value;

use super::app::App;
use super::harness::Harness;
use super::invocations::{Outcome, shorten};
use super::operation::Operation;
use crate::Error;
use crate::json::to_json;

/// Durable workers, with the cargo feature `durable-test`.
impl App {
    /// Starts an execution of a durable worker, and runs it until it ends or waits for the clock or a callback.
    ///
    /// # Errors
    ///
    /// The errors of Lambda's operation `Invoke`.
    pub async fn start_execution(&self, worker: &str, event: impl Serialize) -> Result<Execution, Error> {
        self.start_and_run(worker, None, event).await
    }

    /// Does the same as [`App::start_execution`] for an execution with a name. A second call with the same name and event
    /// returns the same execution.
    ///
    /// # Errors
    ///
    /// `DurableExecutionAlreadyStartedException` if an execution of the worker has this name and another event.
    pub async fn start_named_execution(
        &self,
        worker: &str,
        name: &str,
        event: impl Serialize,
    ) -> Result<Execution, Error> {
        self.start_and_run(worker, Some(name.to_owned()), event).await
    }

    async fn start_and_run(
        &self,
        worker: &str,
        name: Option<String>,
        event: impl Serialize,
    ) -> Result<Execution, Error> {
        let info = self.harness.local.info(worker).inspect_err(|error| self.print_help(error))?;
        let invocation = Invocation::new(to_json(worker, &event)?.into(), None);
        let start = ExecutionStart { invocation, name, waits: false };
        let failed = |error: ExecutionError| error.into_call_error(&info.entry.name);
        let arn = self.harness.start_execution(&info, start, None).await.map_err(failed)?;
        self.harness.wait_for_due().await;
        let service = Arc::clone(self.harness.executions.service().map_err(failed)?);
        Ok(Execution { harness: Arc::clone(&self.harness), service, arn })
    }

    /// Returns all executions of a durable worker, in the order in which they started.
    ///
    /// # Panics
    ///
    /// If the app has no such worker.
    #[track_caller]
    pub fn executions(&self, worker: &str) -> Vec<Execution> {
        self.check_name(worker);
        self.find_executions(|summary| summary.worker == worker)
    }

    /// Returns the newest execution with this name or ARN, or the newest one of the worker with this name.
    ///
    /// # Panics
    ///
    /// If there is none. The message lists all executions.
    #[track_caller]
    pub fn execution(&self, name: &str) -> Execution {
        let named = self.find_executions(|summary| summary.arn.name() == name || summary.arn.as_str() == name).pop();
        let found = named.or_else(|| self.find_executions(|summary| summary.worker == name).pop());
        let Some(execution) = found else {
            let all = self.find_executions(|_| true);
            let lines = all.iter().map(|each| format!("\n  `{}` of `{}`", each.name(), each.worker()));
            let lines: String = lines.collect();
            let list = if lines.is_empty() { "\nno execution has started so far" } else { "\nthe executions so far:" };
            panic!("no execution has the name, the ARN or the worker `{name}`{list}{lines}");
        };
        execution
    }

    /// Returns executions, the oldest first.
    fn find_executions(&self, matches: impl Fn(&bedrock_durable::ExecutionSummary) -> bool) -> Vec<Execution> {
        let Ok(service) = self.harness.executions.service() else { return Vec::new() };
        let mut summaries = service.inspect(Engine::summaries).unwrap_or_default();
        // The clock may stand still between two starts, so the store does not know their order.
        let executions = &self.harness.executions;
        summaries.sort_by_key(|summary| executions.index(&summary.arn).unwrap_or(usize::MAX));
        let execution = |arn| Execution { harness: Arc::clone(&self.harness), service: Arc::clone(service), arn };
        summaries.into_iter().filter(|summary| matches(summary)).map(|summary| execution(summary.arn)).collect()
    }
}

/// An execution of a durable worker in a test. It shows the state of the execution at the time of each call.
#[derive(Clone)]
pub struct Execution {
    harness: Arc<Harness>,
    service: Arc<DurableService>,
    arn: ExecutionArn,
}

impl Execution {
    /// Returns the ARN.
    pub fn arn(&self) -> &str {
        self.arn.as_str()
    }

    /// Returns the name. An execution that was started without a name has the name that is its id.
    pub fn name(&self) -> &str {
        self.arn.name()
    }

    /// Returns the worker.
    pub fn worker(&self) -> String {
        self.read(|execution| execution.worker.clone())
    }

    /// Returns the status.
    pub fn status(&self) -> ExecutionStatus {
        self.read(|execution| execution.status)
    }

    /// Returns the result.
    pub fn outcome(&self) -> Outcome {
        match self.service.outcome(&self.arn, &self.worker()) {
            None => Outcome::Running,
            Some(Ok(response)) => Outcome::Answered(json_or_text(&response)),
            Some(Err(error)) => Outcome::Failed(error),
        }
    }

    /// Returns the response. `None` if there is none.
    pub fn response(&self) -> Option<Value> {
        match self.outcome() {
            Outcome::Answered(response) => Some(response),
            Outcome::Running | Outcome::Failed(_) => None,
        }
    }

    /// Returns the error. `None` if the execution did not fail, time out or stop.
    pub fn error(&self) -> Option<Error> {
        match self.outcome() {
            Outcome::Failed(error) => Some(error),
            Outcome::Running | Outcome::Answered(_) => None,
        }
    }

    /// Returns the operations in the order in which they started.
    pub fn operations(&self) -> Vec<Operation> {
        let language = self.harness.local.info(&self.worker()).map(|info| info.entry.language);
        let is_python = language.is_ok_and(|language| language == Language::Python);
        // The first one is the execution itself.
        self.read(|execution| {
            execution.operations.iter().skip(1).map(|record| Operation::of(record, is_python)).collect()
        })
    }

    /// Returns the operations that have not ended.
    pub fn pending(&self) -> Vec<Operation> {
        self.operations().into_iter().filter(|operation| !operation.status.is_terminal()).collect()
    }

    /// Returns the first operation with this name.
    ///
    /// # Panics
    ///
    /// If there is none. The message shows the execution.
    #[track_caller]
    pub fn operation(&self, name: &str) -> Operation {
        let found = self.operations().into_iter().find(|operation| operation.name.as_deref() == Some(name));
        let Some(operation) = found else { panic!("no operation has the name `{name}`\n{self}") };
        operation
    }

    /// Returns the events of the history, as `GetDurableExecutionHistory` returns them.
    pub fn history(&self) -> Vec<Value> {
        self.read(|execution| execution.events.iter().map(|event| event.to_api(true)).collect())
    }

    /// Returns the open callback with this name, or the one that `wait_for_callback` with this name waits for.
    ///
    /// # Panics
    ///
    /// If there is none. The message shows the execution.
    #[track_caller]
    pub fn callback(&self, name: &str) -> Callback {
        let id = self.read(|execution| {
            let open = execution.operations.iter().map(|record| &record.operation).filter(|operation| {
                operation.operation_type == OperationType::Callback && !operation.status.is_terminal()
            });
            let matching = open.filter(|operation| {
                let parent = operation.parent_id.as_ref().and_then(|parent| execution.operation(parent));
                let parent = parent.and_then(|parent| parent.operation.name.as_deref());
                operation.name.as_deref() == Some(name) || parent == Some(name)
            });
            let ids = matching.filter_map(|operation| operation.callback_details.as_ref());
            ids.map(|details| details.callback_id.clone()).next()
        });
        let id = id.and_then(|text| Some((CallbackId::decode(&text).ok()?, text)));
        let Some((id, text)) = id else { panic!("no open callback has the name `{name}`\n{self}") };
        Callback { execution: self.clone(), id, text }
    }

    /// Stops the execution, and runs what becomes due by that.
    ///
    /// # Errors
    ///
    /// The errors of Lambda's operation `StopDurableExecution`.
    pub async fn stop(&self) -> Result<(), Error> {
        let arn = self.arn.clone();
        self.change(move |engine, now| engine.stop(&arn, None, now).map(drop)).await
    }

    /// Pauses the execution and its timeout. Timeouts of callbacks and the ends of waits are not paused.
    ///
    /// # Errors
    ///
    /// The errors of Lambda's operation `PauseDurableExecution`.
    pub async fn pause(&self) -> Result<(), Error> {
        let arn = self.arn.clone();
        self.change(move |engine, now| engine.pause(&arn, None, true, now)).await
    }

    /// Pauses the execution, but not its timeout (`ExecutionTimeoutPaused: false`).
    ///
    /// # Errors
    ///
    /// The errors of Lambda's operation `PauseDurableExecution`.
    pub async fn pause_without_timeout(&self) -> Result<(), Error> {
        let arn = self.arn.clone();
        self.change(move |engine, now| engine.pause(&arn, None, false, now)).await
    }

    /// Resumes the execution, and runs it until it ends or waits.
    ///
    /// # Errors
    ///
    /// The errors of Lambda's operation `ResumeDurableExecution`.
    pub async fn resume(&self) -> Result<(), Error> {
        let arn = self.arn.clone();
        self.change(move |engine, now| engine.resume(&arn, None, now)).await
    }

    async fn change(
        &self,
        change: impl FnOnce(&mut Engine, Timestamp) -> Result<(), DurableError> + Send + 'static,
    ) -> Result<(), Error> {
        let service = Arc::clone(&self.service);
        let changed = self.harness.local.handle.spawn(async move { service.change(change).await });
        if let Ok(Err(error)) = changed.await {
            let DurableError { kind, message } = error;
            let error = ExecutionError { exception: kind.name(), status: kind.status(), message };
            return Err(error.into_call_error(&self.worker()));
        }
        self.harness.wait_for_due().await;
        Ok(())
    }

    /// Reads the execution. Nothing deletes executions in a test but the test itself, through Lambda's API.
    #[track_caller]
    fn read<T>(&self, read: impl FnOnce(&StoredExecution) -> T) -> T {
        match self.service.inspect(|engine| engine.read(&self.arn, read)) {
            Ok(value) => value,
            Err(error) => panic!("the execution `{}` was deleted: {error}", self.name()),
        }
    }
}

/// The format of failed assertions.
impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "execution `{}` of `{}`: {}", self.name(), self.worker(), self.status().as_str())?;
        let now = self.harness.events.now();
        for operation in self.operations() {
            write!(f, "\n  {}", operation.describe(now))?;
        }
        match self.outcome() {
            Outcome::Running => Ok(()),
            Outcome::Answered(response) => write!(f, "\n  response: {}", shorten(&response.to_string())),
            Outcome::Failed(error) => write!(f, "\n  error: {error}"),
        }
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A callback that an execution waits for.
#[derive(Clone)]
pub struct Callback {
    execution: Execution,
    id: CallbackId,
    text: String,
}

impl Callback {
    /// Returns the id, with which any client of Lambda's API answers the callback.
    pub fn id(&self) -> &str {
        &self.text
    }

    /// Answers the callback with a result, and runs the execution until it ends or waits.
    ///
    /// # Errors
    ///
    /// `CallbackTimeoutException` if the callback has been answered or has timed out.
    pub async fn succeed(&self, result: impl Serialize) -> Result<(), Error> {
        let result = String::from_utf8_lossy(&to_json(&self.execution.worker(), &result)?).into_owned();
        self.complete(Ok(Some(result))).await
    }

    /// Answers the callback with an error, and runs the execution until it ends or waits.
    ///
    /// # Errors
    ///
    /// `CallbackTimeoutException` if the callback has been answered or has timed out.
    pub async fn fail(&self, error_type: &str, message: &str) -> Result<(), Error> {
        self.complete(Err(ErrorObject::typed(error_type, message))).await
    }

    /// Sends a heartbeat, which starts the heartbeat timeout of the callback again.
    ///
    /// # Errors
    ///
    /// `CallbackTimeoutException` if the callback has been answered or has timed out.
    pub async fn heartbeat(&self) -> Result<(), Error> {
        let id = self.id.clone();
        self.execution.change(move |engine, now| engine.heartbeat(&id, now)).await
    }

    async fn complete(&self, outcome: Result<Option<String>, ErrorObject>) -> Result<(), Error> {
        let id = self.id.clone();
        self.execution.change(move |engine, now| engine.complete_callback(&id, outcome, now)).await
    }
}
