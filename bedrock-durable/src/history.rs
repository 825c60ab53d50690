//! The history of an execution: the events of the API model, as they are stored and as they are returned.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::operation::{ErrorObject, Operation};
use crate::time::{Timestamp, with_api_timestamps};

/// An event of a history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// The number of the event; the first one is 1.
    pub event_id: u64,
    /// `EventType` of the API model.
    pub event_type: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The operation; `None` for invocations and pauses.
    pub subject: Option<EventSubject>,
    /// The details, with timestamps in milliseconds.
    pub details: Value,
}

/// The operation of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSubject {
    id: String,
    name: Option<String>,
    parent_id: Option<String>,
    sub_type: Option<String>,
}

impl From<&Operation> for EventSubject {
    fn from(operation: &Operation) -> Self {
        let Operation { id, name, parent_id, sub_type, .. } = operation.clone();
        Self { id, name, parent_id, sub_type }
    }
}

impl HistoryEvent {
    /// Returns the event as the API returns it. Without `include_data`, payloads, errors and reasons are left out.
    pub fn to_api(&self, include_data: bool) -> Value {
        let mut event = Map::new();
        event.insert("EventType".to_owned(), self.event_type.as_str().into());
        event.insert("EventId".to_owned(), self.event_id.into());
        event.insert("EventTimestamp".to_owned(), self.timestamp.0.into());
        if let Some(subject) = &self.subject {
            event.insert("Id".to_owned(), subject.id.as_str().into());
            let fields = [("Name", &subject.name), ("ParentId", &subject.parent_id), ("SubType", &subject.sub_type)];
            for (key, value) in fields {
                if let Some(value) = value {
                    event.insert(key.to_owned(), value.as_str().into());
                }
            }
        }
        let mut details = self.details.clone();
        if !include_data {
            truncate(&mut details);
        }
        event.insert(format!("{}Details", self.event_type), details);
        with_api_timestamps(Value::Object(event))
    }
}

/// Replaces payloads by the mark that there were some.
fn truncate(details: &mut Value) {
    let Some(details) = details.as_object_mut() else { return };
    for (_, value) in details.iter_mut() {
        if value.get("Payload").is_some() {
            *value = json!({ "Truncated": true });
        }
    }
}

/// `EventInput` and `EventResult` of the API model.
pub(crate) fn payload(payload: Option<&str>) -> Value {
    match payload {
        Some(payload) => json!({ "Payload": payload, "Truncated": false }),
        None => json!({ "Truncated": false }),
    }
}

/// `EventError` of the API model.
pub(crate) fn error(error: Option<&ErrorObject>) -> Value {
    json!({ "Payload": error.cloned().unwrap_or_default(), "Truncated": false })
}

#[cfg(test)]
mod tests {
    use super::{HistoryEvent, error, payload};
    use crate::operation::ErrorObject;
    use crate::time::Timestamp;
    use serde_json::json;

    #[test]
    fn events_leave_out_payloads_on_request() {
        let event = HistoryEvent {
            event_id: 3,
            event_type: "StepFailed".to_owned(),
            timestamp: Timestamp(1500),
            subject: None,
            details: json!({ "Error": error(Some(&ErrorObject::message("no"))), "Result": payload(Some("1")) }),
        };
        let full = event.to_api(true);
        assert_eq!(full["StepFailedDetails"]["Error"]["Payload"]["ErrorMessage"], "no");
        assert_eq!(full["EventTimestamp"], 1.5);
        let short = event.to_api(false);
        assert_eq!(
            short["StepFailedDetails"],
            json!({ "Error": { "Truncated": true }, "Result": { "Truncated": true } })
        );
    }
}
