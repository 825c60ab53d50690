//! What the function reads: the event of an invocation, and the pages of the execution's state.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::execution::Execution;
use crate::operation::{Operation, OperationRecord, OperationType};

/// A part of the operations, and where the next part starts.
pub(crate) struct Page {
    pub(crate) operations: Vec<Value>,
    pub(crate) next: Option<usize>,
}

/// Returns the operations from position `start` that are replayed: at most `max_items` of at most `max_bytes`, but at
/// least one.
pub(crate) fn page(execution: &Execution, start: usize, max_items: usize, max_bytes: usize) -> Page {
    let hidden = hidden_contexts(execution);
    let mut operations = Vec::new();
    let mut bytes = 0;
    for (i, record) in execution.operations.iter().enumerate().skip(start) {
        if is_hidden(&record.operation, &hidden) {
            continue;
        }
        let operation = to_value(record);
        bytes += operation.to_string().len();
        if !operations.is_empty() && (operations.len() >= max_items || bytes > max_bytes) {
            return Page { operations, next: Some(i) };
        }
        operations.push(operation);
    }
    Page { operations, next: None }
}

/// Returns the operations that changed after the change with this number, also those that are not replayed: they belong
/// to the invocation that runs.
pub(crate) fn changed_operations(execution: &Execution, seen: u64) -> Vec<Value> {
    let changed = execution.operations.iter().filter(|record| record.touched > seen);
    changed.filter(|record| record.operation.operation_type != OperationType::Execution).map(to_value).collect()
}

/// Returns the event of an invocation.
pub(crate) fn invocation_event(execution: &Execution, token: &str, max_bytes: usize) -> Value {
    let page = page(execution, 0, usize::MAX, max_bytes);
    let updated = execution.operations.iter().filter(|record| record.touched > execution.seen);
    let updated = updated.filter(|record| record.operation.operation_type != OperationType::Execution);
    let updated: Vec<_> = updated.map(|record| record.operation.id.as_str()).collect();
    json!({
        "DurableExecutionArn": execution.arn.as_str(),
        "CheckpointToken": token,
        "InitialExecutionState": {
            "Operations": page.operations,
            "NextMarker": page.next.map(|next| next.to_string()).unwrap_or_default(),
        },
        "UpdatedOperationIds": updated,
    })
}

fn to_value(record: &OperationRecord) -> Value {
    // Strings and numbers always serialize.
    serde_json::to_value(&record.operation).unwrap_or_default()
}

/// Returns the ended contexts whose operations are not replayed.
fn hidden_contexts(execution: &Execution) -> HashSet<&str> {
    let mut hidden = HashSet::new();
    // A context starts before the operations in it, so one pass finds nested contexts, too.
    for record in &execution.operations {
        let operation = &record.operation;
        let replays = operation.context_details.as_ref().and_then(|details| details.replay_children) == Some(true);
        let has_ended = operation.operation_type == OperationType::Context && operation.status.is_terminal();
        if (has_ended && !replays) || is_hidden(operation, &hidden) {
            hidden.insert(operation.id.as_str());
        }
    }
    hidden
}

fn is_hidden(operation: &Operation, hidden: &HashSet<&str>) -> bool {
    operation.parent_id.as_deref().is_some_and(|parent| hidden.contains(parent))
}
