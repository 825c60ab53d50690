//! Runs the program of a Rust worker against recorded executions. `bedrock-dev` runs it, this compiles it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bedrock_build::{App, Worker};
use bedrock_dev::ReplayedWorker;
use bedrock_diagnostics::{Error, Result};
use bedrock_package::tools::ToolRunner;
use bedrock_package::{Function, Purpose, Request, compile_programs};
use tokio::runtime::Runtime;

use super::run::{LATER_MS, ReplayResult, STALE, now_ms};
use super::sources::RecordedHistory;
use crate::ui::{BuildReporter, Printer};

/// How often a replay looks whether it is stale.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

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

    /// Replays one execution. Returns an error if its history cannot be replayed, if the program does not run, or if the replay
    /// has become stale.
    pub(super) fn replay(&mut self, history: &RecordedHistory, is_stale: &dyn Fn() -> bool) -> Result<ReplayResult> {
        let recorded = history.recorded(self.worker)?;
        let now = now_ms();
        let failed = || history.replay_error(self.worker);
        let stale = async {
            while !is_stale() {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        let replay = self.replayed.replay(recorded, now, now + LATER_MS);
        let (recorded, report) = self.runtime.block_on(async {
            tokio::select! {
                replayed = replay => replayed.map_err(|error| failed().cause(error.to_string())),
                () = stale => Err(failed().cause(STALE)),
            }
        })?;
        Ok(ReplayResult::of(&recorded, &report))
    }
}
