//! What a destination gets to see of an event (Lambda developer guide, "Destinations").

use std::time::SystemTime;

use bedrock::local::rfc3339;
use serde_json::{Value, json};

use super::event::{Attempt, Condition, Event};

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

fn json_or_text(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into())
}
