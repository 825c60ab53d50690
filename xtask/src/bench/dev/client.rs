//! The figures that `bench_dev` measures: calls of a function, and calls while a file is saved.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::tools;
use crate::workspace::Workspace;

/// Calls through persistent connections.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Load {
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) per_second: f64,
    /// Number of wrong answers.
    pub(super) failed: u32,
}

/// Calls next to others that ask the same function to fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub(super) struct Innocent {
    pub(super) calls: u32,
    /// Number of wrong answers.
    pub(super) failed: u32,
    pub(super) p50_us: Option<f64>,
    pub(super) p99_us: Option<f64>,
}

/// The effect of a saved file on calls.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Saved {
    /// Time from the write to the first new answer; `None` if there was none.
    pub(super) new_ms: Option<f64>,
    /// Number of calls without an answer of the function.
    pub(super) lost: u32,
    /// Number of old answers after the first new one.
    pub(super) old: u32,
    /// Medians of the calls before the write and after the first new answer.
    pub(super) before_us: Option<f64>,
    pub(super) after_us: Option<f64>,
}

/// The program `bench_dev`.
#[derive(Debug)]
pub(super) struct Client<'a> {
    workspace: &'a Workspace,
    program: PathBuf,
}

/// Seconds after which a new answer is not expected any more.
const TIMEOUT_SECONDS: &str = "40";

impl<'a> Client<'a> {
    pub(super) fn build(workspace: &'a Workspace) -> Result<Self> {
        eprintln!("building bench_dev");
        tools::output(workspace.cargo().args(["build", "--release", "-p", "bench_dev"]))?;
        Ok(Self { workspace, program: workspace.target.join("release/bench_dev") })
    }

    /// Makes a number of calls, with a number of them at the same time.
    pub(super) fn load(&self, url: &str, calls: u32, in_flight: u32) -> Result<Load> {
        self.measure(&["load", url, &calls.to_string(), &in_flight.to_string()])
    }

    /// Replaces a text in a file.
    pub(super) fn save(&self, url: &str, file: &Path, from: &str, to: &str) -> Result<Saved> {
        self.measure(&["reload", url, &file.to_string_lossy(), from, to, TIMEOUT_SECONDS])
    }

    /// Calls functions for a number of seconds, each with a number of callers. Two of a hundred calls ask for a failure.
    pub(super) fn faults(&self, seconds: u64, callers: u32, urls: &[String]) -> Result<Vec<Innocent>> {
        let numbers = [seconds.to_string(), callers.to_string()];
        let arguments = ["faults"].into_iter().chain(numbers.iter().chain(urls).map(String::as_str));
        self.measure(&arguments.collect::<Vec<_>>())
    }

    /// Sends events to a function that never ends. Returns how many were accepted.
    pub(super) fn events(&self, url: &str, count: u32, bytes: u32) -> Result<u32> {
        #[derive(Deserialize)]
        struct Events {
            accepted: u32,
        }
        let events: Events = self.measure(&["events", url, &count.to_string(), &bytes.to_string()])?;
        Ok(events.accepted)
    }

    /// Downloads a URL, or a range such as `0-9` of it. Returns the median in µs.
    pub(super) fn download(&self, url: &str, count: u32, range: &str) -> Result<f64> {
        #[derive(Deserialize)]
        struct Downloads {
            p50_us: f64,
        }
        let downloads: Downloads = self.measure(&["download", url, &count.to_string(), range])?;
        Ok(downloads.p50_us)
    }

    fn measure<F: DeserializeOwned>(&self, arguments: &[&str]) -> Result<F> {
        let printed = tools::output(self.workspace.command(&self.program).args(arguments))?;
        serde_json::from_str(printed.trim())
            .with_context(|| format!("failed to understand bench_dev: `{}`", printed.trim()))
    }
}
