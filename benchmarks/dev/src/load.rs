//! Calls one after the other on each of several connections.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Error;
use crate::connection::Connection;

/// `calls` in all, `in_flight` at any time.
pub async fn run(url: &str, calls: usize, in_flight: usize) -> Result<Value, Error> {
    let each = calls / in_flight;
    let began = Instant::now();
    let callers: Vec<_> = (0..in_flight).map(|_| tokio::spawn(caller(url.to_owned(), each))).collect();
    let (mut all, mut failed) = (Vec::with_capacity(calls), 0);
    for caller in callers {
        let (times, bad) = caller.await??;
        all.extend(times);
        failed += bad;
    }
    let per_second = all.len() as f64 / began.elapsed().as_secs_f64();
    Ok(json!({
        "p50_us": quantile(&mut all, 0.5), "p99_us": quantile(&mut all, 0.99), "per_second": per_second, "failed": failed
    }))
}

/// What each call took, and how many did not bring what they should.
async fn caller(url: String, calls: usize) -> Result<(Vec<Duration>, usize), Error> {
    let mut connection = Connection::open(&url).await?;
    let (mut times, mut failed) = (Vec::with_capacity(calls), 0);
    for _ in 0..calls {
        let began = Instant::now();
        let answer = connection.call().await?;
        times.push(began.elapsed());
        // The event is in it.
        failed += usize::from(!answer.is_good || answer.body.len() < 1000);
    }
    Ok((times, failed))
}

/// In µs.
pub fn quantile(times: &mut [Duration], quantile: f64) -> Option<f64> {
    times.sort_unstable();
    let at = (times.len() as f64 * quantile) as usize;
    Some(times.get(at.min(times.len().checked_sub(1)?))?.as_secs_f64() * 1e6)
}
