//! The calls that `bench_remote` measures: the first of a process, later ones, and a thousand at once.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::server::Server;
use crate::tools;
use crate::workspace::Workspace;

/// The time from `main` to the answer of the first call.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct First {
    pub(super) first_ms: f64,
}

/// Calls one at a time, alternating with the same requests with only hyper.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Later {
    pub(super) p50_us: f64,
    pub(super) raw_p50_us: f64,
}

/// Many calls that are all in flight before the first answer.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct AtOnce {
    pub(super) calls: u32,
    pub(super) seconds: f64,
    /// Resident memory before the calls, and its peak.
    pub(super) before_kib: u64,
    pub(super) peak_kib: u64,
}

/// The cores of a measurement: all of them, or one that is shared with the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cores<'a> {
    pub(super) workspace: &'a Workspace,
    /// The folder of `bench_remote` and its server.
    pub(super) programs: &'a Path,
    /// `taskset`, if everything runs on one core.
    pub(super) one_core: Option<&'a Path>,
}

impl Cores<'_> {
    /// Starts the server, which runs until it is dropped.
    pub(super) fn server(&self) -> Result<Server> {
        Server::start(self.workspace, self.command("bench_remote_server"))
    }

    /// Runs `bench_remote` once.
    pub(super) fn measure<F: DeserializeOwned>(&self, server: &Server, what: &str) -> Result<F> {
        let mut command = self.command("bench_remote");
        let printed = tools::output(command.arg(what).envs(server.environment()))?;
        serde_json::from_str(printed.trim())
            .with_context(|| format!("failed to understand bench_remote: `{}`", printed.trim()))
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        match self.one_core {
            None => self.workspace.command(program),
            Some(taskset) => {
                let mut command = self.workspace.command(taskset);
                command.args(["-c", "0"]).arg(program);
                command
            }
        }
    }
}
