//! Operations of an execution, as the API model describes them, and what the engine stores in addition.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// `OperationType` of the API model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationType {
    /// The execution itself.
    Execution,
    /// A child context, also those of `map` and `parallel`.
    Context,
    /// A step, also a check of `wait_for_condition`.
    Step,
    /// A wait.
    Wait,
    /// A callback.
    Callback,
    /// An invocation of another function.
    ChainedInvoke,
}

impl OperationType {
    /// Returns the name in the API model.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Execution => "EXECUTION",
            Self::Context => "CONTEXT",
            Self::Step => "STEP",
            Self::Wait => "WAIT",
            Self::Callback => "CALLBACK",
            Self::ChainedInvoke => "CHAINED_INVOKE",
        }
    }

    /// Returns the beginning of the names of its history events.
    pub(crate) fn event_prefix(self) -> &'static str {
        match self {
            Self::Execution => "Execution",
            Self::Context => "Context",
            Self::Step => "Step",
            Self::Wait => "Wait",
            Self::Callback => "Callback",
            Self::ChainedInvoke => "ChainedInvoke",
        }
    }
}

/// `OperationStatus` of the API model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationStatus {
    /// It runs, or waits for something outside of the function.
    Started,
    /// A step waits for its next attempt.
    Pending,
    /// The next attempt of a step may start.
    Ready,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// A wait was cancelled.
    Cancelled,
    /// It reached its timeout.
    TimedOut,
    /// It was stopped.
    Stopped,
}

impl OperationStatus {
    /// Returns the name in the API model.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "STARTED",
            Self::Pending => "PENDING",
            Self::Ready => "READY",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
        }
    }

    /// Whether the operation has ended.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Started | Self::Pending | Self::Ready)
    }
}

/// `ErrorObject` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorObject {
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// The class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Data for machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_data: Option<String>,
    /// The lines of the stack trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<Vec<String>>,
}

impl ErrorObject {
    /// Returns an error with this text.
    pub fn message(message: impl Into<String>) -> Self {
        Self { error_message: Some(message.into()), ..Self::default() }
    }

    /// Returns an error with this class and this text.
    pub fn typed(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error_type: Some(error_type.into()), ..Self::message(message) }
    }

    /// Returns the sum of the sizes of its fields.
    pub(crate) fn bytes(&self) -> usize {
        let fields = [&self.error_message, &self.error_type, &self.error_data];
        let fields = fields.into_iter().flatten().map(String::len).sum::<usize>();
        fields + self.stack_trace.iter().flatten().map(String::len).sum::<usize>()
    }
}

/// `Operation` of the API model, with timestamps in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Operation {
    /// The id that the SDK chose.
    pub id: String,
    /// The child context that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The name that the user chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(rename = "Type")]
    #[allow(clippy::struct_field_names, reason = "`type` is a keyword, and `kind` is no word of the API")]
    pub operation_type: OperationType,
    /// What the SDK calls it, for example `WaitForCondition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<String>,
    /// When it started.
    pub start_timestamp: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_timestamp: Option<Timestamp>,
    /// Its status.
    pub status: OperationStatus,
    /// The input of the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_details: Option<ExecutionDetails>,
    /// The result of a child context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_details: Option<ContextDetails>,
    /// The attempts and the result of a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_details: Option<StepDetails>,
    /// The end of a wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_details: Option<WaitDetails>,
    /// The id and the result of a callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_details: Option<CallbackDetails>,
    /// The result of a chained function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_details: Option<ChainedInvokeDetails>,
}

/// `ExecutionDetails` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ExecutionDetails {
    /// The event with which the execution was started, JSON.
    pub input_payload: String,
}

/// `ContextDetails` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContextDetails {
    /// Whether the operations of the ended context are part of the state that is replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_children: Option<bool>,
    /// The result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// `StepDetails` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StepDetails {
    /// The number of attempts that ended.
    pub attempt: u32,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_timestamp: Option<Timestamp>,
    /// The result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The error of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// `WaitDetails` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct WaitDetails {
    /// When the wait ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_end_timestamp: Option<Timestamp>,
}

/// `CallbackDetails` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CallbackDetails {
    /// The id that completes the callback.
    pub callback_id: String,
    /// The result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// `ChainedInvokeDetails` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ChainedInvokeDetails {
    /// The response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// An operation as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationRecord {
    /// What the API returns.
    pub operation: Operation,
    /// The number of the change that touched it last.
    pub touched: u64,
    /// The duration of a wait in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u64>,
    /// The timeouts of a callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<CallbackTimeouts>,
    /// The call of a chained function that is not durable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<ChainedCall>,
}

/// When a callback times out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackTimeouts {
    /// The end of the timeout.
    pub deadline: Option<Timestamp>,
    /// The longest time between two heartbeats, in seconds.
    pub heartbeat_seconds: Option<u64>,
    /// The end of the heartbeat timeout.
    pub heartbeat_deadline: Option<Timestamp>,
}

/// A call of a function that is not durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainedCall {
    /// The worker.
    pub worker: String,
    /// The event, JSON.
    pub payload: String,
    /// When the call is made at the latest; `None` after it was made.
    pub due: Option<Timestamp>,
}
