//! Checkpoints: applies the updates of a function to its execution, and returns what has changed since.

use bedrock_model::id::new_uuid;
use serde_json::{Value, json};

use crate::arn::ExecutionArn;
use crate::error::DurableError;
use crate::execution::{DurableConfig, Execution, ExecutionStatus, ParentOperation, RepeatedResponse};
use crate::history;
use crate::limits::{CHAINED_START_DELAY_MILLISECONDS, CLIENT_TOKEN_SECONDS};
use crate::operation::{
    CallbackDetails, CallbackTimeouts, ChainedCall, ChainedInvokeDetails, ContextDetails, ErrorObject, Operation,
    OperationRecord, OperationStatus, OperationType, StepDetails, WaitDetails,
};
use crate::time::{Timestamp, with_api_timestamps};
use crate::token::{CallbackId, CheckpointToken};
use crate::update::{CheckpointRequest, OperationAction, OperationUpdate};
use crate::validation;
use crate::view;

/// The only version of a local function.
pub(crate) const LATEST: &str = "$LATEST";

/// A durable function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurableFunction {
    /// The worker.
    pub worker: String,
    /// The unqualified ARN of the function.
    pub arn: String,
    /// Its configuration.
    pub config: DurableConfig,
    /// Its code, which new executions keep. `None` if they do not.
    pub code: Option<String>,
}

/// The function that a chained call names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainedTarget {
    /// A durable function, which gets an execution of its own.
    Durable(DurableFunction),
    /// The worker of another function, which is invoked once.
    Plain(String),
    /// The call fails with this error: there is no such function, or the caller has no permission.
    Rejected(ErrorObject),
}

/// Finds the function that a chained call of a worker names. An error rejects the whole checkpoint.
pub type ResolveTarget<'a> = dyn Fn(&str, &str) -> Result<ChainedTarget, DurableError> + 'a;

/// A child execution that a checkpoint starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChildStart {
    pub(crate) arn: ExecutionArn,
    pub(crate) function: DurableFunction,
    pub(crate) input: String,
    pub(crate) trace: String,
    pub(crate) parent: ParentOperation,
}

/// The result of a checkpoint.
pub(crate) struct CheckpointOutcome {
    pub(crate) response: Value,
    pub(crate) children: Vec<ChildStart>,
}

impl Execution {
    /// Applies a checkpoint. An error leaves the execution unchanged.
    pub(crate) fn checkpoint(
        &mut self,
        request: CheckpointRequest,
        resolve: &ResolveTarget<'_>,
        now: Timestamp,
    ) -> Result<CheckpointOutcome, DurableError> {
        if let Some(response) = self.repeated_response(&request, now) {
            return Ok(CheckpointOutcome { response, children: Vec::new() });
        }
        self.check_token(&request.checkpoint_token)?;
        validation::validate(&request.updates, self)?;
        let mut targets = Vec::new();
        for update in &request.updates {
            targets.push(match &update.chained_invoke_options {
                Some(options) if update.operation_type == OperationType::ChainedInvoke => {
                    Some(resolve(&self.worker, &options.function_name)?)
                }
                _ => None,
            });
        }
        // The invocation goes on, so what it started before does not wait for its end.
        self.release_calls(now);
        let mut children = Vec::new();
        for (update, target) in request.updates.iter().zip(targets) {
            match target {
                Some(target) => children.extend(self.start_chained(update, target, now)),
                None => self.apply(update, now),
            }
        }
        self.token_sequence += 1;
        self.changes.is_changed = true;
        self.fire_due(now);
        let response = self.checkpoint_response(request, now);
        Ok(CheckpointOutcome { response, children })
    }

    /// Checks that a token permits the next checkpoint of the invocation that runs.
    pub(crate) fn check_token(&self, token: &str) -> Result<(), DurableError> {
        let token = CheckpointToken::decode(token)?;
        let runs = self.invocation.as_ref().is_some_and(|invocation| invocation.request_id == token.invocation);
        let is_current = token.arn == self.arn && token.sequence == self.token_sequence;
        if runs && is_current && !self.status.is_terminal() { Ok(()) } else { Err(DurableError::stale_token()) }
    }

    /// Returns the token for the next checkpoint.
    pub(crate) fn token(&self) -> String {
        let invocation = self.invocation.as_ref().map(|invocation| invocation.request_id.clone()).unwrap_or_default();
        CheckpointToken { arn: self.arn.clone(), sequence: self.token_sequence, invocation }.encode()
    }

    fn repeated_response(&self, request: &CheckpointRequest, now: Timestamp) -> Option<Value> {
        let repeated = self.repeated.as_ref()?;
        let is_same = request.client_token.as_ref() == Some(&repeated.client_token)
            && request.checkpoint_token == repeated.checkpoint_token
            && now <= repeated.until;
        is_same.then(|| repeated.response.clone())
    }

