//! An execution as its history describes it: from the events of `GetDurableExecutionHistory` to the operations that a
//! replay needs. The events may come from this engine or from Lambda.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

/// The execution in the events of replays, which does not exist. The SDK for Python finds the operation of an execution by the
/// end of its ARN.
pub const REPLAY_ARN: &str =
    "arn:aws:lambda:us-east-1:000000000000:function:replay:$LATEST/durable-execution/replay/replay";

/// Why an execution cannot be replayed from its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryError {
    /// It does not begin with the start of an execution.
    NoStart,
    /// Payloads were left out.
    Truncated(u64),
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStart => f.write_str("the history has no event `ExecutionStarted`"),
            Self::Truncated(event) => {
                write!(f, "event {event} of the history has no payload: it was read without the data of the execution")
            }
        }
    }
}

impl std::error::Error for HistoryError {}

/// The operations of an execution.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedExecution {
    /// The event that started it, JSON.
    pub input: String,
    /// How it ended. `None` if it is under way, or if it was stopped or timed out: then its code had not come to its end.
    pub end: Option<ExecutionEnd>,
    /// The errors with which its code has failed: in the end, and in invocations that were run again.
    pub errors: Vec<RecordedError>,
    /// The operations in the order of their starts.
    pub operations: Vec<RecordedOperation>,
}

/// An error of the code. A history that was read without the data of the execution has neither class nor text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordedError {
    /// The class.
    pub error_type: Option<String>,
    /// The text.
    pub message: Option<String>,
}

/// How the code of an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionEnd {
    /// With a result.
    Succeeded,
    /// With an error.
    Failed,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedOperation {
    /// The id that the SDK chose.
    pub id: String,
    /// The child context that it belongs to.
    pub parent_id: Option<String>,
    /// `STEP`, `WAIT` and so on.
    pub operation_type: String,
    /// What the SDK calls it, for example `WaitForCondition`.
    pub sub_type: Option<String>,
    /// The name that the user chose.
    pub name: Option<String>,
    /// Whether it has ended.
    pub has_ended: bool,
    /// The status and the details, as in the API model, without timestamps.
    members: Map<String, Value>,
}

/// The beginnings of the names of events, with the types of their operations and the keys of the details.
const TYPES: [(&str, &str, &str); 5] = [
    ("Context", "CONTEXT", "ContextDetails"),
    ("Wait", "WAIT", "WaitDetails"),
    ("Step", "STEP", "StepDetails"),
    ("Callback", "CALLBACK", "CallbackDetails"),
    ("ChainedInvoke", "CHAINED_INVOKE", "ChainedInvokeDetails"),
];
/// The ends of the names of events, with the status after it.
const STATUSES: [(&str, &str); 6] = [
    ("Started", "STARTED"),
    ("Succeeded", "SUCCEEDED"),
    ("Failed", "FAILED"),
    ("Cancelled", "CANCELLED"),
    ("TimedOut", "TIMED_OUT"),
    ("Stopped", "STOPPED"),
];

impl RecordedExecution {
    /// Reads the events of a history, the oldest first.
    pub fn from_history(events: &[Value]) -> Result<Self, HistoryError> {
        let mut input = None;
        let mut end = None;
        let mut errors = Vec::new();
        let mut operations: Vec<RecordedOperation> = Vec::new();
        let mut positions = BTreeMap::new();
        for event in events {
            let event_type = event["EventType"].as_str().unwrap_or_default();
            let details = &event[format!("{event_type}Details")];
            match event_type {
                "ExecutionStarted" => input = Some(payload(event, &details["Input"])?.unwrap_or_default()),
                "ExecutionSucceeded" => end = Some(ExecutionEnd::Succeeded),
                "ExecutionFailed" => end = Some(ExecutionEnd::Failed),
                _ => {}
            }
            if matches!(event_type, "ExecutionFailed" | "InvocationCompleted") {
                errors.extend(details.get("Error").filter(|error| error.is_object()).map(RecordedError::of));
            }
            let Some(kind) = EventKind::of(event_type) else { continue };
            let Some(id) = event["Id"].as_str() else { continue };
            let position = *positions.entry(id.to_owned()).or_insert_with(|| {
                operations.push(RecordedOperation::of(event, kind.operation_type));
                operations.len() - 1
            });
            if let Some(operation) = operations.get_mut(position) {
                operation.apply(event, kind, details)?;
            }
        }
        Ok(Self { input: input.ok_or(HistoryError::NoStart)?, end, errors, operations })
    }

