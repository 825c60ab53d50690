//! What a replay answers a worker whose SDK is compiled: it is observed through the checkpoints that it sends, and through the
//! lifecycle events that it logs.
//!
//! AWS's SDK for Rust logs an event `operation_replayed` for each ended operation that the code comes to. Other operations
//! are not in the event of the invocation, so the SDK starts them again, and the checkpoint names them. Waits, callbacks
//! and invocations then suspend the code. A step would run: its start is refused, which ends the invocation, and in the
//! next run the step is in the event as one that waits for its next attempt.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::recorded::{REPLAY_ARN, RecordedExecution, RecordedOperation};
use crate::replay::{ReplayOutcome, ReplayReport, ReplayedOperation};

/// Number of steps that are refused before the replay ends without looking for more.
const MAX_REFUSED_STEPS: usize = 20;
/// The error type of AWS's SDK for Rust when an operation of the code is not the recorded one.
const MISMATCH_ERROR: &str = "NonDeterministicExecutionError";
/// The message of the log events for operations whose result was recorded.
const OPERATION_REPLAYED: &str = "operation_replayed";

/// The answer to a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckpointAnswer {
    /// The response.
    Response(Value),
    /// The request fails, so that a step does not run.
    Refused,
}

/// The service of one replayed execution. Its user runs the worker with [`Self::event`] until [`Self::end_run`] returns
/// false.
#[derive(Debug)]
pub struct ReplayApi {
    recorded: RecordedExecution,
    /// Milliseconds since 1970.
    now: u64,
    /// When everything ends that the execution waits for, in milliseconds since 1970.
    later: u64,
    visited: Vec<String>,
    started: Vec<ReplayedOperation>,
    mismatches: Vec<ReplayedOperation>,
    /// Steps that the code came to and that must not run.
    parked: Vec<ReplayedOperation>,
    /// Whether a step was refused in this run.
    has_refused: bool,
    outcome: ReplayOutcome,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Checkpoint {
    #[serde(default)]
    updates: Vec<Value>,
}

impl ReplayApi {
    /// Creates the service for an execution. Times are milliseconds since 1970: the current time, and the one at which waits
    /// end, which must not come while the worker runs.
    pub fn new(recorded: RecordedExecution, now: u64, later: u64) -> Self {
        Self {
            recorded,
            now,
            later,
            visited: Vec::new(),
            started: Vec::new(),
            mismatches: Vec::new(),
            parked: Vec::new(),
            has_refused: false,
            outcome: ReplayOutcome::Pending,
        }
    }

    /// Returns the event of the next invocation.
    pub fn event(&self) -> Value {
        let is_sent = |operation: &RecordedOperation| operation.has_ended || operation.operation_type == "CONTEXT";
        let mut operations = self.recorded.select_operations(self.now, self.later, is_sent);
        operations.extend(self.parked.iter().map(|step| self.waiting_step(step)));
        json!({
            "DurableExecutionArn": REPLAY_ARN,
            "CheckpointToken": "replay",
            "InitialExecutionState": { "Operations": operations, "NextMarker": "" },
        })
    }

    /// Answers `CheckpointDurableExecution`. An unreadable request is refused.
    pub fn checkpoint(&mut self, body: &[u8]) -> CheckpointAnswer {
        let Ok(Checkpoint { updates }) = serde_json::from_slice(body) else { return CheckpointAnswer::Refused };
        let mut operations = Vec::new();
        for update in &updates {
            match update["Action"].as_str() {
                Some("START") => match self.start(update) {
                    Some(operation) => operations.push(operation),
                    None => return CheckpointAnswer::Refused,
                },
                // Child contexts that end. No step runs.
                Some("SUCCEED") => operations.push(self.ended(update, "SUCCEEDED")),
                Some("FAIL") => operations.push(self.ended(update, "FAILED")),
                _ => {}
            }
        }
        let state = json!({ "Operations": operations, "NextMarker": "" });
        CheckpointAnswer::Response(json!({ "CheckpointToken": "replay", "NewExecutionState": state }))
    }

    /// Reads a log line of the worker, JSON or not.
    pub fn log_line(&mut self, line: &str) {
        let Ok(line) = serde_json::from_str::<Value>(line) else { return };
        let fields = &line["fields"];
        if fields["message"] == OPERATION_REPLAYED
            && let Some(id) = fields["operationId"].as_str()
        {
            self.visit(id);
        }
    }

