//! New processes in the place of those of Rust programs that were built, ready when the last of them is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use super::making::Made;
use super::programs::{Kept, Programs};
use super::reloader::{BuildFailed, Change, Done, Failed, Reload, text};
use crate::ENDPOINT;
use crate::engines::Engines;
use crate::runtime::{Function, Successor};

/// Builds the programs and puts those that are other ones in the place of the old ones: no earlier than all of them are
/// built, for they call each other, and no later, for each has been made ready while the others were being built.
pub(super) async fn programs<F>(
    (engines, programs): (Arc<Engines>, Arc<Programs>),
    (build, mut progress): (F, UnboundedReceiver<Made>),
    change: Change,
) -> Done
where
    F: Future<Output = Result<HashMap<String, PathBuf>, BuildFailed>>,
{
    let mut ready = Ready { engines, programs, tasks: BTreeMap::new() };
    let mut renewed = BTreeMap::new();
    let mut build = pin!(build);
    let outcome = loop {
        tokio::select! {
            biased;
            Some(made) = progress.recv() => match made {
                Made::Program(name, path) => ready.begin(name, path),
                Made::All => renewed.extend(ready.take_over().await),
            },
            outcome = &mut build => break outcome,
        }
    };
    let paths = match outcome {
        Ok(paths) => paths,
        Err(BuildFailed { messages, said }) => {
            let (files, took, workers) = (change.files.clone(), change.since.elapsed(), BTreeSet::new());
            let failed = Reload::Failed(Failed { workers, files, messages, said, took });
            return Done { was_build: true, reports: vec![failed] };
        }
    };
    for (name, path) in paths {
        ready.begin(name, path);
    }
    for (name, outcome) in ready.take_over().await {
        // What serves since it was built is the same by now.
        if !matches!(outcome, Renewed::Nothing) {
            renewed.insert(name, outcome);
        }
    }
    Done { was_build: true, reports: told(renewed, &change) }
}

fn told(renewed: BTreeMap<String, Renewed>, change: &Change) -> Vec<Reload> {
    let (mut workers, mut endpoint) = (BTreeSet::new(), None);
    let (mut broken, mut messages) = (BTreeSet::new(), Vec::new());
    for (name, outcome) in renewed {
        match outcome {
            Renewed::Nothing => {}
            Renewed::Endpoint(path) => endpoint = Some(path),
            Renewed::Swapped => drop(workers.insert(name)),
            Renewed::Broken(message) => {
                messages.push(message);
                broken.insert(name);
            }
            Renewed::NotCopied(message) => messages.push(message),
        }
    }
    let failed = (!messages.is_empty()).then(|| change.failed(broken, messages));
    let is_worth_it = failed.is_none() || !workers.is_empty() || endpoint.is_some();
    let reloaded = is_worth_it.then(|| change.reloaded(workers, endpoint, true));
    reloaded.into_iter().chain(failed).collect()
}

/// Programs that are being made ready.
struct Ready {
    engines: Arc<Engines>,
    programs: Arc<Programs>,
    /// Of which file, by the functions' names.
    tasks: BTreeMap<String, (PathBuf, JoinHandle<Next>)>,
}

/// What can take over, and its copy.
enum Next {
    /// The program is the same, or of a worker that is not there: with a new one the list of workers has changed, and the
    /// loop ends.
    Nothing,
    /// Somebody else runs it.
    Endpoint(PathBuf),
    Worker(Arc<Function>, Successor, PathBuf),
    NotCopied(String),
}

/// What became of a program.
enum Renewed {
    Nothing,
    Endpoint(PathBuf),
    Swapped,
    /// The new one does not start.
    Broken(String),
    NotCopied(String),
}

impl Ready {
    fn begin(&mut self, name: String, path: PathBuf) {
        if self.tasks.get(&name).is_some_and(|(known, _)| *known == path) {
            return;
        }
        let next = next(Arc::clone(&self.engines), Arc::clone(&self.programs), name.clone(), path.clone());
        self.tasks.insert(name, (path, tokio::spawn(next)));
    }

    /// Each as soon as it is ready.
    async fn take_over(&mut self) -> BTreeMap<String, Renewed> {
        let begun = std::mem::take(&mut self.tasks).into_iter().map(|(name, (_, task))| {
            let (programs, function) = (Arc::clone(&self.programs), name.clone());
            // Nobody is left to take over if the program is stopping.
            let over = async move { task.await.map_or(Renewed::Nothing, |next| next.take_over(&programs, &function)) };
            (name, tokio::spawn(over))
        });
        let mut renewed = BTreeMap::new();
        for (name, task) in begun.collect::<Vec<_>>() {
            renewed.insert(name, task.await.unwrap_or(Renewed::Nothing));
        }
        renewed
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        // Of a build that failed.
        for (_, task) in self.tasks.values() {
            task.abort();
        }
    }
}

impl Next {
    fn take_over(self, programs: &Programs, name: &str) -> Renewed {
        match self {
            Self::Nothing => Renewed::Nothing,
            Self::NotCopied(message) => Renewed::NotCopied(message),
            Self::Endpoint(path) => {
                programs.serves(name, &path);
                Renewed::Endpoint(path)
            }
            Self::Worker(function, successor, path) => {
                programs.serves(name, &path);
                function.succeeded(successor).map_or_else(|error| Renewed::Broken(text(&error)), |()| Renewed::Swapped)
            }
        }
    }
}

/// Makes ready what can take over from the program of a function, if it is another one.
async fn next(engines: Arc<Engines>, programs: Arc<Programs>, name: String, path: PathBuf) -> Next {
    let (function, original) = (name.clone(), path.clone());
    let kept = tokio::task::spawn_blocking(move || programs.copy(&function, &original)).await;
    let path = match kept {
        // The second if the program is stopping.
        Ok(Ok(Kept { is_new: false, .. })) | Err(_) => return Next::Nothing,
        Ok(Ok(Kept { path, .. })) => path,
        Ok(Err(error)) => return Next::NotCopied(format!("failed to copy `{}`: {error}", path.display())),
    };
    match engines.rust.get(&name) {
        Some(function) => Next::Worker(Arc::clone(function), function.successor(path.clone()).await, path),
        None if name == ENDPOINT => Next::Endpoint(path),
        None => Next::Nothing,
    }
}
