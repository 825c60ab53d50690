//! The life of an execution between checkpoints: start, invocations, stop, pause, and the results of callbacks and
//! chained functions.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::arn::ExecutionArn;
use crate::checkpoint::DurableFunction;
use crate::error::{DurableError, ErrorKind};
use crate::execution::{Changes, Execution, ExecutionStatus, ParentOperation, Pause, RunningInvocation};
use crate::history;
use crate::limits::{INVOCATION_RETRY_SECONDS, MAX_FAILED_INVOCATIONS, MAX_INVALID_PENDING, MAX_INVOCATION_PAGE_BYTES};
use crate::operation::{ErrorObject, ExecutionDetails, Operation, OperationRecord, OperationStatus, OperationType};
use crate::time::Timestamp;
use crate::validation::{max_result_bytes, result_too_large};
use crate::view;

/// How an invocation of the function ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// It returned this response.
    Returned(Vec<u8>),
    /// It failed, or its process ended.
    Failed(ErrorObject),
    /// The function was not run, for example because it is throttled.
    Refused(String),
}

/// Why an execution is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StartDetails {
    pub(crate) function: DurableFunction,
    pub(crate) input: String,
    pub(crate) trace: String,
    pub(crate) is_sync: bool,
    pub(crate) parent: Option<ParentOperation>,
}

/// The response of a durable function, which the SDK writes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InvocationOutput {
    status: OutputStatus,
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    error: Option<ErrorObject>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum OutputStatus {
    Succeeded,
    Failed,
    Pending,
}

impl Execution {
    /// Starts an execution, whose first invocation is due now.
    pub(crate) fn start(arn: ExecutionArn, start: StartDetails, now: Timestamp) -> Self {
        let StartDetails { function, input, trace, is_sync, parent } = start;
        let mut execution = Self {
            arn,
            worker: function.worker,
            config: function.config,
            code: function.code,
            status: ExecutionStatus::Running,
            started: now,
            ended: None,
            result: None,
            error: None,
            trace,
            is_sync,
            parent,
            invocation: None,
            next_invocation: Some(now),
            pause: None,
            paused_milliseconds: 0,
            is_invocation_deferred: false,
            token_sequence: 0,
            last_change: 0,
            seen: 0,
            failed_invocations: 0,
            repeated: None,
            operations: Vec::new(),
            positions: std::collections::HashMap::new(),
            events: Vec::new(),
            changes: Changes::default(),
        };
        let operation = Operation {
            id: execution.arn.id().to_owned(),
            parent_id: None,
            name: Some(execution.arn.name().to_owned()),
            operation_type: OperationType::Execution,
            sub_type: None,
            start_timestamp: now,
            end_timestamp: None,
            status: OperationStatus::Started,
            execution_details: Some(ExecutionDetails { input_payload: input.clone() }),
            context_details: None,
            step_details: None,
            wait_details: None,
            callback_details: None,
            chained_invoke_details: None,
        };
        let details = json!({
            "Input": history::payload(Some(&input)),
            "ExecutionTimeout": execution.config.execution_timeout,
        });
        execution.put(OperationRecord {
            operation: operation.clone(),
            touched: 0,
            wait_seconds: None,
            callback: None,
            call: None,
        });
        execution.record_operation(&operation, "Started", now, details);
        execution
    }

    /// Begins an invocation. Returns its event.
    pub(crate) fn begin_invocation(&mut self, request_id: String, now: Timestamp) -> Value {
        self.next_invocation = None;
        self.token_sequence += 1;
        self.repeated = None;
        self.invocation = Some(RunningInvocation { request_id, started: now, seen: self.last_change });
        self.changes.is_changed = true;
        let event = view::invocation_event(self, &self.token(), MAX_INVOCATION_PAGE_BYTES);
        self.seen = self.last_change;
        event
    }