    /// Notes the response of a run, an envelope with `Status` and `Error`. Returns whether the worker must run again.
    pub fn end_run(&mut self, response: &Value) -> bool {
        let was_refused = std::mem::take(&mut self.has_refused);
        if was_refused && self.mismatches.is_empty() && self.parked.len() <= MAX_REFUSED_STEPS {
            return true;
        }
        let text = |key: &str| response["Error"][key].as_str().unwrap_or_default().to_owned();
        self.outcome = match response["Status"].as_str() {
            _ if was_refused => ReplayOutcome::Pending,
            Some("SUCCEEDED") => ReplayOutcome::Succeeded,
            Some("PENDING") => ReplayOutcome::Pending,
            _ => ReplayOutcome::Failed { error_type: text("ErrorType"), error_message: text("ErrorMessage") },
        };
        if was_refused {
            // No run has looked for the steps after the last refused one.
            let steps = self.recorded.operations.iter().filter(|operation| operation.operation_type == "STEP");
            let unknown: Vec<String> = steps.filter(|step| !step.has_ended).map(|step| step.id.clone()).collect();
            for id in &unknown {
                self.visit(id);
            }
        }
        if let ReplayOutcome::Failed { error_type, error_message } = &self.outcome
            && error_type == MISMATCH_ERROR
            && let Some(mismatch) = self.mismatch(error_message)
        {
            self.visit(&mismatch.id.clone());
            self.mismatches.push(mismatch);
        }
        false
    }

    /// Returns what the code did.
    pub fn report(mut self) -> (RecordedExecution, ReplayReport) {
        self.visit_outer_contexts();
        let report = ReplayReport {
            visited: self.visited,
            started: self.started,
            mismatches: self.mismatches,
            outcome: self.outcome,
        };
        (self.recorded, report)
    }

    /// Notes the contexts of the operations that the code came to: the SDK does not start a context again that has not ended,
    /// nor does it log one whose result was too large to be stored. A context without operations counts, too.
    fn visit_outer_contexts(&mut self) {
        let contexts: Vec<RecordedOperation> =
            self.recorded.operations.iter().filter(|each| each.operation_type == "CONTEXT").cloned().collect();
        // An inner context comes after its outer one.
        for context in contexts.iter().rev() {
            let is_in_context = |parent: &Option<String>| parent.as_deref() == Some(context.id.as_str());
            let mut operations =
                self.recorded.operations.iter().filter(|each| is_in_context(&each.parent_id)).peekable();
            let is_empty = operations.peek().is_none() && !context.has_ended;
            let is_visited = operations.any(|operation| self.visited.contains(&operation.id));
            if is_empty || is_visited || self.started.iter().any(|started| is_in_context(&started.parent_id)) {
                self.visit(&context.id);
            }
        }
    }

    fn visit(&mut self, id: &str) {
        if !self.visited.iter().any(|visited| visited == id) && self.recorded.find(id).is_some() {
            self.visited.push(id.to_owned());
        }
    }

