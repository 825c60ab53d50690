//! Warnings about the runtimes of an app: those that are deprecated, and those that this version does not know.

use std::collections::BTreeSet;

use bedrock_build::App;

use super::observer::BuildObserver;

/// Warns about the runtimes of `app`, each once. `today` is `YYYY-MM-DD`.
pub(crate) fn warn_of_runtimes(app: &App, observer: &dyn BuildObserver, today: &str) {
    let runtimes = app.workers.iter().map(|worker| worker.runtime).chain([app.endpoint_runtime]);
    let warnings: BTreeSet<String> = runtimes.filter_map(|runtime| runtime.warning(today)).collect();
    for warning in warnings {
        observer.warning(None, &warning);
    }
}
