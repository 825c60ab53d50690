//! Replaces the processes of Python and JavaScript workers.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::change::{Change, TaskResult, error_with_stack_trace};
use crate::backend::FunctionRegistry;
use crate::code_store::{ReplacedCode, set_current_files, store_files};

/// Replaces the processes of all Python and JavaScript workers that the change affects.
pub(super) async fn reload_hosted_workers(functions: Arc<FunctionRegistry>, change: Change) -> TaskResult {
    let tasks = change.affected.hosted_workers.iter().map(|worker| {
        // Files that the worker writes while it is loaded are its own, too.
        let active = functions.active_workers().start(worker);
        let replaced = functions.hosted_workers().replace(worker);
        // What is installed now is what the old code has been running with.
        let site = functions.hosted_workers().site(worker);
        let old = site.zip(functions.code().current(worker)).map(|(site, name)| {
            functions.hosted_workers().keep_site(site.clone());
            ReplacedCode { name, site }
        });
        let code = Arc::clone(functions.code());
        let name = worker.clone();
        let task = async move {
            let stored = store_files(Arc::clone(&code), name.clone(), old).await;
            let result = replaced.await;
            // Also if it does not load: executions of the old code go on.
            set_current_files(code, name, stored).await;
            drop(active);
            result
        };
        (worker, tokio::spawn(task))
    });
    let tasks: Vec<_> = tasks.collect();
    let mut reloaded_workers = BTreeSet::new();
    let mut failed_workers = BTreeSet::new();
    let mut messages = Vec::new();
    for (worker, task) in tasks {
        match task.await {
            Ok(Ok(_)) => {
                reloaded_workers.insert(worker.clone());
            }
            Ok(Err(error)) => {
                failed_workers.insert(worker.clone());
                messages.push(error_with_stack_trace(&error));
            }
            // The server is stopping.
            Err(_) => {}
        }
    }
    let success = (!reloaded_workers.is_empty()).then(|| change.success(reloaded_workers, None, false));
    let failure = (!failed_workers.is_empty()).then(|| change.failure(failed_workers, messages, Vec::new()));
    TaskResult { was_build: false, outcomes: success.into_iter().chain(failure).collect() }
}
