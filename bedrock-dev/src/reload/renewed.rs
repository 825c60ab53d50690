//! New processes in the place of the old ones: those of Python and JavaScript workers, and those of programs that were built.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use bedrock::Error;

use super::programs::{Kept, Programs};
use super::reloader::{BuildFailed, Change, Failed, Reload};
use crate::ENDPOINT;
use crate::engines::Engines;

/// What a task did.
pub(super) struct Done {
    pub(super) was_build: bool,
    pub(super) reports: Vec<Reload>,
}

/// Puts new processes in the place of those of Python and JavaScript workers.
pub(super) async fn hosted(engines: Arc<Engines>, change: Change) -> Done {
    let begun = change.what.hosted.iter().map(|worker| {
        // What a worker writes while it is loaded is its own, too.
        let (at_work, replaced) = (engines.busy.begin(worker), engines.hosted.replace(worker));
        let replaced = async move {
            let replaced = replaced.await;
            drop(at_work);
            replaced
        };
        (worker, tokio::spawn(replaced))
    });
    let begun: Vec<_> = begun.collect();
    let (mut workers, mut broken, mut messages) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (worker, task) in begun {
        match task.await {
            Ok(Ok(_)) => {
                workers.insert(worker.clone());
            }
            Ok(Err(error)) => {
                broken.insert(worker.clone());
                messages.push(text(&error));
            }
            // The program is stopping.
            Err(_) => {}
        }
    }
    let reloaded = (!workers.is_empty()).then(|| change.reloaded(workers, None, false));
    let failed = (!broken.is_empty()).then(|| change.failed(broken, messages));
    Done { was_build: false, reports: reloaded.into_iter().chain(failed).collect() }
}

/// Builds the programs and puts those that are other ones in the place of the old ones.
pub(super) async fn programs<F>(engines: Arc<Engines>, programs: Arc<Programs>, build: F, change: Change) -> Done
where
    F: Future<Output = Result<HashMap<String, PathBuf>, BuildFailed>>,
{
    let paths = match build.await {
        Ok(paths) => paths,
        Err(BuildFailed { messages, said }) => {
            let (files, took, workers) = (change.files.clone(), change.since.elapsed(), BTreeSet::new());
            let failed = Reload::Failed(Failed { workers, files, messages, said, took });
            return Done { was_build: true, reports: vec![failed] };
        }
    };
    let begun = paths.into_iter().map(|(name, path)| {
        let (engines, programs) = (Arc::clone(&engines), Arc::clone(&programs));
        (name.clone(), tokio::spawn(async move { renewed(&engines, programs, name, path).await }))
    });
    let (mut workers, mut endpoint) = (BTreeSet::new(), None);
    let (mut broken, mut messages) = (BTreeSet::new(), Vec::new());
    for (name, task) in begun.collect::<BTreeMap<_, _>>() {
        match task.await {
            // The second if the program is stopping.
            Ok(Renewed::Nothing) | Err(_) => {}
            Ok(Renewed::Endpoint(path)) => endpoint = Some(path),
            Ok(Renewed::Swapped) => drop(workers.insert(name)),
            Ok(Renewed::Broken(message)) => {
                messages.push(message);
                broken.insert(name);
            }
            Ok(Renewed::NotCopied(message)) => messages.push(message),
        }
    }
    let failed = (!messages.is_empty()).then(|| change.failed(broken, messages));
    let is_worth_it = failed.is_none() || !workers.is_empty() || endpoint.is_some();
    let reloaded = is_worth_it.then(|| change.reloaded(workers, endpoint, true));
    Done { was_build: true, reports: reloaded.into_iter().chain(failed).collect() }
}

/// What became of a program.
enum Renewed {
    /// It is the same, or of a worker that is not there: with a new one the list of workers has changed, and the loop ends.
    Nothing,
    /// Somebody else runs it.
    Endpoint(PathBuf),
    Swapped,
    /// The new one does not start.
    Broken(String),
    NotCopied(String),
}

/// Puts a program in the place of the one before, if it is another.
async fn renewed(engines: &Engines, programs: Arc<Programs>, name: String, path: PathBuf) -> Renewed {
    let (function, original) = (name.clone(), path.clone());
    let kept = tokio::task::spawn_blocking(move || programs.keep(&function, &original)).await;
    let path = match kept {
        // The second if the program is stopping.
        Ok(Ok(Kept { is_new: false, .. })) | Err(_) => return Renewed::Nothing,
        Ok(Ok(Kept { path, .. })) => path,
        Ok(Err(error)) => return Renewed::NotCopied(format!("failed to copy `{}`: {error}", path.display())),
    };
    match engines.rust.get(&name) {
        Some(function) => {
            function.swap(path).await.map_or_else(|error| Renewed::Broken(text(&error)), |()| Renewed::Swapped)
        }
        None if name == ENDPOINT => Renewed::Endpoint(path),
        None => Renewed::Nothing,
    }
}

/// An error with where it happened, outermost call first, as far as the worker's language says.
fn text(error: &Error) -> String {
    match error {
        Error::Function { trace, .. } if !trace.is_empty() => format!("{error}\n{}", trace.join("\n")),
        _ => error.to_string(),
    }
}
