//! One execution: its state, its operations and its history, with the small changes that all rules are made of.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arn::ExecutionArn;
use crate::history::{self, EventSubject, HistoryEvent};
use crate::operation::{ErrorObject, Operation, OperationRecord, OperationStatus, OperationType};
use crate::time::Timestamp;

/// `ExecutionStatus` of the API model, without `DELETING`: a deletion takes no time here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionStatus {
    /// It runs, or waits for pending operations.
    Running,
    /// It pauses at the next checkpoint of its invocation.
    Pausing,
    /// The function is not invoked.
    Paused,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It reached its timeout.
    TimedOut,
    /// It was stopped.
    Stopped,
}

impl ExecutionStatus {
    /// All statuses.
    pub const ALL: [Self; 7] =
        [Self::Running, Self::Pausing, Self::Paused, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Stopped];

    /// Returns the name in the API model.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Pausing => "PAUSING",
            Self::Paused => "PAUSED",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
        }
    }

    /// Whether the execution has ended.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Running | Self::Pausing | Self::Paused)
    }
}

/// `DurableConfig` of the API model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurableConfig {
    /// The timeout of an execution in seconds.
    pub execution_timeout: u64,
    /// How long an ended execution is stored, in days.
    pub retention_days: u64,
}

/// The operation that waits for the result of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentOperation {
    /// The execution of the operation.
    pub arn: ExecutionArn,
    /// The operation.
    pub operation: String,
}

/// An invocation that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningInvocation {
    /// Its request id.
    pub request_id: String,
    /// When it started.
    pub started: Timestamp,
    /// The number of the last change when its event was written.
    pub seen: u64,
}

/// A requested pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it was requested.
    pub requested: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// Whether the timeout of the execution is paused, too.
    pub is_timeout_paused: bool,
    /// When the execution was paused; `None` while it is `PAUSING`.
    pub since: Option<Timestamp>,
}

/// The response to a checkpoint, which is repeated for the same tokens. It is not stored: a client that could ask again
/// ends with the program.
#[derive(Debug, Clone)]
pub(crate) struct RepeatedResponse {
    pub(crate) client_token: String,
    pub(crate) checkpoint_token: String,
    pub(crate) until: Timestamp,
    pub(crate) response: Value,
}

/// What has changed since the execution was stored.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Whether anything has.
    pub is_changed: bool,
    /// Positions of operations.
    pub operations: BTreeSet<usize>,
    /// The number of events that are stored.
    pub stored_events: usize,
}

/// One execution of a durable function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Execution {
    /// Its ARN.
    pub arn: ExecutionArn,
    /// The worker.
    pub worker: String,
    /// The configuration of the function when it started.
    pub config: DurableConfig,
    /// The code with which it started, or that it was moved to. `None` if it always runs with that of the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its status.
    pub status: ExecutionStatus,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its result, JSON.
    pub result: Option<String>,
    /// Its error.
    pub error: Option<ErrorObject>,
    /// The trace header of the call that started it.
    pub trace: String,
    /// Whether the call that started it waits for the result.
    pub is_sync: bool,
    /// The operation that waits for the result.
    pub parent: Option<ParentOperation>,
    /// The invocation that runs.
    pub invocation: Option<RunningInvocation>,
    /// When the next invocation is due; `None` if something must happen first.
    pub next_invocation: Option<Timestamp>,
    /// The pause.
    pub pause: Option<Pause>,
    /// How long its timeout was paused, in milliseconds.
    pub paused_milliseconds: u64,
    /// Whether the pause holds an invocation back.
    pub is_invocation_deferred: bool,
    pub(crate) token_sequence: u64,
    /// The number of the last change of an operation.
    pub(crate) last_change: u64,
    /// The number of the last change that the function has been told.
    pub(crate) seen: u64,
    pub(crate) failed_invocations: u32,
    #[serde(skip)]
    pub(crate) repeated: Option<RepeatedResponse>,
    /// The operations, in the order in which they started.
    #[serde(skip)]
    pub operations: Vec<OperationRecord>,
    #[serde(skip)]
    pub(crate) positions: HashMap<String, usize>,
    /// The history.
    #[serde(skip)]
    pub events: Vec<HistoryEvent>,
    /// What the store does not have yet.
    #[serde(skip)]
    pub changes: Changes,
}

impl Execution {
    /// Adds the operations and the history to an execution that was read from a store.
    #[must_use]
    pub fn with_stored(mut self, operations: Vec<OperationRecord>, events: Vec<HistoryEvent>) -> Self {
        let ids = operations.iter().enumerate().map(|(i, record)| (record.operation.id.clone(), i));
        self.positions = ids.collect();
        self.changes = Changes { stored_events: events.len(), ..Changes::default() };
        self.operations = operations;
        self.events = events;
        self
    }

    /// Returns an operation by its id.
    pub fn operation(&self, id: &str) -> Option<&OperationRecord> {
        self.operations.get(*self.positions.get(id)?)
    }