    /// Ends the invocation with this request id.
    pub(crate) fn finish_invocation(&mut self, request_id: &str, outcome: InvocationOutcome, now: Timestamp) {
        let Some(invocation) = self.invocation.take_if(|invocation| invocation.request_id == request_id) else {
            return;
        };
        self.changes.is_changed = true;
        if let InvocationOutcome::Refused(_) = outcome {
            return self.schedule_retry(now);
        }
        self.record_invocation(&invocation, &outcome, now);
        // What it started no longer waits for its end.
        self.release_calls(now);
        if self.status.is_terminal() {
            return;
        }
        match outcome {
            InvocationOutcome::Returned(response) => self.apply_output(&invocation, &response, now),
            InvocationOutcome::Failed(error) => self.retry_invocation(error, MAX_FAILED_INVOCATIONS, now),
            InvocationOutcome::Refused(_) => {}
        }
        if self.status == ExecutionStatus::Pausing {
            self.become_paused(now);
        }
    }

    /// Ends an invocation whose process ended together with this program. The function is invoked again at once, and
    /// the end does not count as its failure.
    pub(crate) fn abandon_invocation(&mut self, now: Timestamp) {
        let Some(invocation) = self.invocation.take() else { return };
        let error = ErrorObject::typed("Runtime.ExitError", "the program that ran the invocation ended");
        self.record_invocation(&invocation, &InvocationOutcome::Failed(error), now);
        self.release_calls(now);
        if self.status == ExecutionStatus::Pausing {
            self.is_invocation_deferred = true;
            self.become_paused(now);
        }
        self.request_invocation(now);
    }

    fn record_invocation(&mut self, invocation: &RunningInvocation, outcome: &InvocationOutcome, now: Timestamp) {
        let mut details = json!({
            "StartTimestamp": invocation.started,
            "EndTimestamp": now,
            "RequestId": invocation.request_id,
        });
        if let InvocationOutcome::Failed(error) = outcome {
            details["Error"] = history::error(Some(error));
        }
        self.record_event("InvocationCompleted", now, details);
    }

    fn apply_output(&mut self, invocation: &RunningInvocation, response: &[u8], now: Timestamp) {
        let output: InvocationOutput = match serde_json::from_slice(response) {
            Ok(output) => output,
            Err(error) => return self.fail_with_output(&format!("Invalid invocation output: {error}"), now),
        };
        match output.status {
            OutputStatus::Succeeded if output.error.is_some() => {
                self.fail_with_output("Cannot provide an Error for SUCCEEDED status.", now);
            }
            OutputStatus::Failed if output.result.is_some() => {
                self.fail_with_output("Cannot provide a Result for FAILED status.", now);
            }
            OutputStatus::Succeeded => {
                let limit = max_result_bytes(self);
                if output.result.as_ref().is_some_and(|result| result.len() > limit) {
                    self.end(ExecutionStatus::Failed, Err(ErrorObject::message(result_too_large(limit))), now);
                } else {
                    self.end(ExecutionStatus::Succeeded, Ok(output.result), now);
                }
            }
            OutputStatus::Failed => self.end(ExecutionStatus::Failed, Err(output.error.unwrap_or_default()), now),
            OutputStatus::Pending => self.suspend(invocation, now),
        }
    }

    /// Waits until something changes, unless something has changed in the meantime.
    fn suspend(&mut self, invocation: &RunningInvocation, now: Timestamp) {
        let has_unseen = self.has_changes_after(self.seen);
        let has_changed = self.has_changes_after(invocation.seen.max(self.seen));
        if !self.has_pending_operations() && !has_changed && !self.is_invocation_deferred {
            let message = "Cannot return PENDING status with no pending operations.";
            let error = ErrorObject::typed("InvalidParameterValueException", message);
            return self.retry_invocation(error, MAX_INVALID_PENDING, now);
        }
        self.failed_invocations = 0;
        if has_unseen {
            self.request_invocation(now);
        }
    }

