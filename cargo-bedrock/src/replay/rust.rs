//! Runs the program of a Rust worker against recorded executions. `bedrock-dev` runs it, this compiles it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bedrock_build::{App, Worker};
use bedrock_dev::ReplayedWorker;
use bedrock_diagnostics::{Error, Result};
use bedrock_package::tools::ToolRunner;
use bedrock_package::{Function, Purpose, Request, compile_programs};
use tokio::runtime::Runtime;

use super::run::{LATER_MS, ReplayResult, now_ms};
use super::sources::RecordedHistory;
use crate::ui::{BuildReporter, Printer};

/// Compiles workers for this machine, in the same way as `dev`.
pub(crate) fn compile(
    app: &App,
    workers: &[&Worker],
    print: Printer,
    tools: &ToolRunner,
) -> Result<BTreeMap<Function, PathBuf>> {
    let workers = workers.iter().map(|worker| worker.name.to_string()).collect();
    let request = Request { workers, purpose: Purpose::Here { debugged: false }, ..Request::default() };
    compile_programs(app, &request, &BuildReporter::new(print, false, false), tools, &())
}

/// Runs one program.
pub(super) struct RustReplay<'a> {
    worker: &'a Worker,
    /// Dropped before its runtime.
    replayed: ReplayedWorker,
    runtime: Runtime,
}

impl<'a> RustReplay<'a> {
    pub(super) fn start(app: &App, worker: &'a Worker, executable: PathBuf) -> Result<Self> {
        let failed = |error| Error::io(format!("failed to start a replay of worker `{}`", worker.name), &error);
        let runtime = Runtime::new().map_err(failed)?;
        let replayed = runtime.block_on(ReplayedWorker::start(app, worker, executable)).map_err(failed)?;
        Ok(Self { worker, replayed, runtime })
    }

    /// Replays one execution. Returns an error if its history cannot be replayed, or if the program does not run.
    pub(super) fn replay(&mut self, history: &RecordedHistory) -> Result<ReplayResult> {
        let recorded = history.recorded(self.worker)?;
        let now = now_ms();
        let replayed = self.runtime.block_on(self.replayed.replay(recorded, now, now + LATER_MS));
        let (recorded, report) =
            replayed.map_err(|error| history.replay_error(self.worker).cause(error.to_string()))?;
        Ok(ReplayResult::of(&recorded, &report))
    }
}
