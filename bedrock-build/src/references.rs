//! Checks that the workers that the settings name exist.

use crate::edit_distance::suggest;
use crate::manifest::Table;
use crate::name::WorkerName;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::worker::WorkerFolders;

/// Returns a problem for each setting in `table` (`[package.metadata.bedrock]`) that names a missing worker.
pub(crate) fn check_references(settings: &Settings, folders: &WorkerFolders, table: Table<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    // Settings with problems are empty, and then the workers folder may be another one.
    let are_read = !settings.workers.is_empty() || !settings.stages.is_empty();
    if are_read {
        check_tables(folders, table, &mut problems);
    }
    check_invokes(folders, table, &mut problems);
    check_destinations(folders, table, "", &mut problems);
    let stages = table.table("stages").into_iter().flat_map(|stages| {
        stages.entries().filter_map(move |(name, _, _)| Some((format!("stages.{name}."), stages.table(name)?)))
    });
    for (path, stage) in stages {
        if are_read {
            check_tables(folders, stage, &mut problems);
        }
        check_destinations(folders, stage, &path, &mut problems);
    }
    problems
}

/// Checks the tables `workers.NAME` of the app or of a stage.
fn check_tables(folders: &WorkerFolders, table: Table<'_>, problems: &mut Vec<Problem>) {
    let Some(tables) = table.table("workers") else { return };
    for (name, span, _) in tables.entries() {
        if !folders.has_worker(name) {
            let location = table.manifest.location(&span);
            let message = format!("{location}: settings for `{name}`, which is not a worker of this app");
            problems.push(with_suggestion(Problem::new(message), name, folders));
        }
    }
}

/// Checks the names in `invokes` of the endpoint and of each worker.
fn check_invokes(folders: &WorkerFolders, table: Table<'_>, problems: &mut Vec<Problem>) {
    let endpoint = table.table("endpoint").map(|endpoint| ("endpoint".to_owned(), endpoint));
    let workers = table.table("workers").into_iter().flat_map(|workers| {
        workers.entries().filter_map(move |(name, _, _)| Some((format!("workers.{name}"), workers.table(name)?)))
    });
    for (path, function) in endpoint.into_iter().chain(workers) {
        let names = function.table.get("invokes").and_then(|names| names.get_ref().as_array());
        for value in names.into_iter().flatten() {
            let Some(name) = value.get_ref().as_str() else { continue };
            if !folders.has_worker(name) {
                let location = table.manifest.location(&value.span());
                let message = format!(
                    "{location}: `{path}.invokes` names `{}`, which is not a worker of this app",
                    name.escape_debug()
                );
                problems.push(with_suggestion(Problem::new(message), name, folders));
            }
        }
    }
}

/// Checks `on-success` and `on-failure` of each worker, except ARNs. `path` is that of `table`.
fn check_destinations(folders: &WorkerFolders, table: Table<'_>, path: &str, problems: &mut Vec<Problem>) {
    let Some(tables) = table.table("workers") else { return };
    for (worker, _, _) in tables.entries() {
        for key in ["on-success", "on-failure"] {
            let Some(value) = tables.table(worker).and_then(|function| function.table.get(key)) else { continue };
            let name = value.get_ref().as_str().filter(|name| WorkerName::parse(name).is_ok());
            if let Some(name) = name.filter(|name| !folders.has_worker(name)) {
                let location = table.manifest.location(&value.span());
                let setting = format!("{path}workers.{worker}.{key}");
                let message = format!("{location}: `{setting}` names `{name}`, which is not a worker of this app");
                problems.push(with_suggestion(Problem::new(message), name, folders));
            }
        }
    }
}

fn with_suggestion(problem: Problem, name: &str, folders: &WorkerFolders) -> Problem {
    match suggest(name, folders.names()) {
        Some(worker) => problem.help(format!("a worker with a similar name exists: `{worker}`")),
        None => problem,
    }
}