    fn fail_with_output(&mut self, message: &str, now: Timestamp) {
        let error = ErrorObject::typed("InvalidParameterValueException", message);
        self.end(ExecutionStatus::Failed, Err(error), now);
    }

    fn retry_invocation(&mut self, error: ErrorObject, limit: u32, now: Timestamp) {
        self.failed_invocations += 1;
        if self.failed_invocations >= limit {
            self.end(ExecutionStatus::Failed, Err(error), now);
        } else {
            self.schedule_retry(now);
        }
    }

    fn schedule_retry(&mut self, now: Timestamp) {
        if self.status.is_terminal() {
            return;
        }
        if matches!(self.status, ExecutionStatus::Pausing | ExecutionStatus::Paused) {
            self.is_invocation_deferred = true;
        } else {
            self.next_invocation = Some(now.plus_seconds(INVOCATION_RETRY_SECONDS));
        }
    }

    /// Makes calls of chained functions due that wait for the invocation to suspend.
    pub(crate) fn release_calls(&mut self, now: Timestamp) {
        for (position, record) in self.operations.iter_mut().enumerate() {
            if let Some(due) = record.call.as_mut().and_then(|call| call.due.as_mut()).filter(|due| **due > now) {
                *due = now;
                self.changes.operations.insert(position);
                self.changes.is_changed = true;
            }
        }
    }

    /// Stops the execution. Returns when it was stopped, or when it ended before.
    pub(crate) fn stop(&mut self, error: Option<ErrorObject>, now: Timestamp) -> Timestamp {
        if let Some(ended) = self.ended {
            return ended;
        }
        let error = error.unwrap_or_else(|| ErrorObject::message("Execution stopped by user request"));
        self.end(ExecutionStatus::Stopped, Err(error), now);
        now
    }

    /// Pauses the execution, at the next checkpoint if an invocation runs.
    pub(crate) fn request_pause(
        &mut self,
        reason: Option<String>,
        is_timeout_paused: bool,
        now: Timestamp,
    ) -> Result<(), DurableError> {
        if self.status != ExecutionStatus::Running {
            return Err(self.conflict("paused"));
        }
        self.pause = Some(Pause { requested: now, reason, is_timeout_paused, since: None });
        self.changes.is_changed = true;
        if self.invocation.is_some() {
            self.status = ExecutionStatus::Pausing;
        } else {
            self.is_invocation_deferred = self.next_invocation.take().is_some();
            self.become_paused(now);
        }
        Ok(())
    }

    /// Resumes the execution, or cancels a pause that has not begun.
    pub(crate) fn resume(&mut self, reason: Option<&str>, now: Timestamp) -> Result<(), DurableError> {
        let pause = match self.status {
            ExecutionStatus::Paused | ExecutionStatus::Pausing => self.pause.take(),
            _ => return Err(self.conflict("resumed")),
        };
        let since = pause.as_ref().filter(|pause| pause.is_timeout_paused).and_then(|pause| pause.since);
        self.paused_milliseconds += since.map_or(0, |since| now.0.saturating_sub(since.0));
        let was_paused = self.status == ExecutionStatus::Paused;
        self.status = ExecutionStatus::Running;
        self.changes.is_changed = true;
        if was_paused {
            let mut details = json!({ "ResumeRequestTimestamp": now });
            if let Some(reason) = reason {
                details["Reason"] = history::payload(Some(reason));
            }
            self.record_event("ExecutionResumed", now, details);
        }
        if std::mem::take(&mut self.is_invocation_deferred) {
            self.request_invocation(now);
        }
        Ok(())
    }

    pub(crate) fn become_paused(&mut self, now: Timestamp) {
        let Some(pause) = &mut self.pause else { return };
        pause.since = Some(now);
        let mut details = json!({
            "PauseRequestTimestamp": pause.requested,
            "ExecutionTimeoutPaused": pause.is_timeout_paused,
        });
        if let Some(reason) = &pause.reason {
            details["Reason"] = history::payload(Some(reason));
        }
        self.status = ExecutionStatus::Paused;
        if self.next_invocation.take().is_some() {
            self.is_invocation_deferred = true;
        }
        self.record_event("ExecutionPaused", now, details);
    }