    /// Returns the event with which it was started, JSON.
    pub fn input(&self) -> &str {
        let first = self.operations.first().and_then(|record| record.operation.execution_details.as_ref());
        first.map_or("{}", |details| &details.input_payload)
    }

    /// Returns when the execution times out.
    pub fn timeout_at(&self) -> Timestamp {
        let longest = self.started.plus_seconds(crate::limits::MAX_PAUSED_EXECUTION_SECONDS);
        let is_timeout_paused =
            self.pause.as_ref().is_some_and(|pause| pause.is_timeout_paused && pause.since.is_some());
        if is_timeout_paused {
            return longest;
        }
        let end = self.started.plus_seconds(self.config.execution_timeout);
        end.plus_milliseconds(self.paused_milliseconds).min(longest.max(end))
    }

    /// Whether an operation changed after the change with this number.
    pub(crate) fn has_changes_after(&self, number: u64) -> bool {
        self.last_change > number
    }

    /// Whether something outside of the function will change an operation.
    pub(crate) fn has_pending_operations(&self) -> bool {
        self.operations.iter().any(|record| is_pending(&record.operation))
    }

    /// Adds an operation, or replaces it.
    pub(crate) fn put(&mut self, mut record: OperationRecord) {
        self.last_change += 1;
        record.touched = self.last_change;
        let position = match self.positions.get(&record.operation.id) {
            Some(position) => *position,
            None => self.operations.len(),
        };
        self.positions.insert(record.operation.id.clone(), position);
        match self.operations.get_mut(position) {
            Some(place) => *place = record,
            None => self.operations.push(record),
        }
        self.changes.operations.insert(position);
        self.changes.is_changed = true;
    }

    /// Adds an event of an operation.
    pub(crate) fn record_operation(&mut self, operation: &Operation, what: &str, now: Timestamp, details: Value) {
        let event_type = format!("{}{what}", operation.operation_type.event_prefix());
        self.push_event(event_type, Some(EventSubject::from(operation)), now, details);
    }

    /// Adds an event that belongs to no operation.
    pub(crate) fn record_event(&mut self, event_type: &str, now: Timestamp, details: Value) {
        self.push_event(event_type.to_owned(), None, now, details);
    }

    fn push_event(&mut self, event_type: String, subject: Option<EventSubject>, timestamp: Timestamp, details: Value) {
        let event_id = self.events.len() as u64 + 1;
        self.events.push(HistoryEvent { event_id, event_type, timestamp, subject, details });
        self.changes.is_changed = true;
    }

    /// Ends the execution.
    pub(crate) fn end(
        &mut self,
        status: ExecutionStatus,
        outcome: Result<Option<String>, ErrorObject>,
        now: Timestamp,
    ) {
        let (what, details) = match (&outcome, status) {
            (Ok(result), _) => ("Succeeded", json!({ "Result": history::payload(result.as_deref()) })),
            (Err(error), ExecutionStatus::TimedOut) => ("TimedOut", json!({ "Error": history::error(Some(error)) })),
            (Err(error), ExecutionStatus::Stopped) => ("Stopped", json!({ "Error": history::error(Some(error)) })),
            (Err(error), _) => ("Failed", json!({ "Error": history::error(Some(error)) })),
        };
        if let Some(mut record) = self.operations.first().cloned() {
            record.operation.end_timestamp = Some(now);
            record.operation.status = match status {
                ExecutionStatus::Succeeded => OperationStatus::Succeeded,
                ExecutionStatus::TimedOut => OperationStatus::TimedOut,
                ExecutionStatus::Stopped => OperationStatus::Stopped,
                _ => OperationStatus::Failed,
            };
            let operation = record.operation.clone();
            self.put(record);
            self.record_operation(&operation, what, now, details);
        }
        self.status = status;
        self.ended = Some(now);
        self.next_invocation = None;
        self.pause = None;
        match outcome {
            Ok(result) => self.result = result,
            Err(error) => self.error = Some(error),
        }
        self.changes.is_changed = true;
    }

    /// Makes an invocation due now, unless one runs or the execution is paused.
    pub(crate) fn request_invocation(&mut self, now: Timestamp) {
        if self.status.is_terminal() || self.invocation.is_some() {
            return;
        }
        self.changes.is_changed = true;
        if self.status == ExecutionStatus::Paused {
            self.is_invocation_deferred = true;
        } else {
            // Also replaces the delay after a failed invocation: something has changed since.
            self.next_invocation = Some(now);
        }
    }
}

/// Whether something outside of the function will change the operation.
fn is_pending(operation: &Operation) -> bool {
    match operation.operation_type {
        OperationType::Step => operation.status == OperationStatus::Pending,
        OperationType::Wait | OperationType::Callback | OperationType::ChainedInvoke => {
            operation.status == OperationStatus::Started
        }
        OperationType::Execution | OperationType::Context => false,
    }
}
