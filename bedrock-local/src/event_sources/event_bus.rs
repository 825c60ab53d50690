//! Events of EventBridge (EventBridge user guide, "Event structure").

use std::time::SystemTime;

use bedrock_model::date::rfc3339;
use serde_json::{Value, json};

/// What the sender of an event says.
#[derive(Debug, Clone)]
pub struct BusEvent {
    /// `id`
    pub id: String,
    /// `source`
    pub source: String,
    /// `detail-type`
    pub detail_type: String,
    /// `detail`
    pub detail: Value,
    /// `resources`, ARNs.
    pub resources: Vec<String>,
    /// `time`
    pub time: SystemTime,
}

/// Returns the event as a function gets it.
#[must_use]
pub fn event_json(event: &BusEvent, region: &str, account: &str) -> Value {
    // Times of events have no fractions of seconds.
    let time = rfc3339(event.time);
    let time = format!("{}Z", time.split('.').next().unwrap_or_default().trim_end_matches('Z'));
    json!({
        "version": "0",
        "id": event.id,
        "detail-type": event.detail_type,
        "source": event.source,
        "account": account,
        "time": time,
        "region": region,
        "resources": event.resources,
        "detail": event.detail,
    })
}
