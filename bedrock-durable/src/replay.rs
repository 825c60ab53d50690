//! Whether the code of a worker fits a recorded execution: compares what the code did in a replay with the history, and
//! names the operation where they part.

use std::fmt;

use serde::Deserialize;

use crate::recorded::{ExecutionEnd, RecordedExecution, RecordedOperation};

/// What the code of a worker did in a replay, as the replay programs in Python and JavaScript write it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReplayReport {
    /// The ids of the recorded operations that the code came to.
    pub visited: Vec<String>,
    /// Operations that the history does not have, in the order of their starts. None of them ran.
    pub started: Vec<ReplayedOperation>,
    /// Operations that the code names otherwise than the history.
    pub mismatches: Vec<ReplayedOperation>,
    /// How the code ended.
    pub outcome: ReplayOutcome,
}

/// An operation of the code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReplayedOperation {
    /// The id, which identifies its place in the code.
    pub id: String,
    /// The child context that it belongs to.
    #[serde(default)]
    pub parent_id: Option<String>,
    /// `STEP`, `WAIT` and so on.
    #[serde(rename = "type")]
    pub operation_type: String,
    /// What the SDK calls it.
    #[serde(default)]
    pub sub_type: Option<String>,
    /// The name that the user chose.
    #[serde(default)]
    pub name: Option<String>,
}

/// How the code ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReplayOutcome {
    /// It returned.
    Succeeded,
    /// It failed.
    Failed {
        /// The class of the error.
        error_type: String,
        /// The text of the error.
        error_message: String,
    },
    /// It waits for an operation.
    Pending,
}

/// Where the code and the history part. Its `Display` form is a sentence without full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Divergence {
    /// The code has another operation in this place.
    Different {
        /// The position in the history, from 1.
        position: usize,
        /// What the history has.
        recorded: String,
        /// What the code has.
        replayed: String,
    },
    /// The code starts an operation that the history does not have.
    Added {
        /// The operation.
        replayed: String,
        /// The operation of the history that the code did not come to.
        instead_of: Option<String>,
    },
    /// The code does not come to an operation of the history.
    Missing {
        /// The position in the history, from 1.
        position: usize,
        /// The operation.
        recorded: String,
    },
    /// The code fails, and the execution had not failed, or with another error.
    Failed {
        /// The last operation of the history that the code comes to, with its position. `None` if it comes to none.
        after: Option<(usize, String)>,
        /// Class and text of the error.
        error: String,
        /// Class and text of the error with which the execution failed.
        recorded: Option<String>,
    },
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Different { position, recorded, replayed } => {
                write!(f, "operation {position} of the history is {recorded}, and the code has {replayed} there")
            }
            Self::Added { replayed, instead_of: None } => {
                write!(f, "the code starts {replayed}, which the history does not have")
            }
            Self::Added { replayed, instead_of: Some(recorded) } => {
                write!(f, "the code starts {replayed}, and the history has {recorded} there")
            }
            Self::Missing { position, recorded } => {
                write!(f, "the code does not come to {recorded}, operation {position} of the history")
            }
            Self::Failed { after, error, recorded } => {
                match after {
                    Some((position, operation)) => {
                        write!(f, "the code fails after {operation}, operation {position} of the history: {error}")?;
                    }
                    None => write!(f, "the code fails before its first operation: {error}")?,
                }
                recorded.iter().try_for_each(|recorded| write!(f, "; the execution failed with {recorded}"))
            }
        }
    }
}

/// Returns the first place where the code and the history part. `None` if the code fits.
///
/// The code of an execution that is under way may start operations after those of the history.
pub fn first_divergence(recorded: &RecordedExecution, report: &ReplayReport) -> Option<Divergence> {
    let mismatches = report.mismatches.iter().filter_map(|replayed| Some((recorded.find(&replayed.id)?, replayed)));
    if let Some(((position, operation), replayed)) = mismatches.min_by_key(|((position, _), _)| *position) {
        let is_only_in_sub_type =
            operation.operation_type == replayed.operation_type && operation.name == replayed.name;
        let sub_type = |sub_type: &Option<String>| match sub_type {
            Some(sub_type) if is_only_in_sub_type => format!(" ({sub_type})"),
            _ => String::new(),
        };
        return Some(Divergence::Different {
            position,
            recorded: recorded_label(operation) + &sub_type(&operation.sub_type),
            replayed: replayed_label(replayed) + &sub_type(&replayed.sub_type),
        });
    }
    let is_missing =
        |operation: &&RecordedOperation| recorded.is_reached(operation) && !report.visited.contains(&operation.id);
    let missing = recorded.operations.iter().find(is_missing);
    if let Some(replayed) = report.started.first().filter(|_| missing.is_some() || recorded.end.is_some()) {
        let siblings = recorded.operations.iter().filter(|operation| operation.parent_id == replayed.parent_id);
        let instead_of = siblings.clone().find(is_missing).map(recorded_label);
        return Some(Divergence::Added { replayed: replayed_label(replayed), instead_of });
    }
    match &report.outcome {
        ReplayOutcome::Failed { error_type, error_message } if !recorded.has_failed_with(error_type, error_message) => {
            let visited = report.visited.iter().filter_map(|id| recorded.find(id));
            let last = visited.max_by_key(|(position, _)| *position);
            let failure = recorded.errors.last().filter(|_| recorded.end == Some(ExecutionEnd::Failed));
            return Some(Divergence::Failed {
                after: last.map(|(position, operation)| (position, recorded_label(operation))),
                error: format!("{error_type}: {error_message}"),
                recorded: failure.map(ToString::to_string),
            });
        }
        _ => {}
    }
    let operation = missing?;
    let (position, _) = recorded.find(&operation.id)?;
    Some(Divergence::Missing { position, recorded: recorded_label(operation) })
}

