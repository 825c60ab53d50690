//! New processes in the place of those of Python and JavaScript workers.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::reloader::{Change, TaskResult, text};
use crate::backend::LocalBackend;

/// Puts new processes in the place of those of Python and JavaScript workers.
pub(super) async fn hosted(engines: Arc<LocalBackend>, change: Change) -> TaskResult {
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
    TaskResult { was_build: false, reports: reloaded.into_iter().chain(failed).collect() }
}