    /// A response without a token ends the invocation: an execution that is paused gives out none.
    fn checkpoint_response(&mut self, request: CheckpointRequest, now: Timestamp) -> Value {
        if self.status == ExecutionStatus::Pausing {
            self.become_paused(now);
            self.is_invocation_deferred = true;
        }
        if self.status == ExecutionStatus::Paused {
            return json!({ "NewExecutionState": { "Operations": [] } });
        }
        let operations = view::changed_operations(self, self.seen);
        self.seen = self.last_change;
        let response = with_api_timestamps(json!({
            "CheckpointToken": self.token(),
            "NewExecutionState": { "Operations": operations },
        }));
        if let Some(client_token) = request.client_token {
            self.repeated = Some(RepeatedResponse {
                client_token,
                checkpoint_token: request.checkpoint_token,
                until: now.plus_seconds(CLIENT_TOKEN_SECONDS),
                response: response.clone(),
            });
        }
        response
    }

    fn apply(&mut self, update: &OperationUpdate, now: Timestamp) {
        match update.operation_type {
            OperationType::Execution => {
                let outcome = match update.action {
                    OperationAction::Succeed => Ok(update.payload.clone()),
                    _ => Err(update.error.clone().unwrap_or_default()),
                };
                let status = if outcome.is_ok() { ExecutionStatus::Succeeded } else { ExecutionStatus::Failed };
                self.end(status, outcome, now);
            }
            OperationType::Step => self.apply_step(update, now),
            OperationType::Context => self.apply_context(update, now),
            OperationType::Wait => self.apply_wait(update, now),
            OperationType::Callback => self.start_callback(update, now),
            // Applied with its target.
            OperationType::ChainedInvoke => {}
        }
    }

    fn apply_step(&mut self, update: &OperationUpdate, now: Timestamp) {
        let mut record = self.record_for(update, now);
        let mut details = record.operation.step_details.take().unwrap_or_default();
        if update.action == OperationAction::Start {
            record.operation.status = OperationStatus::Started;
            record.operation.step_details = Some(details);
            let operation = record.operation.clone();
            self.put(record);
            return self.record_operation(&operation, "Started", now, json!({}));
        }
        details.attempt += 1;
        details.result.clone_from(&update.payload);
        details.error.clone_from(&update.error);
        details.next_attempt_timestamp = None;
        let mut retry = json!({ "CurrentAttempt": details.attempt });
        if update.action == OperationAction::Retry {
            let delay = update.step_options.as_ref().and_then(|options| options.next_attempt_delay_seconds);
            let delay = delay.unwrap_or(1);
            retry["NextAttemptDelaySeconds"] = delay.into();
            details.next_attempt_timestamp = Some(now.plus_seconds(delay));
            record.operation.status = OperationStatus::Pending;
        } else {
            let succeeded = update.action == OperationAction::Succeed;
            record.operation.status = if succeeded { OperationStatus::Succeeded } else { OperationStatus::Failed };
            record.operation.end_timestamp = Some(now);
        }
        record.operation.step_details = Some(details);
        let operation = record.operation.clone();
        self.put(record);
        // A check of `wait_for_condition` that did not succeed yet is a retry without an error.
        if update.error.is_some() || update.action == OperationAction::Fail {
            let details = json!({ "Error": history::error(update.error.as_ref()), "RetryDetails": retry });
            self.record_operation(&operation, "Failed", now, details);
        } else {
            let details = json!({ "Result": history::payload(update.payload.as_deref()), "RetryDetails": retry });
            self.record_operation(&operation, "Succeeded", now, details);
        }
    }

    fn apply_context(&mut self, update: &OperationUpdate, now: Timestamp) {
        let mut record = self.record_for(update, now);
        if update.action == OperationAction::Start {
            record.operation.context_details = Some(ContextDetails::default());
            let operation = record.operation.clone();
            self.put(record);
            return self.record_operation(&operation, "Started", now, json!({}));
        }
        let succeeded = update.action == OperationAction::Succeed;
        record.operation.status = if succeeded { OperationStatus::Succeeded } else { OperationStatus::Failed };
        record.operation.end_timestamp = Some(now);
        record.operation.context_details = Some(ContextDetails {
            replay_children: update.context_options.as_ref().and_then(|options| options.replay_children),
            result: update.payload.clone(),
            error: update.error.clone(),
        });
        let operation = record.operation.clone();
        self.put(record);
        if succeeded {
            let details = json!({ "Result": history::payload(update.payload.as_deref()) });
            self.record_operation(&operation, "Succeeded", now, details);
        } else {
            let details = json!({ "Error": history::error(update.error.as_ref()) });
            self.record_operation(&operation, "Failed", now, details);
        }
    }