/// Returns the number of operations of the same type without names, which may trade places without a trace.
pub fn unnamed_operations(recorded: &RecordedExecution) -> usize {
    let unnamed = |operation: &&RecordedOperation| operation.name.is_none() && recorded.is_reached(operation);
    let unnamed: Vec<&RecordedOperation> = recorded.operations.iter().filter(unnamed).collect();
    let has_twin = |operation: &&&RecordedOperation| {
        let is_alike = |other: &&&RecordedOperation| {
            other.operation_type == operation.operation_type && other.parent_id == operation.parent_id
        };
        unnamed.iter().filter(is_alike).count() > 1
    };
    unnamed.iter().filter(has_twin).count()
}

fn recorded_label(operation: &RecordedOperation) -> String {
    label(&operation.operation_type, operation.name.as_deref())
}

fn replayed_label(operation: &ReplayedOperation) -> String {
    label(&operation.operation_type, operation.name.as_deref())
}

/// Returns ``the step `charge` `` or `a wait without name`.
fn label(operation_type: &str, name: Option<&str>) -> String {
    let noun = match operation_type {
        "CONTEXT" => "child context",
        "STEP" => "step",
        "WAIT" => "wait",
        "CALLBACK" => "callback",
        "CHAINED_INVOKE" => "invocation",
        _ => "operation",
    };
    match name {
        Some(name) => format!("the {noun} `{name}`"),
        None if noun.starts_with(['i', 'o']) => format!("an {noun} without name"),
        None => format!("a {noun} without name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// An execution of the steps `a` and `b`, a wait and a step without names, with these last events.
    fn recorded(more: &[Value]) -> RecordedExecution {
        let event = |event_type: &str, id: &str, name: Option<&str>| {
            let mut event = json!({ "EventType": event_type, "EventId": 1, "Id": id });
            if let Some(name) = name {
                event["Name"] = json!(name);
            }
            event[format!("{event_type}Details")] = json!({});
            event
        };
        let mut events = vec![
            event("ExecutionStarted", "x", None),
            event("StepStarted", "1", Some("a")),
            event("StepSucceeded", "1", Some("a")),
            event("StepStarted", "2", Some("b")),
            event("StepSucceeded", "2", Some("b")),
            event("WaitStarted", "3", None),
        ];
        events.extend(more.iter().cloned());
        RecordedExecution::from_history(&events).expect("a history")
    }

    fn ended() -> RecordedExecution {
        recorded(&[
            json!({ "EventType": "WaitSucceeded", "Id": "3" }),
            json!({ "EventType": "ExecutionSucceeded", "Id": "x" }),
        ])
    }

    fn operation(id: &str, operation_type: &str, name: Option<&str>) -> ReplayedOperation {
        let name = name.map(str::to_owned);
        let operation_type = operation_type.to_owned();
        ReplayedOperation { id: id.to_owned(), parent_id: None, operation_type, sub_type: None, name }
    }

    fn report(visited: &[&str]) -> ReplayReport {
        ReplayReport {
            visited: visited.iter().map(|id| (*id).to_owned()).collect(),
            started: Vec::new(),
            mismatches: Vec::new(),
            outcome: ReplayOutcome::Pending,
        }
    }

    fn text(recorded: &RecordedExecution, report: &ReplayReport) -> String {
        first_divergence(recorded, report).map_or("fits".to_owned(), |divergence| divergence.to_string())
    }

    #[test]
    fn code_that_comes_to_all_operations_fits() {
        assert_eq!(text(&recorded(&[]), &report(&["1", "2", "3"])), "fits");
        let mut done = report(&["3", "2", "1"]);
        done.outcome = ReplayOutcome::Succeeded;
        assert_eq!(text(&ended(), &done), "fits");
    }

    #[test]
    fn execution_under_way_may_go_on() {
        let mut further = report(&["1", "2", "3"]);
        further.started.push(operation("4", "STEP", Some("c")));
        assert_eq!(text(&recorded(&[]), &further), "fits");
        assert_eq!(text(&ended(), &further), "the code starts the step `c`, which the history does not have");
    }

    #[test]
    fn first_difference_is_named_by_its_place() {
        let mut swapped = report(&["1", "2"]);
        swapped.mismatches = vec![operation("2", "STEP", Some("a")), operation("1", "STEP", Some("b"))];
        let expected = "operation 1 of the history is the step `a`, and the code has the step `b` there";
        assert_eq!(text(&recorded(&[]), &swapped), expected);
        let mut other = report(&["1", "2", "3"]);
        other.mismatches = vec![operation("3", "CHAINED_INVOKE", None)];
        let expected =
            "operation 3 of the history is a wait without name, and the code has an invocation without name there";
        assert_eq!(text(&recorded(&[]), &other), expected);
    }

    #[test]
    fn operations_that_the_code_does_not_come_to_are_missing() {
        let mut shorter = report(&["1"]);
        shorter.outcome = ReplayOutcome::Succeeded;
        let expected = "the code does not come to the step `b`, operation 2 of the history";
        assert_eq!(text(&recorded(&[]), &shorter), expected);
        shorter.started.push(operation("9", "STEP", Some("c")));
        assert_eq!(
            text(&recorded(&[]), &shorter),
            "the code starts the step `c`, and the history has the step `b` there"
        );
    }

    #[test]
    fn children_of_an_ended_context_are_not_reached() {
        let child = json!({ "EventType": "StepStarted", "Id": "5", "ParentId": "4", "Name": "inner" });
        let context = json!({ "EventType": "ContextStarted", "Id": "4" });
        let open = recorded(&[context.clone(), child.clone()]);
        let done = recorded(&[context, child, json!({ "EventType": "ContextSucceeded", "Id": "4" })]);
        let visited = report(&["1", "2", "3", "4"]);
        assert_eq!(text(&done, &visited), "fits");
        assert_eq!(text(&open, &visited), "the code does not come to the step `inner`, operation 5 of the history");
    }

    #[test]
    fn failure_is_a_difference_unless_the_execution_failed() {
        let mut failing = report(&["1", "2", "3"]);
        failing.outcome =
            ReplayOutcome::Failed { error_type: "KeyError".to_owned(), error_message: "'card'".to_owned() };
        let place = "the code fails after a wait without name, operation 3 of the history: KeyError: 'card'";
        assert_eq!(text(&recorded(&[]), &failing), place);
        assert_eq!(text(&recorded(&[json!({ "EventType": "ExecutionFailed", "Id": "x" })]), &failing), "fits");
        // Before its first operation, and after it was run again for the same error.
        failing.visited.clear();
        let expected = "the code fails before its first operation: KeyError: 'card'";
        assert_eq!(text(&recorded(&[]), &failing), expected);
        let failed = |event_type: &str, error_type: &str| {
            let error = json!({ "Payload": { "ErrorType": error_type, "ErrorMessage": "'card'" } });
            let mut event = json!({ "EventType": event_type, "Id": "x" });
            event[format!("{event_type}Details")] = json!({ "Error": error });
            event
        };
        failing.visited = vec!["1".to_owned(), "2".to_owned(), "3".to_owned()];
        assert_eq!(text(&recorded(&[failed("InvocationCompleted", "KeyError")]), &failing), "fits");
        assert_eq!(text(&recorded(&[failed("ExecutionFailed", "KeyError")]), &failing), "fits");
        let other = text(&recorded(&[failed("ExecutionFailed", "CardDeclined")]), &failing);
        assert_eq!(other, format!("{place}; the execution failed with CardDeclined: 'card'"));
    }

    #[test]
    fn unnamed_operations_count_only_with_others_of_their_type() {
        assert_eq!(unnamed_operations(&recorded(&[])), 0);
        assert_eq!(unnamed_operations(&recorded(&[json!({ "EventType": "WaitStarted", "Id": "4" })])), 2);
    }

    #[test]
    fn reports_are_read_as_the_programs_write_them() {
        let text = r#"{ "visited": ["1"], "started": [{ "id": "2", "type": "STEP", "name": null }], "mismatches": [],
            "outcome": { "status": "FAILED", "error_type": "E", "error_message": "no" } }"#;
        let report: ReplayReport = serde_json::from_str(text).expect("a report");
        assert_eq!(report.started, [operation("2", "STEP", None)]);
        let pending = r#"{ "visited": [], "started": [], "mismatches": [], "outcome": { "status": "PENDING" } }"#;
        assert_eq!(serde_json::from_str::<ReplayReport>(pending).expect("a report").outcome, ReplayOutcome::Pending);
    }
}
