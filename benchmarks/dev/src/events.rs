//! Events of a given size, which are accepted and wait.

use serde_json::{Value, json};

use crate::Error;
use crate::connection::{Connection, request};

/// Sends a number of events to a function. Returns how many of them were accepted.
pub async fn run(url: &str, count: usize, bytes: usize) -> Result<Value, Error> {
    let event = json!({ "fault": "hang", "filler": "x".repeat(bytes) });
    let request = request(url, "Event", &event.to_string())?;
    let mut connection = Connection::open(url).await?;
    let mut accepted = 0;
    for _ in 0..count {
        accepted += usize::from(connection.send(&request).await?.is_success);
    }
    Ok(json!({ "accepted": accepted }))
}
