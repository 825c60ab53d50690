//! Many callers of several functions at the same time. A few of their calls ask the function to fail, and the others
//! must not notice.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Error;
use crate::connection::{Connection, request};
use crate::load::quantile_us;

/// One of this number of calls asks the function to fail.
const CALLS_PER_FAULT: usize = 50;
/// What these calls ask for, in turns.
const FAULTS: [&str; 5] = ["raise", "exit", "sleep", "print", "large"];

/// The calls of one caller that did not ask for a failure.
#[derive(Default)]
struct Innocent {
    latencies: Vec<Duration>,
    failed: usize,
}

/// Calls each function with a number of callers. Returns the figures of its innocent calls, in the order of `urls`.
pub async fn run(seconds: u64, callers: usize, urls: &[&str]) -> Result<Value, Error> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let start = |url: &&str| {
        let caller = |number| tokio::spawn(caller((*url).to_owned(), number, end));
        (0..callers).map(caller).collect::<Vec<_>>()
    };
    let functions: Vec<_> = urls.iter().map(start).collect();
    let mut figures = Vec::new();
    for callers in functions {
        let mut all = Innocent::default();
        for caller in callers {
            let Innocent { latencies, failed } = caller.await??;
            all.latencies.extend(latencies);
            all.failed += failed;
        }
        let calls = all.latencies.len();
        figures.push(json!({
            "calls": calls, "failed": all.failed,
            "p50_us": quantile_us(&mut all.latencies, 0.5), "p99_us": quantile_us(&mut all.latencies, 0.99),
        }));
    }
    Ok(figures.into())
}

async fn caller(url: String, number: usize, end: Instant) -> Result<Innocent, Error> {
    let faults = FAULTS.map(|fault| request(&url, "RequestResponse", &json!({ "fault": fault }).to_string()));
    let mut connection = Connection::open(&url).await?;
    let mut innocent = Innocent::default();
    // The callers fail at different times.
    for call in number.. {
        if Instant::now() >= end {
            break;
        }
        if call % CALLS_PER_FAULT == 0 {
            let fault = faults[call / CALLS_PER_FAULT % FAULTS.len()].as_ref().map_err(ToString::to_string)?;
            connection.send(fault).await?;
            continue;
        }
        let start = Instant::now();
        let response = connection.call().await?;
        innocent.latencies.push(start.elapsed());
        innocent.failed += usize::from(!response.is_success || response.body.len() < 1000);
    }
    Ok(innocent)
}
