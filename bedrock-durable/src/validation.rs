//! Which updates a checkpoint may contain, given the operations that exist. The messages are those of AWS's service, as
//! far as its testing library shows them.

use std::collections::HashMap;

use crate::error::DurableError;
use crate::execution::Execution;
use crate::limits::{MAX_OPERATION_PAYLOAD_BYTES, MAX_SYNC_RESULT_BYTES};
use crate::operation::{Operation, OperationStatus, OperationType};
use crate::update::{OperationAction, OperationUpdate};

type Validated = Result<(), DurableError>;

/// Checks all updates of a checkpoint against an execution. None has been applied yet.
pub(crate) fn validate(updates: &[OperationUpdate], execution: &Execution) -> Validated {
    validate_order(updates)?;
    validate_ids(updates, execution)?;
    for update in updates {
        let existing = execution.operation(&update.id).map(|record| &record.operation);
        if let Some(existing) = existing {
            validate_metadata(update, existing)?;
        }
        validate_result_size(update, execution)?;
        validate_transition(update, existing)?;
    }
    Ok(())
}

fn validate_order(updates: &[OperationUpdate]) -> Validated {
    let is_execution = |update: &&OperationUpdate| update.operation_type == OperationType::Execution;
    let count = updates.iter().filter(is_execution).count();
    if count > 1 {
        return Err(DurableError::invalid("Cannot checkpoint multiple EXECUTION updates."));
    }
    if count == 1 && !updates.last().as_ref().is_some_and(is_execution) {
        return Err(DurableError::invalid("EXECUTION checkpoint must be the last update."));
    }
    Ok(())
}

/// An operation may occur twice only if a step or a context starts and then does something else.
fn validate_ids(updates: &[OperationUpdate], execution: &Execution) -> Validated {
    let mut last_updates: HashMap<&str, &OperationUpdate> = HashMap::new();
    let mut started: HashMap<&str, OperationType> = HashMap::new();
    for update in updates {
        if let Some(last) = last_updates.insert(&update.id, update) {
            let may_repeat = matches!(last.operation_type, OperationType::Step | OperationType::Context);
            let is_start_and_end = last.action == OperationAction::Start && update.action != OperationAction::Start;
            if !may_repeat || !is_start_and_end {
                return Err(DurableError::invalid("Cannot checkpoint multiple operations with the same ID."));
            }
        }
        if let Some(parent) = &update.parent_id {
            let existing = execution.operation(parent).map(|record| record.operation.operation_type);
            if started.get(parent.as_str()).copied().or(existing) != Some(OperationType::Context) {
                return Err(DurableError::invalid("Invalid parent operation id."));
            }
        }
        if update.action == OperationAction::Start {
            started.insert(&update.id, update.operation_type);
        }
    }
    Ok(())
}

fn validate_metadata(update: &OperationUpdate, existing: &Operation) -> Validated {
    let differs = |new: &Option<String>, old: &Option<String>| new.is_some() && new != old;
    let message = if update.operation_type != existing.operation_type {
        "Inconsistent operation type."
    } else if differs(&update.sub_type, &existing.sub_type) {
        "Inconsistent operation subtype."
    } else if differs(&update.name, &existing.name) {
        "Inconsistent operation name."
    } else if differs(&update.parent_id, &existing.parent_id) {
        "Inconsistent parent operation id."
    } else {
        return Ok(());
    };
    Err(DurableError::invalid(message))
}

fn validate_result_size(update: &OperationUpdate, execution: &Execution) -> Validated {
    let limit = max_result_bytes(execution);
    let bytes = update.payload.as_ref().map_or(0, String::len);
    if update.operation_type != OperationType::Execution || bytes <= limit {
        return Ok(());
    }
    Err(DurableError::invalid(result_too_large(limit)))
}

/// Returns the longest result of an execution. Only a synchronous caller receives more than the result of an operation.
pub(crate) fn max_result_bytes(execution: &Execution) -> usize {
    if execution.is_sync && execution.parent.is_none() { MAX_SYNC_RESULT_BYTES } else { MAX_OPERATION_PAYLOAD_BYTES }
}

pub(crate) fn result_too_large(limit: usize) -> String {
    format!("Execution output payload size must be less than or equal to {limit} bytes.")
}

