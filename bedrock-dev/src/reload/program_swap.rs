//! Replaces the processes of newly built programs. Their processes are started while other programs are still being
//! built.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use super::build_progress::BuildStep;
use super::change::{Change, TaskResult, error_with_stack_trace};
use super::executable_cache::{CachedCopy, ExecutableCache};
use super::outcome::{BuildError, ReloadOutcome};
use crate::ENDPOINT;
use crate::backend::FunctionRegistry;
use crate::code_store::{CodeStore, replace_program};
use crate::execution::{Function, StagedProgram};

/// Builds the programs, and swaps in those that have changed. They are swapped when all of them are built, because they
/// call each other; by then, each has been started while the others were being built.
pub(super) async fn build_and_swap<F>(
    functions: Arc<FunctionRegistry>,
    executables: Arc<ExecutableCache>,
    build: F,
    mut progress: UnboundedReceiver<BuildStep>,
    change: Change,
) -> TaskResult
where
    F: Future<Output = Result<HashMap<String, PathBuf>, BuildError>>,
{
    let mut staged = StagedSwaps { functions, executables, tasks: BTreeMap::new() };
    let mut results = BTreeMap::new();
    let mut build = pin!(build);
    let build_result = loop {
        tokio::select! {
            biased;
            Some(step) = progress.recv() => match step {
                BuildStep::Executable(name, path) => staged.stage(name, path),
                BuildStep::All => results.extend(staged.swap_all().await),
            },
            result = &mut build => break result,
        }
    };
    let paths = match build_result {
        Ok(paths) => paths,
        Err(BuildError { messages, compiler_output }) => {
            let failure = change.failure(BTreeSet::new(), messages, compiler_output);
            return TaskResult { was_build: true, outcomes: vec![failure] };
        }
    };
    for (name, path) in paths {
        staged.stage(name, path);
    }
    for (name, result) in staged.swap_all().await {
        // A program that was swapped before the build ended is unchanged now.
        if !matches!(result, SwapResult::Unchanged) {
            results.insert(name, result);
        }
    }
    TaskResult { was_build: true, outcomes: outcomes_of(results, &change) }
}

fn outcomes_of(results: BTreeMap<String, SwapResult>, change: &Change) -> Vec<ReloadOutcome> {
    let mut swapped_workers = BTreeSet::new();
    let mut endpoint = None;
    let mut failed_workers = BTreeSet::new();
    let mut messages = Vec::new();
    for (name, result) in results {
        match result {
            SwapResult::Unchanged => {}
            SwapResult::Endpoint(path) => endpoint = Some(path),
            SwapResult::Swapped => drop(swapped_workers.insert(name)),
            SwapResult::StartFailed(message) => {
                messages.push(message);
                failed_workers.insert(name);
            }
            SwapResult::CopyFailed(message) => messages.push(message),
        }
    }
    let failure = (!messages.is_empty()).then(|| change.failure(failed_workers, messages, Vec::new()));
    let has_success = failure.is_none() || !swapped_workers.is_empty() || endpoint.is_some();
    let success = has_success.then(|| change.success(swapped_workers, endpoint, true));
    success.into_iter().chain(failure).collect()
}

/// Programs whose processes are being started.
struct StagedSwaps {
    functions: Arc<FunctionRegistry>,
    executables: Arc<ExecutableCache>,
    /// The built executable and the task that stages it, by function name.
    tasks: BTreeMap<String, (PathBuf, JoinHandle<SwapCandidate>)>,
}

/// A program that can be swapped in; paths are those of copies.
enum SwapCandidate {
    /// The program has not changed, or belongs to a worker that is not known. A new worker changes the list of workers,
    /// which ends the reload loop.
    Unchanged,
    /// The server does not run the endpoint itself.
    Endpoint(PathBuf),
    Worker(Arc<Function>, StagedProgram, PathBuf),
    CopyFailed(String),
}

/// The result for one program.
enum SwapResult {
    Unchanged,
    Endpoint(PathBuf),
    Swapped,
    /// The new program does not start.
    StartFailed(String),
    CopyFailed(String),
}

impl StagedSwaps {
    fn stage(&mut self, name: String, path: PathBuf) {
        if self.tasks.get(&name).is_some_and(|(staged_path, _)| *staged_path == path) {
            return;
        }
        let candidate =
            stage_candidate(Arc::clone(&self.functions), Arc::clone(&self.executables), name.clone(), path.clone());
        self.tasks.insert(name, (path, tokio::spawn(candidate)));
    }

    /// Swaps each program as soon as it is ready.
    async fn swap_all(&mut self) -> BTreeMap<String, SwapResult> {
        let tasks = std::mem::take(&mut self.tasks).into_iter().map(|(name, (_, task))| {
            let executables = Arc::clone(&self.executables);
            let code = Arc::clone(self.functions.code());
            let function = name.clone();
            let swap = async move {
                // Joining fails if the server is stopping.
                let Ok(candidate) = task.await else { return SwapResult::Unchanged };
                candidate.swap(&executables, code, &function).await
            };
            (name, tokio::spawn(swap))
        });
        let mut results = BTreeMap::new();
        for (name, task) in tasks.collect::<Vec<_>>() {
            results.insert(name, task.await.unwrap_or(SwapResult::Unchanged));
        }
        results
    }
}

impl Drop for StagedSwaps {
    fn drop(&mut self) {
        // Tasks are left if the build has failed.
        for (_, task) in self.tasks.values() {
            task.abort();
        }
    }
}

impl SwapCandidate {
    async fn swap(self, executables: &ExecutableCache, code: Arc<CodeStore>, name: &str) -> SwapResult {
        match self {
            Self::Unchanged => SwapResult::Unchanged,
            Self::CopyFailed(message) => SwapResult::CopyFailed(message),
            Self::Endpoint(path) => {
                executables.mark_in_use(name, &path);
                SwapResult::Endpoint(path)
            }
            Self::Worker(function, staged_program, path) => {
                executables.mark_in_use(name, &path);
                let swapped = function.swap_program(staged_program);
                // Also if it does not start: executions of the old code go on.
                replace_program(code, name.to_owned(), path).await;
                match swapped {
                    Ok(()) => SwapResult::Swapped,
                    Err(error) => SwapResult::StartFailed(error_with_stack_trace(&error)),
                }
            }
        }
    }
}

/// Copies the executable of a function and starts a process of it, if it has changed.
async fn stage_candidate(
    functions: Arc<FunctionRegistry>,
    executables: Arc<ExecutableCache>,
    name: String,
    path: PathBuf,
) -> SwapCandidate {
    let function_name = name.clone();
    let source = path.clone();
    let copied = tokio::task::spawn_blocking(move || executables.copy(&function_name, &source)).await;
    let path = match copied {
        // Joining fails if the server is stopping.
        Ok(Ok(CachedCopy { is_new: false, .. })) | Err(_) => return SwapCandidate::Unchanged,
        Ok(Ok(CachedCopy { path, .. })) => path,
        Ok(Err(error)) => return SwapCandidate::CopyFailed(format!("failed to copy `{}`: {error}", path.display())),
    };
    match functions.process_function(&name) {
        Some(function) => {
            let staged_program = function.stage_program(path.clone()).await;
            SwapCandidate::Worker(Arc::clone(function), staged_program, path)
        }
        None if name == ENDPOINT => SwapCandidate::Endpoint(path),
        None => SwapCandidate::Unchanged,
    }
}
