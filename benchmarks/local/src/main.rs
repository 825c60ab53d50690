//! Measures round trips through `invoke!` for each language, and their lower bounds, in the same run. `cargo xtask
//! bench local` starts this program several times, because the first call of a worker happens only once in a process.

mod contracts;
mod floors;
mod report;
mod samples;

use std::time::Instant;

use bedrock::invoke;
use echo_rust::{Echo, EchoRust};
use report::{Report, Row};
use samples::Samples;

bedrock::workers!();

const CALLS: usize = 20_000;
const CONCURRENT_CALLS: usize = 100_000;
const MAX_IN_FLIGHT: usize = 16;

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    let as_json = std::env::args().any(|argument| argument == "--json");
    // Handlers of an endpoint run in a task too: the main thread is not one of the runtime's worker threads.
    let report = tokio::spawn(measure()).await??;
    println!("{}", if as_json { report.json() } else { report.table() });
    Ok(())
}

async fn measure() -> bedrock::Result<Report> {
    let event = Echo { key: "x".repeat(1000) };
    let python = std::env::var("BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut report = Report::default();
    report.add(Row::floor("rust", floors::task(&event, CALLS).await, None));
    let (samples, first_ms) = floors::interpreter(&[&python, "-S", "-E"], "echo.py", &event, CALLS)?;
    report.add(Row::floor("python", samples, Some(first_ms)));
    let (samples, first_ms) = floors::interpreter(&["node"], "echo.mjs", &event, CALLS)?;
    report.add(Row::floor("node", samples, Some(first_ms)));
    // `invoke!` accepts only literals, so this is a macro.
    macro_rules! language {
        ($language:literal, $name:literal) => {{
            let start = Instant::now();
            let _: Echo = invoke!($name, event.clone(), require_response = true).await?;
            let first_ms = start.elapsed().as_secs_f64() * 1e3;
            let mut samples = Samples::default();
            for _ in 0..CALLS {
                let event = event.clone();
                let start = Instant::now();
                let _: Echo = invoke!($name, event, require_response = true).await?;
                samples.add(start);
            }
            let start = Instant::now();
            let callers: Vec<_> = (0..MAX_IN_FLIGHT)
                .map(|_| {
                    let event = event.clone();
                    tokio::spawn(async move {
                        for _ in 0..CONCURRENT_CALLS / MAX_IN_FLIGHT {
                            let _: Echo = invoke!($name, event.clone(), require_response = true).await?;
                        }
                        Ok::<_, bedrock::Error>(())
                    })
                })
                .collect();
            for caller in callers {
                caller.await??;
            }
            let per_second = CONCURRENT_CALLS as f64 / start.elapsed().as_secs_f64();
            report.add(Row::worker($language, samples, first_ms, per_second));
        }};
    }
    language!("rust", "echo_rust");
    language!("python", "echo_python");
    language!("node", "echo_node");
    let _ = EchoRust;
    report.set_costs(contracts::measure().await?);
    Ok(report)
}