    /// Returns the operations for the event of an invocation of [`REPLAY_ARN`]. Timestamps are milliseconds since 1970: `now` for starts and
    /// ends, and `later` for everything that the execution waits for.
    pub fn to_operations(&self, now: u64, later: u64) -> Vec<Value> {
        self.select_operations(now, later, |_| true)
    }

    /// Does the same as [`Self::to_operations`] with only the operations for which `is_selected` returns true, and always the
    /// execution.
    pub(crate) fn select_operations(
        &self,
        now: u64,
        later: u64,
        is_selected: impl Fn(&RecordedOperation) -> bool,
    ) -> Vec<Value> {
        let execution = json!({
            "Id": "replay", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": now,
            "ExecutionDetails": { "InputPayload": self.input }
        });
        let selected = self.operations.iter().filter(|operation| is_selected(operation));
        [execution].into_iter().chain(selected.map(|operation| operation.to_operation(now, later))).collect()
    }

    /// Returns the operation with an id, with its position. The first one has the position 1.
    pub fn find(&self, id: &str) -> Option<(usize, &RecordedOperation)> {
        let position = self.operations.iter().position(|operation| operation.id == id)?;
        Some((position + 1, self.operations.get(position)?))
    }

    /// Returns whether the code has failed with this error before.
    pub fn has_failed_with(&self, error_type: &str, message: &str) -> bool {
        let is_same = |known: &Option<String>, text: &str| known.as_ref().is_none_or(|known| known == text);
        let is_unknown = self.end == Some(ExecutionEnd::Failed) && self.errors.is_empty();
        is_unknown
            || self
                .errors
                .iter()
                .any(|error| is_same(&error.error_type, error_type) && is_same(&error.message, message))
    }

    /// Returns whether a replay reaches an operation: not what is in a child context that has ended, whose result is stored.
    pub fn is_reached(&self, operation: &RecordedOperation) -> bool {
        let Some(parent) = &operation.parent_id else { return true };
        match self.find(parent) {
            Some((_, parent)) => !parent.has_ended && self.is_reached(parent),
            None => true,
        }
    }
}

impl RecordedError {
    fn of(error: &Value) -> Self {
        let text = |key: &str| error["Payload"][key].as_str().map(str::to_owned);
        Self { error_type: text("ErrorType"), message: text("ErrorMessage") }
    }
}

impl fmt::Display for RecordedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [error_type, message] = [&self.error_type, &self.message].map(|text| text.as_deref().unwrap_or_default());
        write!(f, "{error_type}: {message}")
    }
}

/// What the name of an event says.
#[derive(Debug, Clone, Copy)]
struct EventKind {
    operation_type: &'static str,
    details_key: &'static str,
    status: &'static str,
}

impl EventKind {
    fn of(event_type: &str) -> Option<Self> {
        TYPES.iter().find_map(|(prefix, operation_type, details_key)| {
            let rest = event_type.strip_prefix(prefix)?;
            let (_, status) = STATUSES.iter().find(|(suffix, _)| *suffix == rest)?;
            Some(Self { operation_type, details_key, status })
        })
    }
}

