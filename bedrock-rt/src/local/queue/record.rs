//! What a destination gets to see of an event (Lambda developer guide, "Destinations").

use std::time::SystemTime;

use serde_json::{Value, json};

use super::event::{Attempt, Condition, Event};
use crate::date::rfc3339;

/// Bytes of a dead letter's error message ("the first 1 KB").
const MESSAGE: usize = 1024;

/// The record. What is no JSON in it becomes text.
pub fn record(event: &Event, condition: Condition, last: Option<&Attempt>, now: SystemTime) -> Value {
    let mut record = json!({
        "version": "1.0",
        "timestamp": rfc3339(now),
        "requestContext": {
            "requestId": event.id,
            "functionArn": format!("{}:$LATEST", event.arn),
            "condition": condition.as_str(),
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json_or_text(&event.payload),
    });
    let (failed, payload) = match last {
        Some(Attempt::Answered(response)) => (false, json_or_text(response)),
        Some(Attempt::Failed(error)) => (true, error.clone()),
        // Nothing has run.
        Some(Attempt::Refused(_) | Attempt::Dropped(_)) | None => return record,
    };
    record["responseContext"] = json!({ "statusCode": 200, "executedVersion": "$LATEST" });
    if failed {
        record["responseContext"]["functionError"] = "Unhandled".into();
    }
    record["responsePayload"] = payload;
    record
}

/// What a dead letter carries besides the event, as attributes of the message (Lambda developer guide, "Dead-letter
/// queues"): the status and the beginning of the message that a caller who waits would have got.
pub fn letter(event: &Event, last: Option<&Attempt>) -> Value {
    let (code, message) = match last {
        Some(Attempt::Failed(error)) => (200, said(error)),
        Some(Attempt::Dropped(error)) => (400, said(error)),
        Some(Attempt::Refused(why)) => (429, why.clone()),
        Some(Attempt::Answered(_)) | None => (429, "the event has waited for too long".to_owned()),
    };
    json!({
        "RequestID": { "Type": "String", "Value": event.id },
        "ErrorCode": { "Type": "Number", "Value": code.to_string() },
        "ErrorMessage": { "Type": "String", "Value": cut(&message) },
    })
}

/// Of a function's error.
fn said(error: &Value) -> String {
    error["errorMessage"].as_str().map_or_else(|| error.to_string(), str::to_owned)
}

/// At most so many bytes, in whole characters.
fn cut(text: &str) -> &str {
    let end = (0..=MESSAGE.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

/// JSON, or as text what is none.
pub fn json_or_text(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn the_first_kilobyte_of_a_message_ends_with_a_whole_character() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&format!("{}ä", "x".repeat(1023))), "x".repeat(1023));
        assert_eq!(cut(&"x".repeat(2000)).len(), 1024);
    }
}
