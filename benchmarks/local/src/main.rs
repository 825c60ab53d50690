//! Round trips through `invoke!` for each language, beside floors measured in the same run. Run by `cargo xtask bench local`.

mod floors;
mod samples;

use std::time::Instant;

use bedrock::invoke;
use echo_rust::{Echo, EchoRust};
use samples::Samples;

const CALLS: usize = 20_000;
const BURST: usize = 100_000;
const IN_FLIGHT: usize = 16;

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    // A task, as the handlers of an endpoint are: the main thread is not one of the runtime's workers.
    tokio::spawn(measure()).await?
}

async fn measure() -> bedrock::Result<()> {
    let event = Echo { key: "x".repeat(1000) };
    let python = std::env::var("BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    println!("{:<34} {:>9} {:>9} {:>9} {:>11}", "", "p50 µs", "p99 µs", "first ms", "16 at once");
    row("floor: task, JSON passes", floors::task(&event, CALLS).await, None, None);
    let (samples, first) = floors::interpreter(&[&python, "-S", "-E"], "echo.py", &event, CALLS)?;
    row("floor: Python unix socket", samples, Some(first), None);
    let (samples, first) = floors::interpreter(&["node"], "echo.mjs", &event, CALLS)?;
    row("floor: Node unix socket", samples, Some(first), None);
    macro_rules! language {
        ($label:literal, $name:literal) => {{
            let began = Instant::now();
            let _: Echo = invoke!($name, event.clone(), require_response = true).await?;
            let first = began.elapsed().as_secs_f64() * 1e3;
            let mut samples = Samples::default();
            for _ in 0..CALLS {
                let event = event.clone();
                let began = Instant::now();
                let _: Echo = invoke!($name, event, require_response = true).await?;
                samples.add(began);
            }
            let began = Instant::now();
            let callers: Vec<_> = (0..IN_FLIGHT)
                .map(|_| {
                    let event = event.clone();
                    tokio::spawn(async move {
                        for _ in 0..BURST / IN_FLIGHT {
                            let _: Echo = invoke!($name, event.clone(), require_response = true).await?;
                        }
                        Ok::<_, bedrock::Error>(())
                    })
                })
                .collect();
            for caller in callers {
                caller.await??;
            }
            let rate = BURST as f64 / began.elapsed().as_secs_f64();
            row($label, samples, Some(first), Some(rate));
        }};
    }
    language!("Rust worker", "echo_rust");
    language!("Python worker", "echo_python");
    language!("Node worker", "echo_node");
    let _ = EchoRust;
    Ok(())
}

fn row(label: &str, samples: Samples, first: Option<f64>, rate: Option<f64>) {
    let (p50, p99) = samples.summary();
    let first = first.map_or(String::new(), |ms| format!("{ms:.1}"));
    let rate = rate.map_or(String::new(), |rate| format!("{:.0} k/s", rate / 1e3));
    println!("{label:<34} {p50:>9.1} {p99:>9.1} {first:>9} {rate:>11}");
}
