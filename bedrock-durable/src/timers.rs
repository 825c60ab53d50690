//! What becomes due: the end of waits, the next attempts of steps, timeouts of callbacks and executions.

use serde_json::json;

use crate::execution::{Execution, ExecutionStatus};
use crate::history;
use crate::operation::{ErrorObject, OperationRecord, OperationStatus, OperationType};
use crate::time::Timestamp;

impl Execution {
    /// Changes what is due. Returns whether an operation changed that the function has to know.
    pub(crate) fn fire_due(&mut self, now: Timestamp) -> bool {
        if self.status.is_terminal() {
            return false;
        }
        if now >= self.timeout_at() {
            let message = format!("Execution timed out after {} seconds.", self.config.execution_timeout);
            self.end(ExecutionStatus::TimedOut, Err(ErrorObject::message(message)), now);
            return false;
        }
        let due: Vec<OperationRecord> = self.operations.iter().filter(|record| is_due(record, now)).cloned().collect();
        let has_changed = !due.is_empty();
        for record in due {
            self.fire(record, now);
        }
        has_changed
    }

    /// Returns when [`Execution::fire_due`] or an invocation is due next.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        if self.status.is_terminal() {
            return None;
        }
        let operations = self.operations.iter().filter_map(due_time);
        let calls = self.operations.iter().filter_map(|record| record.call.as_ref()?.due);
        operations.chain(calls).chain(self.next_invocation).chain([self.timeout_at()]).min()
    }

    fn fire(&mut self, mut record: OperationRecord, now: Timestamp) {
        match record.operation.operation_type {
            OperationType::Step => {
                record.operation.status = OperationStatus::Ready;
                if let Some(details) = &mut record.operation.step_details {
                    details.next_attempt_timestamp = None;
                }
                self.put(record);
            }
            OperationType::Wait => {
                record.operation.status = OperationStatus::Succeeded;
                record.operation.end_timestamp = Some(now);
                let details = json!({ "Duration": record.wait_seconds });
                let operation = record.operation.clone();
                self.put(record);
                self.record_operation(&operation, "Succeeded", now, details);
            }
            _ => self.time_out_callback(record, now),
        }
    }

    fn time_out_callback(&mut self, mut record: OperationRecord, now: Timestamp) {
        let is_heartbeat = record.callback.is_some_and(|timeouts| timeouts.deadline.is_none_or(|end| end > now));
        let error = if is_heartbeat {
            ErrorObject::typed("Callback.Heartbeat", "Callback timed out on heartbeat")
        } else {
            ErrorObject::typed("Callback.Timeout", "Callback timed out")
        };
        record.operation.status = OperationStatus::TimedOut;
        record.operation.end_timestamp = Some(now);
        if let Some(details) = &mut record.operation.callback_details {
            details.error = Some(error.clone());
        }
        let operation = record.operation.clone();
        self.put(record);
        self.record_operation(&operation, "TimedOut", now, json!({ "Error": history::error(Some(&error)) }));
    }
}

impl OperationRecord {
    /// Returns when the status of the operation changes by itself: a wait ends, the next attempt of a step starts, a
    /// callback times out.
    pub fn due(&self) -> Option<Timestamp> {
        due_time(self)
    }
}

fn is_due(record: &OperationRecord, now: Timestamp) -> bool {
    due_time(record).is_some_and(|due| due <= now)
}

/// Returns when the status of an operation changes by itself.
fn due_time(record: &OperationRecord) -> Option<Timestamp> {
    let operation = &record.operation;
    match (operation.operation_type, operation.status) {
        (OperationType::Wait, OperationStatus::Started) => operation.wait_details.as_ref()?.scheduled_end_timestamp,
        (OperationType::Step, OperationStatus::Pending) => operation.step_details.as_ref()?.next_attempt_timestamp,
        (OperationType::Callback, OperationStatus::Started) => {
            let timeouts = record.callback?;
            timeouts.deadline.into_iter().chain(timeouts.heartbeat_deadline).min()
        }
        _ => None,
    }
}
