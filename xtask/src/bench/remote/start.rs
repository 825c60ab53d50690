//! The starts of programs, until each asks for its first invocation.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::bench::next_request;
use crate::bench::samples::least;

const RUNS: usize = 41;

/// Returns the fastest start in ms of each of `programs`, which are started alternately: other work can only make it slower.
pub(super) fn measure(programs: &[&Path], environment: &[(&'static str, String)]) -> Result<Vec<f64>> {
    let mut runs = vec![Vec::new(); programs.len()];
    for _ in 0..RUNS {
        for (program, runs) in programs.iter().zip(&mut runs) {
            let mut command = Command::new(program);
            command.envs(environment.iter().map(|(name, value)| (name, value)));
            runs.push(next_request::milliseconds(&mut command)?);
        }
    }
    Ok(runs.into_iter().map(|runs| least(runs).unwrap_or_default()).collect())
}
