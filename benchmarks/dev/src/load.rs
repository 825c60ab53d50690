//! Sequential calls on each of several connections.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Error;
use crate::connection::Connection;

/// Runs `calls` calls in total, `in_flight` of them at the same time. Returns latencies and throughput.
pub async fn run(url: &str, calls: usize, in_flight: usize) -> Result<Value, Error> {
    let calls_per_connection = calls / in_flight;
    let start = Instant::now();
    let callers: Vec<_> = (0..in_flight).map(|_| tokio::spawn(caller(url.to_owned(), calls_per_connection))).collect();
    let mut latencies = Vec::with_capacity(calls);
    let mut failed = 0;
    for caller in callers {
        let (caller_latencies, caller_failed) = caller.await??;
        latencies.extend(caller_latencies);
        failed += caller_failed;
    }
    let per_second = latencies.len() as f64 / start.elapsed().as_secs_f64();
    Ok(json!({
        "p50_us": quantile_us(&mut latencies, 0.5), "p99_us": quantile_us(&mut latencies, 0.99), "per_second": per_second, "failed": failed
    }))
}

/// Returns the latency of each call, and the number of calls without the expected response.
async fn caller(url: String, calls: usize) -> Result<(Vec<Duration>, usize), Error> {
    let mut connection = Connection::open(&url).await?;
    let mut latencies = Vec::with_capacity(calls);
    let mut failed = 0;
    for _ in 0..calls {
        let start = Instant::now();
        let response = connection.call().await?;
        latencies.push(start.elapsed());
        // The response contains the event.
        failed += usize::from(!response.is_success || response.body.len() < 1000);
    }
    Ok((latencies, failed))
}

/// Returns a quantile in microseconds, or `None` if there are no latencies.
pub fn quantile_us(latencies: &mut [Duration], quantile: f64) -> Option<f64> {
    latencies.sort_unstable();
    let index = (latencies.len() as f64 * quantile) as usize;
    Some(latencies.get(index.min(latencies.len().checked_sub(1)?))?.as_secs_f64() * 1e6)
}
