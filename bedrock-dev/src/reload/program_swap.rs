//! New processes in the place of those of Rust programs that were built, ready when the last of them is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use super::build_progress::BuiltPrograms;
use super::executable_cache::{CachedCopy, ExecutableCache};
use super::reloader::{BuildError, Change, ReloadFailure, ReloadOutcome, TaskResult, text};
use crate::ENDPOINT;
use crate::backend::LocalBackend;
use crate::execution::{Function, StagedProgram};

/// Builds the programs and puts those that are other ones in the place of the old ones: no earlier than all of them are
/// built, for they call each other, and no later, for each has been made ready while the others were being built.
pub(super) async fn programs<F>(
    (engines, programs): (Arc<LocalBackend>, Arc<ExecutableCache>),
    (build, mut progress): (F, UnboundedReceiver<BuiltPrograms>),
    change: Change,
) -> TaskResult
where
    F: Future<Output = Result<HashMap<String, PathBuf>, BuildError>>,
{
    let mut ready = StagedSwaps { engines, programs, tasks: BTreeMap::new() };
    let mut renewed = BTreeMap::new();
    let mut build = pin!(build);
    let outcome = loop {
        tokio::select! {
            biased;
            Some(made) = progress.recv() => match made {
                BuiltPrograms::Program(name, path) => ready.begin(name, path),
                BuiltPrograms::All => renewed.extend(ready.take_over().await),
            },
            outcome = &mut build => break outcome,
        }
    };
    let paths = match outcome {
        Ok(paths) => paths,
        Err(BuildError { messages, said }) => {
            let (files, took, workers) = (change.files.clone(), change.since.elapsed(), BTreeSet::new());
            let failed = ReloadOutcome::Failed(ReloadFailure { workers, files, messages, said, took });
            return TaskResult { was_build: true, reports: vec![failed] };
        }
    };
    for (name, path) in paths {
        ready.begin(name, path);
    }
    for (name, outcome) in ready.take_over().await {
        // What serves since it was built is the same by now.
        if !matches!(outcome, SwapResult::Nothing) {
            renewed.insert(name, outcome);
        }
    }
    TaskResult { was_build: true, reports: told(renewed, &change) }
}

fn told(renewed: BTreeMap<String, SwapResult>, change: &Change) -> Vec<ReloadOutcome> {
    let (mut workers, mut endpoint) = (BTreeSet::new(), None);
    let (mut broken, mut messages) = (BTreeSet::new(), Vec::new());
    for (name, outcome) in renewed {
        match outcome {
            SwapResult::Nothing => {}
            SwapResult::Endpoint(path) => endpoint = Some(path),
            SwapResult::Swapped => drop(workers.insert(name)),
            SwapResult::Broken(message) => {
                messages.push(message);
                broken.insert(name);
            }
            SwapResult::NotCopied(message) => messages.push(message),
        }
    }
    let failed = (!messages.is_empty()).then(|| change.failed(broken, messages));
    let is_worth_it = failed.is_none() || !workers.is_empty() || endpoint.is_some();
    let reloaded = is_worth_it.then(|| change.reloaded(workers, endpoint, true));
    reloaded.into_iter().chain(failed).collect()
}

/// Programs that are being made ready.
struct StagedSwaps {
    engines: Arc<LocalBackend>,
    programs: Arc<ExecutableCache>,
    /// Of which file, by the functions' names.
    tasks: BTreeMap<String, (PathBuf, JoinHandle<SwapCandidate>)>,
}

/// What can take over, and its copy.
enum SwapCandidate {
    /// The program is the same, or of a worker that is not there: with a new one the list of workers has changed, and the
    /// loop ends.
    Nothing,
    /// Somebody else runs it.
    Endpoint(PathBuf),
    Worker(Arc<Function>, StagedProgram, PathBuf),
    NotCopied(String),
}

/// What became of a program.
enum SwapResult {
    Nothing,
    Endpoint(PathBuf),
    Swapped,
    /// The new one does not start.
    Broken(String),
    NotCopied(String),
}

impl StagedSwaps {
    fn begin(&mut self, name: String, path: PathBuf) {
        if self.tasks.get(&name).is_some_and(|(known, _)| *known == path) {
            return;
        }
        let next = next(Arc::clone(&self.engines), Arc::clone(&self.programs), name.clone(), path.clone());
        self.tasks.insert(name, (path, tokio::spawn(next)));
    }

    /// Each as soon as it is ready.
    async fn take_over(&mut self) -> BTreeMap<String, SwapResult> {
        let begun = std::mem::take(&mut self.tasks).into_iter().map(|(name, (_, task))| {
            let (programs, function) = (Arc::clone(&self.programs), name.clone());
            // Nobody is left to take over if the program is stopping.
            let over =
                async move { task.await.map_or(SwapResult::Nothing, |next| next.take_over(&programs, &function)) };
            (name, tokio::spawn(over))
        });
        let mut renewed = BTreeMap::new();
        for (name, task) in begun.collect::<Vec<_>>() {
            renewed.insert(name, task.await.unwrap_or(SwapResult::Nothing));
        }
        renewed
    }
}

impl Drop for StagedSwaps {
    fn drop(&mut self) {
        // Of a build that failed.
        for (_, task) in self.tasks.values() {
            task.abort();
        }
    }
}

impl SwapCandidate {
    fn take_over(self, programs: &ExecutableCache, name: &str) -> SwapResult {
        match self {
            Self::Nothing => SwapResult::Nothing,
            Self::NotCopied(message) => SwapResult::NotCopied(message),
            Self::Endpoint(path) => {
                programs.serves(name, &path);
                SwapResult::Endpoint(path)
            }
            Self::Worker(function, successor, path) => {
                programs.serves(name, &path);
                function
                    .succeeded(successor)
                    .map_or_else(|error| SwapResult::Broken(text(&error)), |()| SwapResult::Swapped)
            }
        }
    }
}

/// Makes ready what can take over from the program of a function, if it is another one.
async fn next(
    engines: Arc<LocalBackend>,
    programs: Arc<ExecutableCache>,
    name: String,
    path: PathBuf,
) -> SwapCandidate {
    let (function, original) = (name.clone(), path.clone());
    let kept = tokio::task::spawn_blocking(move || programs.copy(&function, &original)).await;
    let path = match kept {
        // The second if the program is stopping.
        Ok(Ok(CachedCopy { is_new: false, .. })) | Err(_) => return SwapCandidate::Nothing,
        Ok(Ok(CachedCopy { path, .. })) => path,
        Ok(Err(error)) => return SwapCandidate::NotCopied(format!("failed to copy `{}`: {error}", path.display())),
    };
    match engines.rust.get(&name) {
        Some(function) => SwapCandidate::Worker(Arc::clone(function), function.successor(path.clone()).await, path),
        None if name == ENDPOINT => SwapCandidate::Endpoint(path),
        None => SwapCandidate::Nothing,
    }
}