    /// Ends a callback. Any program may do that once.
    pub(crate) fn complete_callback(
        &mut self,
        operation: &str,
        outcome: Result<Option<String>, ErrorObject>,
        now: Timestamp,
    ) -> Result<(), DurableError> {
        let mut record = self.open_callback(operation)?;
        record.operation.end_timestamp = Some(now);
        let details = record.operation.callback_details.get_or_insert_default();
        let (status, what, event) = match outcome {
            Ok(result) => {
                details.result.clone_from(&result);
                (OperationStatus::Succeeded, "Succeeded", json!({ "Result": history::payload(result.as_deref()) }))
            }
            Err(error) => {
                let event = json!({ "Error": history::error(Some(&error)) });
                details.error = Some(error);
                (OperationStatus::Failed, "Failed", event)
            }
        };
        record.operation.status = status;
        let operation = record.operation.clone();
        self.put(record);
        self.record_operation(&operation, what, now, event);
        self.request_invocation(now);
        Ok(())
    }

    /// Restarts the heartbeat timeout of a callback.
    pub(crate) fn heartbeat(&mut self, operation: &str, now: Timestamp) -> Result<(), DurableError> {
        let mut record = self.open_callback(operation)?;
        if let Some(timeouts) = &mut record.callback {
            timeouts.heartbeat_deadline = timeouts.heartbeat_seconds.map(|seconds| now.plus_seconds(seconds));
        }
        // The function has nothing to do with it, so this is not a change of the operation.
        if let Some(position) = self.positions.get(operation).copied() {
            self.operations[position] = record;
            self.changes.operations.insert(position);
            self.changes.is_changed = true;
        }
        Ok(())
    }

    fn open_callback(&self, operation: &str) -> Result<OperationRecord, DurableError> {
        let record = self.operation(operation).filter(|record| record.callback.is_some());
        let record = record.ok_or_else(|| DurableError::new(ErrorKind::ResourceNotFound, "Callback does not exist"))?;
        if self.status.is_terminal() || record.operation.status != OperationStatus::Started {
            let message = "The callback has timed out or has already been completed";
            return Err(DurableError::new(ErrorKind::CallbackTimeout, message));
        }
        Ok(record.clone())
    }

    /// Ends a chained call. Does nothing if it or the execution has ended.
    pub(crate) fn complete_chained(
        &mut self,
        operation: &str,
        status: OperationStatus,
        outcome: Result<Option<String>, ErrorObject>,
        now: Timestamp,
    ) {
        let record = self.operation(operation).filter(|record| record.operation.status == OperationStatus::Started);
        let Some(mut record) = record.cloned().filter(|_| !self.status.is_terminal()) else { return };
        record.call = None;
        record.operation.status = status;
        record.operation.end_timestamp = Some(now);
        let details = record.operation.chained_invoke_details.get_or_insert_default();
        let event = match outcome {
            Ok(result) => {
                details.result.clone_from(&result);
                json!({ "Result": history::payload(result.as_deref()) })
            }
            Err(error) => {
                let event = json!({ "Error": history::error(Some(&error)) });
                details.error = Some(error);
                event
            }
        };
        let what = match status {
            OperationStatus::Succeeded => "Succeeded",
            OperationStatus::TimedOut => "TimedOut",
            OperationStatus::Stopped => "Stopped",
            _ => "Failed",
        };
        let operation = record.operation.clone();
        self.put(record);
        self.record_operation(&operation, what, now, event);
        self.request_invocation(now);
    }

    fn conflict(&self, what: &str) -> DurableError {
        let message = format!("the execution has status {} and cannot be {what}", self.status.as_str());
        DurableError::new(ErrorKind::ResourceConflict, message)
    }
}
