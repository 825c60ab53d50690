//! Calls of the small client beside hyper alone, over TLS on this machine. Run by `cargo xtask bench remote`, which starts
//! `bench_remote_server` for it and gives it the environment of a function. Only a Lambda build has anything to measure.

mod raw;

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const CALLS: usize = 4_000;
/// As many calls in turns, so that whatever else the machine does meets both.
const TURN: usize = 100;
/// What `hold` waits for: the server has a constant of the same name.
const AT_ONCE: usize = 1_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Echo {
    key: String,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let event = Echo { key: "x".repeat(1000) };
    let what = std::env::args().nth(1).unwrap_or_default();
    let figures = runtime.block_on(async {
        match what.as_str() {
            "first" => first(began, event).await,
            "calls" => calls(event).await,
            "at-once" => at_once(event).await,
            other => Err(format!("`{other}` is none of `first`, `calls`, `at-once`").into()),
        }
    })?;
    println!("{figures}");
    Ok(())
}

async fn call(function: &str, event: &Echo) -> Result<Echo, bedrock::Error> {
    bedrock::invoke_arn(function, event).require_response().await
}

/// From `main` to the answer of the first call.
async fn first(began: Instant, event: Echo) -> Result<Value, Error> {
    call("echo", &event).await?;
    Ok(json!({ "first_ms": began.elapsed().as_secs_f64() * 1e3 }))
}

/// Calls one after the other.
async fn calls(event: Echo) -> Result<Value, Error> {
    let mut raw = raw::Raw::connect().await?;
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..CALLS / TURN {
        for _ in 0..TURN {
            let began = Instant::now();
            call("echo", &event).await?;
            ours.push(began.elapsed());
        }
        for _ in 0..TURN {
            let began = Instant::now();
            raw.call(&event).await?;
            floor.push(began.elapsed());
        }
    }
    let p50_us = |mut samples: Vec<std::time::Duration>| {
        samples.drain(..CALLS / 10);
        samples.sort();
        samples[samples.len() / 2].as_secs_f64() * 1e6
    };
    Ok(json!({ "p50_us": p50_us(ours), "raw_p50_us": p50_us(floor) }))
}

/// So many calls that are all in flight before the first is answered.
async fn at_once(event: Echo) -> Result<Value, Error> {
    call("echo", &event).await?;
    let before = memory_kib("VmRSS:")?;
    let began = Instant::now();
    let calls: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let event = event.clone();
            tokio::spawn(async move { call("hold", &event).await })
        })
        .collect();
    for call in calls {
        call.await??;
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(json!({ "calls": AT_ONCE, "seconds": seconds, "before_kib": before, "peak_kib": memory_kib("VmHWM:")? }))
}

/// A line of this process's status.
fn memory_kib(name: &str) -> Result<u64, Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
