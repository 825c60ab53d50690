//! Compares calls of the built-in client with hyper only, over local TLS connections. `cargo xtask bench remote` runs
//! this program with `bench_remote_server` and in the environment of a function. Only Lambda builds contain the client.

mod hyper_connection;

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const CALLS: usize = 4_000;
/// The number of calls after which client and hyper take turns, so that other load of the machine affects both.
const CALLS_PER_TURN: usize = 100;
/// The number of calls that `hold` waits for. The server has a constant with the same name and value.
const HELD_CALLS: usize = 1_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Echo {
    key: String,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let event = Echo { key: "x".repeat(1000) };
    let mode = std::env::args().nth(1).unwrap_or_default();
    let figures = runtime.block_on(async {
        match mode.as_str() {
            "first" => first(start, event).await,
            "calls" => calls(event).await,
            "at-once" => at_once(event).await,
            other => Err(format!("unknown mode `{other}`, expected `first`, `calls` or `at-once`").into()),
        }
    })?;
    println!("{figures}");
    Ok(())
}

async fn call(function: &str, event: &Echo) -> Result<Echo, bedrock::Error> {
    bedrock::invoke_arn(function, event).require_response().await
}

/// Measures the time from `main` to the response of the first call.
async fn first(start: Instant, event: Echo) -> Result<Value, Error> {
    call("echo", &event).await?;
    Ok(json!({ "first_ms": start.elapsed().as_secs_f64() * 1e3 }))
}

/// Measures sequential calls.
async fn calls(event: Echo) -> Result<Value, Error> {
    let mut connection = hyper_connection::HyperConnection::connect().await?;
    let mut client_latencies = Vec::new();
    let mut hyper_latencies = Vec::new();
    for _ in 0..CALLS / CALLS_PER_TURN {
        for _ in 0..CALLS_PER_TURN {
            let start = Instant::now();
            call("echo", &event).await?;
            client_latencies.push(start.elapsed());
        }
        for _ in 0..CALLS_PER_TURN {
            let start = Instant::now();
            connection.call(&event).await?;
            hyper_latencies.push(start.elapsed());
        }
    }
    let p50_us = |mut samples: Vec<std::time::Duration>| {
        samples.drain(..CALLS / 10);
        samples.sort();
        samples[samples.len() / 2].as_secs_f64() * 1e6
    };
    Ok(json!({ "p50_us": p50_us(client_latencies), "raw_p50_us": p50_us(hyper_latencies) }))
}

/// Measures `HELD_CALLS` calls that are all in flight before the first response.
async fn at_once(event: Echo) -> Result<Value, Error> {
    call("echo", &event).await?;
    let before = memory_kib("VmRSS:")?;
    let start = Instant::now();
    let calls: Vec<_> = (0..HELD_CALLS)
        .map(|_| {
            let event = event.clone();
            tokio::spawn(async move { call("hold", &event).await })
        })
        .collect();
    for call in calls {
        call.await??;
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(json!({ "calls": HELD_CALLS, "seconds": seconds, "before_kib": before, "peak_kib": memory_kib("VmHWM:")? }))
}

/// Returns a value from `/proc/self/status`.
fn memory_kib(name: &str) -> Result<u64, Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