impl RecordedOperation {
    fn of(event: &Value, operation_type: &str) -> Self {
        let text = |key: &str| event[key].as_str().map(str::to_owned);
        Self {
            id: text("Id").unwrap_or_default(),
            parent_id: text("ParentId"),
            operation_type: operation_type.to_owned(),
            sub_type: text("SubType"),
            name: text("Name"),
            has_ended: false,
            members: Map::new(),
        }
    }

    fn apply(&mut self, event: &Value, kind: EventKind, details: &Value) -> Result<(), HistoryError> {
        let delay = details["RetryDetails"]["NextAttemptDelaySeconds"].as_u64();
        // A step that is tried again has failed, and a condition that is checked again has succeeded.
        let is_retried = kind.operation_type == "STEP" && delay.is_some_and(|seconds| seconds > 0);
        let status = if is_retried { "PENDING" } else { kind.status };
        self.has_ended = !matches!(status, "STARTED" | "PENDING");
        self.members.insert("Status".to_owned(), status.into());
        let mut own = self.members.remove(kind.details_key).unwrap_or_else(|| json!({}));
        if let Some(id) = details["CallbackId"].as_str() {
            own["CallbackId"] = id.into();
        }
        if let Some(attempt) = details["RetryDetails"]["CurrentAttempt"].as_u64() {
            own["Attempt"] = attempt.into();
        }
        if self.has_ended {
            if let Some(result) = payload(event, &details["Result"])? {
                own["Result"] = result.into();
            }
            if let Some(error) = details.get("Error") {
                own["Error"] = error_payload(event, error)?;
            }
        }
        self.members.insert(kind.details_key.to_owned(), own);
        Ok(())
    }

    /// Returns the id of a callback for those who answer it.
    pub(crate) fn callback_id(&self) -> Option<&str> {
        self.members.get("CallbackDetails")?["CallbackId"].as_str()
    }

    fn to_operation(&self, now: u64, later: u64) -> Value {
        let mut operation = self.members.clone();
        operation.insert("Id".to_owned(), self.id.as_str().into());
        operation.insert("Type".to_owned(), self.operation_type.as_str().into());
        operation.insert("StartTimestamp".to_owned(), now.into());
        let names = [("ParentId", &self.parent_id), ("SubType", &self.sub_type), ("Name", &self.name)];
        for (key, value) in names {
            if let Some(value) = value {
                operation.insert(key.to_owned(), value.as_str().into());
            }
        }
        let mut operation = Value::Object(operation);
        if self.has_ended {
            operation["EndTimestamp"] = now.into();
        } else if self.operation_type == "STEP" {
            // A replay must not run it.
            operation["Status"] = "PENDING".into();
            operation["StepDetails"]["NextAttemptTimestamp"] = later.into();
        } else if self.operation_type == "WAIT" {
            operation["WaitDetails"]["ScheduledEndTimestamp"] = later.into();
        }
        operation
    }
}

/// Returns the text of `EventInput` or `EventResult`; `None` if there is none.
fn payload(event: &Value, value: &Value) -> Result<Option<String>, HistoryError> {
    check_complete(event, value)?;
    Ok(value["Payload"].as_str().map(str::to_owned))
}

/// Returns the `ErrorObject` of `EventError`.
fn error_payload(event: &Value, value: &Value) -> Result<Value, HistoryError> {
    check_complete(event, value)?;
    Ok(value.get("Payload").filter(|error| error.is_object()).cloned().unwrap_or_else(|| json!({})))
}

