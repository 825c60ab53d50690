//! The time from exec to the first `GET /next`, before which Lambda cannot send an invocation to a function.

use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::samples::least;

const RUNS: usize = 41;
/// A program without a request within this time has failed.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the fastest start in ms of each of `programs`, which are started alternately: other work can only make it slower.
pub(super) fn measure(programs: &[&Path], environment: &[(&'static str, String)]) -> Result<Vec<f64>> {
    let mut runs = vec![Vec::new(); programs.len()];
    for _ in 0..RUNS {
        for (program, runs) in programs.iter().zip(&mut runs) {
            runs.push(once(program, environment)?);
        }
    }
    Ok(runs.into_iter().map(|runs| least(runs).unwrap_or_default()).collect())
}

fn once(program: &Path, environment: &[(&'static str, String)]) -> Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0").context("failed to find a port")?;
    let api = listener.local_addr().context("failed to find a port")?;
    let mut command = Command::new(program);
    command.envs(environment.iter().map(|(name, value)| (name, value))).env("AWS_LAMBDA_RUNTIME_API", api.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("failed to start {}", program.display()))?;
    let asked = first_request(&listener);
    let took = began.elapsed();
    // It would wait for an invocation forever.
    let _ = child.kill();
    let _ = child.wait();
    let asked = asked.with_context(|| format!("{} asked for no invocation", program.display()))?;
    ensure!(asked.starts_with("GET /2018-06-01/runtime/invocation/next "), "{}: `{asked}`", program.display());
    Ok(took.as_secs_f64() * 1e3)
}

/// Returns the start of the first request of the first connection.
fn first_request(listener: &TcpListener) -> std::io::Result<String> {
    let (mut stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    let mut bytes = [0; 1024];
    let length = stream.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..length]).lines().next().unwrap_or_default().to_owned())
}
