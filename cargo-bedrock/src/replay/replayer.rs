//! Replays histories of several workers, each in the way of its language.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bedrock_build::{App, Language, Worker};
use bedrock_diagnostics::{Error, ExitKind, Result};
use bedrock_package::Function;
use bedrock_package::tools::ToolRunner;

use super::run::{ReplayProgram, ReplayResult};
use super::rust::RustReplay;
use super::server::ReplayServer;
use super::sources::RecordedHistory;
use crate::worker_tools::prepare_with;

/// How long a program may load before the timeout of its worker begins, as on Lambda.
const LOAD_TIME: Duration = Duration::from_secs(10);

/// What was found about an execution: where its code and the history part, and whether the replay was possible.
pub(crate) struct Replayed<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) history: &'a RecordedHistory,
    pub(crate) result: Result<ReplayResult>,
}

/// Returns the programs of Rust workers.
pub(crate) type CompileFn<'a> = dyn Fn(&[&Worker]) -> Result<BTreeMap<Function, PathBuf>> + 'a;

/// Replays histories with the code on disk.
pub(crate) struct Replayer<'a> {
    pub(crate) app: &'a App,
    pub(crate) tools: &'a ToolRunner,
    pub(crate) compile: &'a CompileFn<'a>,
    /// Where the calls of Python and JavaScript workers go.
    pub(crate) server: &'a ReplayServer,
    /// Whether the results are not needed any more.
    pub(crate) is_stale: &'a dyn Fn() -> bool,
}

impl<'a> Replayer<'a> {
    /// Compiles Rust workers, installs dependencies of the others, and replays all histories of `workers`. Passes each result
    /// to `on_result`. Ends early if the replays are stale. Fails if the code does not compile, or if the user interrupts the
    /// program.
    pub(crate) fn replay(
        &self,
        workers: &[&'a Worker],
        histories: &'a [RecordedHistory],
        on_result: &mut dyn FnMut(Replayed<'a>),
    ) -> Result<()> {
        let has_history = |worker: &&&Worker| histories.iter().any(|history| history.worker == worker.name.as_str());
        let used = workers.iter().filter(has_history).copied();
        let (in_rust, hosted): (Vec<&Worker>, Vec<&Worker>) =
            used.partition(|worker| worker.language == Language::Rust);
        let variables = self.server.variables.clone();
        let tools = prepare_with(self.app, &hosted, Some(&self.server.lambda_url), variables)?;
        for (worker, tools) in hosted.into_iter().zip(&tools) {
            let folder = self.app.root.join(&worker.dir);
            let limit = LOAD_TIME + Duration::from_secs(worker.settings.timeout);
            let program = ReplayProgram { worker, tools, runner: self.tools, folder, limit };
            self.replay_all(worker, histories, on_result, &mut |history| program.replay(history, self.is_stale))?;
        }
        let mut programs = if in_rust.is_empty() { BTreeMap::new() } else { (self.compile)(&in_rust)? };
        for worker in in_rust {
            if (self.is_stale)() {
                break;
            }
            let missing = || Error::call(format!("worker `{}` was not compiled", worker.name));
            let program = programs.remove(&Function::Worker(worker.name.clone())).ok_or_else(missing)?;
            let mut replay = RustReplay::start(self.app, worker, program)?;
            self.replay_all(worker, histories, on_result, &mut |history| {
                self.tools.check()?;
                replay.replay(history, self.is_stale)
            })?;
        }
        Ok(())
    }

    fn replay_all(
        &self,
        worker: &'a Worker,
        histories: &'a [RecordedHistory],
        on_result: &mut dyn FnMut(Replayed<'a>),
        replay: &mut dyn FnMut(&RecordedHistory) -> Result<ReplayResult>,
    ) -> Result<()> {
        for history in histories.iter().filter(|history| history.worker == worker.name.as_str()) {
            if (self.is_stale)() {
                break;
            }
            match replay(history) {
                Err(error) if error.kind == ExitKind::Interrupted => return Err(error),
                // The code may have changed while it ran.
                _ if (self.is_stale)() => break,
                // The other executions are worth knowing too.
                result => on_result(Replayed { worker, history, result }),
            }
        }
        Ok(())
    }
}