    /// Notes an operation that the code starts. Returns its state, or `None` if it must not run.
    fn start(&mut self, update: &Value) -> Option<Value> {
        let text = |key: &str| update[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let operation = ReplayedOperation {
            id: text("Id").unwrap_or_default(),
            parent_id: text("ParentId"),
            operation_type: text("Type").unwrap_or_default(),
            sub_type: text("SubType"),
            name: text("Name"),
        };
        let mut state = json!({
            "Id": operation.id, "Type": operation.operation_type, "Status": "STARTED", "StartTimestamp": self.now / 1000
        });
        for (key, value) in
            [("ParentId", &operation.parent_id), ("SubType", &operation.sub_type), ("Name", &operation.name)]
        {
            if let Some(value) = value {
                state[key] = value.as_str().into();
            }
        }
        let recorded = self.recorded.find(&operation.id).map(|(_, recorded)| recorded.clone());
        if operation.operation_type == "CALLBACK" {
            let id = recorded.as_ref().and_then(RecordedOperation::callback_id).unwrap_or("replay");
            state["CallbackDetails"] = json!({ "CallbackId": id });
        }
        let is_step = operation.operation_type == "STEP";
        match recorded {
            Some(recorded) if is_same(&recorded, &operation) => self.visit(&operation.id),
            Some(_) => {
                self.visit(&operation.id);
                self.mismatches.push(operation);
                self.has_refused = true;
                return None;
            }
            None if self.started.iter().any(|started| started.id == operation.id) => {}
            None => self.started.push(operation.clone()),
        }
        if is_step {
            self.parked.push(operation);
            self.has_refused = true;
            return None;
        }
        Some(state)
    }

    fn ended(&self, update: &Value, status: &str) -> Value {
        json!({
            "Id": update["Id"], "Type": update["Type"], "Status": status, "StartTimestamp": self.now / 1000,
            "ContextDetails": { "Result": update["Payload"], "Error": update["Error"] }
        })
    }

    /// Returns a step that waits for its next attempt, as in the event of an invocation.
    fn waiting_step(&self, step: &ReplayedOperation) -> Value {
        json!({
            "Id": step.id, "ParentId": step.parent_id, "Type": "STEP", "SubType": step.sub_type, "Name": step.name,
            "Status": "PENDING", "StartTimestamp": self.now, "StepDetails": { "NextAttemptTimestamp": self.later }
        })
    }

    /// Reads the operation of the code from the message of AWS's SDK for Rust 0.1: `… at wire id ID does not match checkpoint:
    /// expected Step/Step named "a", got Wait/Wait`.
    fn mismatch(&self, message: &str) -> Option<ReplayedOperation> {
        let (_, rest) = message.split_once("operation at wire id ")?;
        let (id, rest) = rest.split_once(" does not match checkpoint: expected ")?;
        let (_, recorded) = self.recorded.find(id)?;
        // Names may contain any text.
        let (expected_name, got) = match &recorded.name {
            Some(name) => rest.split_once(&format!(" named \"{name}\", got "))?,
            None => rest.split_once(", got ")?,
        };
        debug_assert!(!expected_name.contains('"'));
        let (kind, name) = match got.split_once(" named \"") {
            Some((kind, name)) => (kind, name.strip_suffix('"')),
            None => (got, None),
        };
        let (operation_type, sub_type) = kind.split_once('/').map_or((kind, None), |(kind, sub)| (kind, Some(sub)));
        Some(ReplayedOperation {
            id: id.to_owned(),
            parent_id: recorded.parent_id.clone(),
            operation_type: upper_snake_case(operation_type),
            sub_type: sub_type.map(str::to_owned),
            name: name.map(str::to_owned),
        })
    }
}

fn is_same(recorded: &RecordedOperation, operation: &ReplayedOperation) -> bool {
    let name = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
    recorded.operation_type == operation.operation_type
        && recorded.sub_type == operation.sub_type
        && name(&recorded.name) == name(&operation.name)
}

/// Returns `CHAINED_INVOKE` for `ChainedInvoke`.
fn upper_snake_case(text: &str) -> String {
    let mut converted = String::new();
    let mut was_lower = false;
    for character in text.chars() {
        if character.is_ascii_uppercase() && was_lower {
            converted.push('_');
        }
        was_lower = character.is_ascii_lowercase();
        converted.push(character.to_ascii_uppercase());
    }
    converted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::first_divergence;

    fn event(event_type: &str, id: &str, sub_type: &str, parent: Option<&str>) -> Value {
        let mut event = json!({
            "EventType": event_type, "EventId": 1, "Id": id, "Name": format!("the {id}"), "SubType": sub_type
        });
        if let Some(parent) = parent {
            event["ParentId"] = json!(parent);
        }
        event[format!("{event_type}Details")] = json!({ "CallbackId": "answer-me" });
        event
    }

    /// The step `1`, then at the same time the context `2` with the step `3`, which is tried again, and the wait `4`.
    fn api() -> ReplayApi {
        let mut retried = event("StepFailed", "3", "Step", Some("2"));
        retried["StepFailedDetails"]["RetryDetails"] = json!({ "CurrentAttempt": 1, "NextAttemptDelaySeconds": 5 });
        let recorded = RecordedExecution::from_history(&[
            event("ExecutionStarted", "x", "", None),
            event("StepStarted", "1", "Step", None),
            event("StepSucceeded", "1", "Step", None),
            event("ContextStarted", "2", "RunInChildContext", None),
            event("StepStarted", "3", "Step", Some("2")),
            retried,
            event("WaitStarted", "4", "Wait", None),
        ]);
        ReplayApi::new(recorded.expect("a history"), 1_000, 2_000)
    }

    fn start(id: &str, operation_type: &str, sub_type: &str, parent: Option<&str>) -> Value {
        json!({
            "Id": id, "ParentId": parent, "Type": operation_type, "SubType": sub_type, "Name": format!("the {id}"),
            "Action": "START"
        })
    }

    fn send(api: &mut ReplayApi, update: &Value) -> CheckpointAnswer {
        api.checkpoint(json!({ "CheckpointToken": "replay", "Updates": [update] }).to_string().as_bytes())
    }

    fn ids(event: &Value) -> Vec<&str> {
        let operations = event["InitialExecutionState"]["Operations"].as_array().expect("operations");
        operations.iter().map(|operation| operation["Id"].as_str().expect("an id")).collect()
    }

    fn replayed(api: &mut ReplayApi, id: &str) {
        api.log_line(&json!({ "fields": { "message": OPERATION_REPLAYED, "operationId": id } }).to_string());
    }

    #[test]
    fn code_fits_if_it_comes_to_all_operations() {
        let mut api = api();
        assert_eq!(ids(&api.event()), ["replay", "1", "2"]);
        replayed(&mut api, "1");
        api.log_line("a line of the worker");
        assert_eq!(send(&mut api, &start("3", "STEP", "Step", Some("2"))), CheckpointAnswer::Refused);
        assert!(api.end_run(&json!({ "Status": "FAILED" })));
        let event = api.event();
        assert_eq!(ids(&event), ["replay", "1", "2", "3"]);
        assert_eq!(event["InitialExecutionState"]["Operations"][3]["Status"], "PENDING");
        let CheckpointAnswer::Response(response) = send(&mut api, &start("4", "WAIT", "Wait", None)) else {
            panic!("a wait is answered")
        };
        assert_eq!(response["NewExecutionState"]["Operations"][0]["Status"], "STARTED");
        assert!(!api.end_run(&json!({ "Status": "PENDING" })));
        let (recorded, report) = api.report();
        assert_eq!(report.visited, ["1", "3", "4", "2"]);
        assert_eq!(first_divergence(&recorded, &report), None);
    }

    #[test]
    fn mismatch_of_the_sdk_names_both_operations() {
        let mut api = api();
        let message = "operation error: non-determinism: operation at wire id 1 does not match checkpoint: expected \
                       STEP/Step named \"the 1\", got ChainedInvoke/ChainedInvoke named \"a, got \"b\"\"";
        let error = json!({ "ErrorType": MISMATCH_ERROR, "ErrorMessage": message });
        assert!(!api.end_run(&json!({ "Status": "FAILED", "Error": error })));
        let (recorded, report) = api.report();
        let divergence = first_divergence(&recorded, &report).expect("a divergence");
        assert_eq!(
            divergence.to_string(),
            "operation 1 of the history is the step `the 1`, and the code has the invocation `a, got \"b\"` there"
        );
    }

    #[test]
    fn operation_that_is_started_as_another_one_is_a_mismatch() {
        let mut api = api();
        replayed(&mut api, "1");
        assert_eq!(send(&mut api, &start("4", "STEP", "Step", None)), CheckpointAnswer::Refused);
        assert!(!api.end_run(&json!({ "Status": "FAILED" })));
        let (recorded, report) = api.report();
        let divergence = first_divergence(&recorded, &report).expect("a divergence");
        assert_eq!(
            divergence.to_string(),
            "operation 4 of the history is the wait `the 4`, and the code has the step `the 4` there"
        );
    }

    #[test]
    fn new_step_instead_of_a_recorded_one_is_found() {
        let mut api = api();
        replayed(&mut api, "1");
        send(&mut api, &start("4", "WAIT", "Wait", None));
        assert_eq!(send(&mut api, &start("5", "STEP", "Step", Some("2"))), CheckpointAnswer::Refused);
        assert!(api.end_run(&json!({ "Status": "FAILED" })));
        assert!(!api.end_run(&json!({ "Status": "PENDING" })));
        let (recorded, report) = api.report();
        let divergence = first_divergence(&recorded, &report).expect("a divergence");
        assert_eq!(
            divergence.to_string(),
            "the code starts the step `the 5`, and the history has the step `the 3` there"
        );
    }

    #[test]
    fn callbacks_have_their_recorded_ids_and_contexts_end() {
        let history = [event("ExecutionStarted", "x", "", None), event("CallbackStarted", "1", "Callback", None)];
        let recorded = RecordedExecution::from_history(&history).expect("a history");
        let mut api = ReplayApi::new(recorded, 1_000, 2_000);
        let CheckpointAnswer::Response(response) = send(&mut api, &start("1", "CALLBACK", "Callback", None)) else {
            panic!("a callback is answered")
        };
        assert_eq!(response["NewExecutionState"]["Operations"][0]["CallbackDetails"]["CallbackId"], "answer-me");
        let end = json!({ "Id": "2", "Type": "CONTEXT", "Action": "SUCCEED", "Payload": "7" });
        let CheckpointAnswer::Response(response) = send(&mut api, &end) else { panic!("an end is answered") };
        assert_eq!(response["NewExecutionState"]["Operations"][0]["ContextDetails"]["Result"], "7");
        assert_eq!(api.checkpoint(b"{"), CheckpointAnswer::Refused);
    }

    #[test]
    fn failure_is_the_outcome() {
        let mut api = api();
        replayed(&mut api, "1");
        let error = json!({ "ErrorType": "Runtime.Panic", "ErrorMessage": "no more" });
        assert!(!api.end_run(&json!({ "Status": "FAILED", "Error": error })));
        let (recorded, report) = api.report();
        let divergence = first_divergence(&recorded, &report).expect("a divergence");
        let expected = "the code fails after the step `the 1`, operation 1 of the history: Runtime.Panic: no more";
        assert_eq!(divergence.to_string(), expected);
    }
}