    fn apply_wait(&mut self, update: &OperationUpdate, now: Timestamp) {
        let mut record = self.record_for(update, now);
        if update.action == OperationAction::Cancel {
            record.operation.status = OperationStatus::Cancelled;
            record.operation.end_timestamp = Some(now);
            let operation = record.operation.clone();
            self.put(record);
            let details =
                update.error.as_ref().map_or(json!({}), |error| json!({ "Error": history::error(Some(error)) }));
            return self.record_operation(&operation, "Cancelled", now, details);
        }
        let seconds = update.wait_options.as_ref().and_then(|options| options.wait_seconds).unwrap_or(1);
        let end = now.plus_seconds(seconds);
        record.wait_seconds = Some(seconds);
        record.operation.wait_details = Some(WaitDetails { scheduled_end_timestamp: Some(end) });
        let operation = record.operation.clone();
        self.put(record);
        let details = json!({ "Duration": seconds, "ScheduledEndTimestamp": end });
        self.record_operation(&operation, "Started", now, details);
    }

    fn start_callback(&mut self, update: &OperationUpdate, now: Timestamp) {
        let mut record = self.record_for(update, now);
        let id = CallbackId { arn: self.arn.clone(), operation: update.id.clone() }.encode();
        let options = update.callback_options.clone().unwrap_or_default();
        let timeout = options.timeout_seconds.filter(|seconds| *seconds > 0);
        let heartbeat = options.heartbeat_timeout_seconds.filter(|seconds| *seconds > 0);
        let mut details = json!({ "CallbackId": id });
        for (key, seconds) in [("Timeout", timeout), ("HeartbeatTimeout", heartbeat)] {
            if let Some(seconds) = seconds {
                details[key] = seconds.into();
            }
        }
        record.callback = Some(CallbackTimeouts {
            deadline: timeout.map(|seconds| now.plus_seconds(seconds)),
            heartbeat_seconds: heartbeat,
            heartbeat_deadline: heartbeat.map(|seconds| now.plus_seconds(seconds)),
        });
        record.operation.callback_details = Some(CallbackDetails { callback_id: id, ..CallbackDetails::default() });
        let operation = record.operation.clone();
        self.put(record);
        self.record_operation(&operation, "Started", now, details);
    }

    /// Starts a chained call. Returns the execution that it starts.
    fn start_chained(&mut self, update: &OperationUpdate, target: ChainedTarget, now: Timestamp) -> Option<ChildStart> {
        let mut record = self.record_for(update, now);
        record.operation.chained_invoke_details = Some(ChainedInvokeDetails::default());
        let options = update.chained_invoke_options.clone().unwrap_or_default();
        let mut details = json!({ "FunctionName": options.function_name });
        if let Some(tenant) = &options.tenant_id {
            details["TenantId"] = tenant.as_str().into();
        }
        let input = update.payload.clone().unwrap_or_else(|| "{}".to_owned());
        if !matches!(target, ChainedTarget::Rejected(_)) {
            details["Input"] = history::payload(Some(&input));
            details["ExecutedVersion"] = LATEST.into();
        }
        let mut child = None;
        match target {
            ChainedTarget::Rejected(error) => {
                let operation = record.operation.clone();
                self.put(record);
                self.record_operation(&operation, "Started", now, details);
                self.complete_chained(&update.id, OperationStatus::Failed, Err(error), now);
                return None;
            }
            ChainedTarget::Plain(worker) => {
                let due = Some(now.plus_milliseconds(CHAINED_START_DELAY_MILLISECONDS));
                record.call = Some(ChainedCall { worker, payload: input, due });
            }
            ChainedTarget::Durable(function) => {
                let id = new_uuid();
                let arn = ExecutionArn::new(&function.arn, LATEST, &id, &new_uuid());
                details["DurableExecutionArn"] = arn.as_str().into();
                let parent = ParentOperation { arn: self.arn.clone(), operation: update.id.clone() };
                let trace = options.x_amzn_trace_id.unwrap_or_else(|| self.trace.clone());
                child = Some(ChildStart { arn, function, input, trace, parent });
            }
        }
        let operation = record.operation.clone();
        self.put(record);
        self.record_operation(&operation, "Started", now, details);
        child
    }

    /// Returns the stored operation of an update, or a new one.
    fn record_for(&self, update: &OperationUpdate, now: Timestamp) -> OperationRecord {
        self.operation(&update.id).cloned().unwrap_or_else(|| OperationRecord {
            operation: Operation {
                id: update.id.clone(),
                parent_id: update.parent_id.clone(),
                name: update.name.clone(),
                operation_type: update.operation_type,
                sub_type: update.sub_type.clone(),
                start_timestamp: now,
                end_timestamp: None,
                status: OperationStatus::Started,
                execution_details: None,
                context_details: None,
                step_details: (update.operation_type == OperationType::Step).then(StepDetails::default),
                wait_details: None,
                callback_details: None,
                chained_invoke_details: None,
            },
            touched: 0,
            wait_seconds: None,
            callback: None,
            call: None,
        })
    }
}