fn validate_transition(update: &OperationUpdate, existing: Option<&Operation>) -> Validated {
    match update.operation_type {
        OperationType::Step => validate_step(update, existing.map(|operation| operation.status)),
        OperationType::Context => validate_context(update, existing.map(|operation| operation.status)),
        OperationType::Wait => validate_wait(update, existing.map(|operation| operation.status)),
        OperationType::Callback => validate_start_only(update, existing, "Cannot start a CALLBACK that already exist."),
        OperationType::ChainedInvoke => {
            let message = "Cannot start a CHAINED_INVOKE operation that already exists.";
            validate_start_only(update, existing, message)?;
            if update.chained_invoke_options.is_none() {
                let message = "Update for CHAINED_INVOKE operation requires ChainedInvokeOptions.";
                return Err(DurableError::invalid(message));
            }
            Ok(())
        }
        OperationType::Execution => match update.action {
            OperationAction::Succeed | OperationAction::Fail => validate_end(update),
            _ => Err(invalid_action()),
        },
    }
}

fn validate_step(update: &OperationUpdate, status: Option<OperationStatus>) -> Validated {
    use OperationStatus::{Ready, Started};
    let message = match update.action {
        OperationAction::Start if status.is_some_and(|status| status != Ready) => {
            "Invalid current STEP state to start."
        }
        OperationAction::Start => return Ok(()),
        OperationAction::Succeed | OperationAction::Fail => {
            if status.is_some_and(|status| !matches!(status, Started | Ready)) {
                "Invalid current STEP state to close."
            } else {
                return validate_end(update);
            }
        }
        OperationAction::Retry => {
            let delay = update.step_options.as_ref().and_then(|options| options.next_attempt_delay_seconds);
            if status.is_some_and(|status| !matches!(status, Started | Ready)) {
                "Invalid current STEP state to re-attempt."
            } else if delay.is_none() {
                "Invalid StepOptions for the given action."
            } else if update.error.is_some() && update.payload.is_some() {
                "Cannot provide both error and payload to RETRY a STEP."
            } else {
                return Ok(());
            }
        }
        OperationAction::Cancel => return Err(invalid_action()),
    };
    Err(DurableError::invalid(message))
}

fn validate_context(update: &OperationUpdate, status: Option<OperationStatus>) -> Validated {
    match update.action {
        OperationAction::Start if status.is_some() => {
            Err(DurableError::invalid("Cannot start a CONTEXT that already exist."))
        }
        OperationAction::Start => Ok(()),
        OperationAction::Succeed | OperationAction::Fail => {
            if status.is_some_and(|status| status != OperationStatus::Started) {
                return Err(DurableError::invalid("Invalid current CONTEXT state to close."));
            }
            validate_end(update)
        }
        _ => Err(invalid_action()),
    }
}

fn validate_wait(update: &OperationUpdate, status: Option<OperationStatus>) -> Validated {
    let seconds = update.wait_options.as_ref().and_then(|options| options.wait_seconds);
    let message = match update.action {
        OperationAction::Start if status.is_some() => "Cannot start a WAIT that already exist.",
        OperationAction::Start if seconds.is_none() => "Invalid WaitOptions for the given action.",
        OperationAction::Start => return Ok(()),
        OperationAction::Cancel if status == Some(OperationStatus::Started) => return Ok(()),
        OperationAction::Cancel => "Cannot cancel a WAIT that does not exist or has already completed.",
        _ => return Err(invalid_action()),
    };
    Err(DurableError::invalid(message))
}

fn validate_start_only(update: &OperationUpdate, existing: Option<&Operation>, exists: &str) -> Validated {
    match (update.action, existing) {
        (OperationAction::Start, None) => Ok(()),
        (OperationAction::Start, Some(_)) => Err(DurableError::invalid(exists)),
        _ => Err(invalid_action()),
    }
}

/// A success has no error, and a failure has no payload.
fn validate_end(update: &OperationUpdate) -> Validated {
    let message = match update.action {
        OperationAction::Succeed if update.error.is_some() => "Cannot provide an Error for SUCCEED action.",
        OperationAction::Fail if update.payload.is_some() => "Cannot provide a Payload for FAIL action.",
        _ => return Ok(()),
    };
    Err(DurableError::invalid(message))
}

fn invalid_action() -> DurableError {
    DurableError::invalid("Invalid action for the given operation type.")
}
