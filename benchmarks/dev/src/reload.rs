//! Saves a file during continuous calls. Measures the time until the response changes, and counts lost calls.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Error;
use crate::connection::{Connection, InvokeResponse};
use crate::load::quantile_us;

/// The number of calls before the file is saved, and after the first new response.
const CALLS_BEFORE_AND_AFTER: usize = 100;
/// The timeout after which a call counts as lost.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// The pause between calls while waiting for the new response. Without a pause, the calls would take CPU from the
/// compiler and distort the comparison with cargo, which is timed without calls.
const CALL_INTERVAL: Duration = Duration::from_millis(5);
/// The pause before the next call after a lost call.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// Calls the function, and counts calls and lost calls.
struct Caller<'a> {
    url: &'a str,
    connection: Option<Connection>,
    calls: usize,
    lost: usize,
}

/// Replaces the text `from` in a file by `to`, and waits until responses contain `to`, for at most `timeout_seconds`.
pub async fn run(url: &str, file: &Path, from: &str, to: &str, timeout_seconds: u64) -> Result<Value, Error> {
    let mut caller = Caller { url, connection: None, calls: 0, lost: 0 };
    let mut before = Vec::new();
    let mut after = Vec::new();
    for _ in 0..CALLS_BEFORE_AND_AFTER {
        before.extend(caller.call().await.map(|(latency, _)| latency));
    }
    let text = std::fs::read_to_string(file)?;
    let changed = text.replacen(from, to, 1);
    if changed == text {
        return Err(format!("`{from}` is not in `{}`", file.display()).into());
    }
    let saved_at = Instant::now();
    std::fs::write(file, changed)?;
    let mut new_ms = None;
    while new_ms.is_none() && saved_at.elapsed() < Duration::from_secs(timeout_seconds) {
        tokio::time::sleep(CALL_INTERVAL).await;
        let response = caller.call().await.map(|(_, response)| response);
        new_ms = response.filter(|response| contains(response, to)).map(|_| saved_at.elapsed().as_secs_f64() * 1e3);
    }
    // Responses of the old version that are still mixed in.
    let mut old = 0;
    for _ in 0..CALLS_BEFORE_AND_AFTER {
        let Some((latency, response)) = caller.call().await else { continue };
        old += usize::from(!contains(&response, to));
        after.push(latency);
    }
    Ok(json!({
        "new_ms": new_ms, "calls": caller.calls, "lost": caller.lost, "old": old,
        "before_us": quantile_us(&mut before, 0.5), "after_us": quantile_us(&mut after, 0.5),
    }))
}

fn contains(response: &InvokeResponse, text: &str) -> bool {
    response.body.windows(text.len()).any(|window| window == text.as_bytes())
}

impl Caller<'_> {
    /// Returns the latency and the response. Returns `None` if the call failed, and counts it as lost.
    async fn call(&mut self) -> Option<(Duration, InvokeResponse)> {
        self.calls += 1;
        let start = Instant::now();
        let response = tokio::time::timeout(CALL_TIMEOUT, self.send()).await;
        match response {
            Ok(Ok(response)) if response.is_success => Some((start.elapsed(), response)),
            _ => {
                self.lost += 1;
                self.connection = None;
                tokio::time::sleep(RETRY_INTERVAL).await;
                None
            }
        }
    }

    async fn send(&mut self) -> Result<InvokeResponse, Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(self.url).await?),
        };
        connection.call().await
    }
}
