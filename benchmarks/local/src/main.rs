//! Round trips through `invoke!` for each language, beside floors measured in the same run. Run by `cargo xtask bench
//! local`, which starts it several times: the first call of a worker can be measured once in the life of a process.

mod floors;
mod report;
mod samples;

use std::time::Instant;

use bedrock::invoke;
use echo_rust::{Echo, EchoRust};
use report::{Report, Row};
use samples::Samples;

const CALLS: usize = 20_000;
const BURST: usize = 100_000;
const IN_FLIGHT: usize = 16;

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    let as_json = std::env::args().any(|argument| argument == "--json");
    // A task, as the handlers of an endpoint are: the main thread is not one of the runtime's workers.
    let report = tokio::spawn(measure()).await??;
    println!("{}", if as_json { report.json() } else { report.table() });
    Ok(())
}

async fn measure() -> bedrock::Result<Report> {
    let event = Echo { key: "x".repeat(1000) };
    let python = std::env::var("BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut report = Report::default();
    report.add(Row::floor("rust", floors::task(&event, CALLS).await, None));
    let (samples, first) = floors::interpreter(&[&python, "-S", "-E"], "echo.py", &event, CALLS)?;
    report.add(Row::floor("python", samples, Some(first)));
    let (samples, first) = floors::interpreter(&["node"], "echo.mjs", &event, CALLS)?;
    report.add(Row::floor("node", samples, Some(first)));
    // `invoke!` takes literals only, so each language is compiled on its own.
    macro_rules! language {
        ($language:literal, $name:literal) => {{
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
            report.add(Row::worker($language, samples, first, rate));
        }};
    }
    language!("rust", "echo_rust");
    language!("python", "echo_python");
    language!("node", "echo_node");
    let _ = EchoRust;
    Ok(report)
}