fn check_complete(event: &Value, value: &Value) -> Result<(), HistoryError> {
    if value["Truncated"] == true {
        return Err(HistoryError::Truncated(event["EventId"].as_u64().unwrap_or_default()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event_type: &str, id: &str, details: &Value) -> Value {
        let mut event = json!({ "EventType": event_type, "EventId": 7, "Id": id, "Name": format!("the {id}") });
        event[format!("{event_type}Details")] = details.clone();
        event
    }

    fn start() -> Value {
        event("ExecutionStarted", "x", &json!({ "Input": { "Payload": "{\"a\":1}", "Truncated": false } }))
    }

    #[test]
    fn operations_have_the_state_after_their_last_event() {
        let failed = |retry: Value| json!({ "Error": { "Payload": { "ErrorType": "E" } }, "RetryDetails": retry });
        let mut inner = event("WaitStarted", "inner", &json!({ "Duration": 60 }));
        inner["ParentId"] = json!("outer");
        let recorded = RecordedExecution::from_history(&[
            start(),
            event("StepStarted", "charge", &json!({})),
            event("StepFailed", "charge", &failed(json!({ "CurrentAttempt": 1, "NextAttemptDelaySeconds": 5 }))),
            event("StepStarted", "charge", &json!({})),
            event("StepSucceeded", "charge", &json!({ "Result": { "Payload": "42" }, "RetryDetails": {} })),
            event("InvocationCompleted", "", &json!({})),
            event("CallbackStarted", "answer", &json!({ "CallbackId": "abc" })),
            event(
                "CallbackTimedOut",
                "answer",
                &json!({ "Error": { "Payload": { "ErrorType": "Callback.Timeout" } } }),
            ),
            event("ChainedInvokeStarted", "mail", &json!({})),
            event("ContextStarted", "outer", &json!({})),
            inner,
            event("StepStarted", "poll", &json!({})),
            event("StepSucceeded", "poll", &json!({ "RetryDetails": { "NextAttemptDelaySeconds": 9 } })),
        ])
        .expect("a history");
        assert_eq!((recorded.input.as_str(), recorded.end), ("{\"a\":1}", None));
        let operations = recorded.to_operations(1, 2);
        let shown =
            |index: usize| json!([operations[index]["Id"], operations[index]["Type"], operations[index]["Status"]]);
        let shown: Vec<Value> = (1..operations.len()).map(shown).collect();
        assert_eq!(
            json!(shown),
            json!([
                ["charge", "STEP", "SUCCEEDED"],
                ["answer", "CALLBACK", "TIMED_OUT"],
                ["mail", "CHAINED_INVOKE", "STARTED"],
                ["outer", "CONTEXT", "STARTED"],
                ["inner", "WAIT", "STARTED"],
                ["poll", "STEP", "PENDING"]
            ])
        );
        assert_eq!(operations[1]["StepDetails"], json!({ "Attempt": 1, "Result": "42" }));
        assert_eq!(
            operations[2]["CallbackDetails"],
            json!({ "CallbackId": "abc", "Error": { "ErrorType": "Callback.Timeout" } })
        );
        assert_eq!((&operations[5]["ParentId"], &operations[5]["Name"]), (&json!("outer"), &json!("the inner")));
        assert_eq!(operations[5]["WaitDetails"]["ScheduledEndTimestamp"], 2);
        assert_eq!(operations[6]["StepDetails"]["NextAttemptTimestamp"], 2);
        assert_eq!(operations[0]["ExecutionDetails"]["InputPayload"], "{\"a\":1}");
    }

    #[test]
    fn step_that_was_running_is_not_run_by_a_replay() {
        let history = [start(), event("StepStarted", "charge", &json!({}))];
        let recorded = RecordedExecution::from_history(&history).expect("a history");
        let operation = &recorded.to_operations(1, 2)[1];
        assert_eq!(
            (&operation["Status"], &operation["StepDetails"]["NextAttemptTimestamp"]),
            (&json!("PENDING"), &json!(2))
        );
    }

    #[test]
    fn history_without_start_or_payloads_is_an_error() {
        assert_eq!(RecordedExecution::from_history(&[]), Err(HistoryError::NoStart));
        let truncated = event("StepSucceeded", "charge", &json!({ "Result": { "Truncated": true } }));
        assert_eq!(RecordedExecution::from_history(&[start(), truncated]), Err(HistoryError::Truncated(7)));
    }
}
