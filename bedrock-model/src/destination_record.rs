//! The record that a destination gets about an event (Lambda developer guide, "Destinations"), and the attributes of a
//! dead letter.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::async_event::{AsyncEvent, Attempt, Condition};
use crate::date::rfc3339;
use crate::text::truncate_at_char;

/// Maximum length of a dead letter's error message ("the first 1 KB").
const MAX_ERROR_MESSAGE_BYTES: usize = 1024;

/// Returns the record of a finished event. Payloads that are not valid JSON become text.
pub fn destination_record(
    event: &AsyncEvent,
    condition: Condition,
    last_attempt: Option<&Attempt>,
    now: SystemTime,
) -> Value {
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
    let (is_failed, payload) = match last_attempt {
        Some(Attempt::Answered(response)) => (false, json_or_text(response)),
        Some(Attempt::Failed(error)) => (true, error.clone()),
        // The function did not run, so there is no response.
        Some(Attempt::Refused(_) | Attempt::Dropped(_)) | None => return record,
    };
    record["responseContext"] = json!({ "statusCode": 200, "executedVersion": "$LATEST" });
    if is_failed {
        record["responseContext"]["functionError"] = "Unhandled".into();
    }
    record["responsePayload"] = payload;
    record
}

/// Returns the message attributes of a dead letter (Lambda developer guide, "Dead-letter queues"): status code and
/// error message that a waiting caller would have got.
pub fn dead_letter_attributes(event: &AsyncEvent, last_attempt: Option<&Attempt>) -> Value {
    let (code, message) = match last_attempt {
        Some(Attempt::Failed(error)) => (200, error_text(error)),
        Some(Attempt::Dropped(error)) => (400, error_text(error)),
        Some(Attempt::Refused(reason)) => (429, reason.clone()),
        Some(Attempt::Answered(_)) | None => (429, "the event has waited for too long".to_owned()),
    };
    json!({
        "RequestID": { "Type": "String", "Value": event.id },
        "ErrorCode": { "Type": "Number", "Value": code.to_string() },
        "ErrorMessage": { "Type": "String", "Value": truncate_at_char(&message, MAX_ERROR_MESSAGE_BYTES) },
    })
}

/// Returns the message in the error object of a function.
fn error_text(error: &Value) -> String {
    error["errorMessage"].as_str().map_or_else(|| error.to_string(), str::to_owned)
}

/// Reads JSON. Bytes that are not valid JSON become a JSON string.
pub fn json_or_text(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into())
}
