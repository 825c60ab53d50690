//! What `bench_dev` measures: calls of a function, and what a saved file does to them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::tools;
use crate::workspace::Workspace;

/// Calls through kept connections.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Load {
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) per_second: f64,
    /// Answers that were not what they should be.
    pub(super) failed: u32,
}

/// A file that was saved while somebody called.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Saved {
    /// From the write to the first new answer; nothing if there was none.
    pub(super) new_ms: Option<f64>,
    /// Calls that brought no answer of the function.
    pub(super) lost: u32,
    /// Old answers behind the first new one.
    pub(super) old: u32,
    /// Medians of the calls before the write and behind the first new answer.
    pub(super) before_us: Option<f64>,
    pub(super) after_us: Option<f64>,
}

/// The program that calls.
#[derive(Debug)]
pub(super) struct Client<'a> {
    workspace: &'a Workspace,
    program: PathBuf,
}

/// A new answer that has not come by then does not come, in seconds.
const PATIENCE: &str = "40";

impl<'a> Client<'a> {
    pub(super) fn build(workspace: &'a Workspace) -> Result<Self> {
        eprintln!("building bench_dev");
        tools::output(workspace.cargo().args(["build", "--release", "-p", "bench_dev"]))?;
        Ok(Self { workspace, program: workspace.target.join("release/bench_dev") })
    }

    /// So many calls, so many of them at a time.
    pub(super) fn load(&self, url: &str, calls: u32, in_flight: u32) -> Result<Load> {
        self.measure(&["load", url, &calls.to_string(), &in_flight.to_string()])
    }

    /// Replaces a text in a file.
    pub(super) fn save(&self, url: &str, file: &Path, from: &str, to: &str) -> Result<Saved> {
        self.measure(&["reload", url, &file.to_string_lossy(), from, to, PATIENCE])
    }

    fn measure<F: DeserializeOwned>(&self, arguments: &[&str]) -> Result<F> {
        let printed = tools::output(self.workspace.command(&self.program).args(arguments))?;
        serde_json::from_str(printed.trim())
            .with_context(|| format!("failed to understand bench_dev: `{}`", printed.trim()))
    }
}
