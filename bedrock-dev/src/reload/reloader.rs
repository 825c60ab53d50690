//! The reload loop: turns batches of changed files into new processes, and reports the outcomes. Python and JavaScript
//! workers are reloaded without waiting for cargo.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use bedrock_build::{App, Problem};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::affected::{Affected, SharedFileUsersFn, affected};
use super::build_progress::BuildProgress;
use super::build_queue::BuildQueue;
use super::change::{Change, TaskResult};
use super::executable_cache::ExecutableCache;
use super::host_reload::reload_hosted_workers;
use super::outcome::{BuildError, ReloadOutcome, SelfWrittenFiles};
use super::program_swap::build_and_swap;
use super::self_written::is_code;
use super::watcher::{ChangeBatch, FileWatcher, WatchError};
use crate::backend::FunctionRegistry;

/// Reloads the workers of a dev server when their files change.
pub struct Reloader {
    app: App,
    functions: Arc<FunctionRegistry>,
    executables: Arc<ExecutableCache>,
    watcher: FileWatcher,
    /// Changed Rust code that is built once the settings are valid again.
    deferred: Option<Change>,
    has_invalid_settings: bool,
    /// Files that workers wrote themselves, and that have been reported.
    reported_files: HashSet<PathBuf>,
    shared_file_users: Option<Arc<SharedFileUsersFn>>,
}

impl Reloader {
    pub(crate) fn new(
        app: &App,
        functions: Arc<FunctionRegistry>,
        executables: Arc<ExecutableCache>,
        watcher: FileWatcher,
    ) -> Self {
        let mut app = app.clone();
        // The watcher reports canonical paths.
        app.root = app.root.canonicalize().unwrap_or(app.root);
        Self {
            app,
            functions,
            executables,
            watcher,
            deferred: None,
            has_invalid_settings: false,
            reported_files: HashSet::new(),
            shared_file_users: None,
        }
    }

    /// Reloads only those workers after a change of a shared file that `users` returns, not all of its language.
    #[must_use]
    pub fn with_shared_file_users(mut self, users: Arc<SharedFileUsersFn>) -> Self {
        self.shared_file_users = Some(users);
        self
    }

    /// Runs until the app's settings or its list of workers change, and returns the changed app: this requires a new
    /// server. Returns `None` if files can no longer be watched.
    ///
    /// `build` compiles what is affected. It returns all executables by function name, the endpoint's as `endpoint`,
    /// and may report them earlier. Its future is dropped when the loop ends, and must stop its compiler then.
    /// Executables are compared by content. The old ones serve calls until all new ones are built, and also if one
    /// cannot be built.
    pub async fn run<B, F>(mut self, build: B, report: impl Fn(ReloadOutcome)) -> Option<App>
    where
        B: Fn(Affected, BuildProgress) -> F,
        F: Future<Output = Result<HashMap<String, PathBuf>, BuildError>> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        let mut builds = BuildQueue::default();
        loop {
            tokio::select! {
                batch = self.watcher.next() => {
                    let mut change = self.change_of(batch?, &report);
                    if change.affected.settings && let Some(app) = self.reopen_app(&mut change, &report) {
                        return Some(app);
                    }
                    let has_valid_settings = !self.has_invalid_settings;
                    if let Some(deferred) = self.deferred.take_if(|_| has_valid_settings) {
                        builds.push(deferred);
                    }
                    if !change.affected.hosted_workers.is_empty() {
                        let change = self.part_of(&change, |affected| !affected.hosted_workers.is_empty());
                        tasks.spawn(reload_hosted_workers(Arc::clone(&self.functions), change));
                    }
                    if change.affected.has_programs() {
                        builds.push(self.part_of(&change, Affected::has_programs));
                    }
                }
                Some(result) = tasks.join_next() => match result {
                    Ok(TaskResult { was_build, outcomes }) => {
                        if was_build {
                            builds.finish();
                        }
                        outcomes.into_iter().for_each(&report);
                    }
                    // A build that panicked has printed its message.
                    Err(_) => builds.finish(),
                },
            }
            if let Some(change) = builds.start_next() {
                let (progress, steps) = BuildProgress::new();
                let build = build(change.affected.clone(), progress);
                let functions = Arc::clone(&self.functions);
                let executables = Arc::clone(&self.executables);
                tasks.spawn(build_and_swap(functions, executables, build, steps, change));
            }
        }
    }

    /// Determines what a batch affects. Reports folders that cannot be watched.
    fn change_of(&mut self, batch: ChangeBatch, report: &impl Fn(ReloadOutcome)) -> Change {
        let ChangeBatch { paths: mut files, needs_rescan, unwatched, since, .. } = batch;
        self.remove_self_written(&mut files, since, report);
        let affected = if needs_rescan { Affected::everything(&self.app) } else { self.affected_by(&files) };
        if !unwatched.is_empty() {
            let help = |error: &WatchError| error.help().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
            let messages = unwatched.iter().map(|error| format!("{error}{}", help(error)));
            let no_change = Change { affected: Affected::default(), files: BTreeSet::new(), since };
            report(no_change.failure(BTreeSet::new(), messages.collect(), Vec::new()));
        }
        Change { affected, files, since }
    }

    /// Removes files that workers have written themselves, and reports each of them once.
    fn remove_self_written(&mut self, files: &mut BTreeSet<PathBuf>, since: Instant, report: &impl Fn(ReloadOutcome)) {
        let workers_dir = self.app.root.join(&self.app.settings.workers_dir);
        let mut unreported = BTreeMap::<String, BTreeSet<PathBuf>>::new();
        files.retain(|path| {
            let Ok(relative_path) = path.strip_prefix(&workers_dir) else { return true };
            let mut parts = relative_path.components();
            let worker = parts.next().map(|part| part.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
            let is_self_written = parts.next().is_some()
                && !is_code(path)
                && self.functions.active_workers().was_active(&worker, since.into_std());
            if is_self_written && self.reported_files.insert(path.clone()) {
                let path_in_app = path.strip_prefix(&self.app.root).unwrap_or(path);
                unreported.entry(worker).or_default().insert(path_in_app.to_owned());
            }
            !is_self_written
        });
        for (worker, files) in unreported {
            let folder = format!("{}/{worker}", self.app.settings.workers_dir);
            let first_file = files.first().and_then(|file| file.strip_prefix(&folder).ok());
            let pattern = first_file.unwrap_or_else(|| "".as_ref()).display();
            let help = format!("add `/{pattern}` to `{folder}/.bedrockignore`");
            report(ReloadOutcome::Written(SelfWrittenFiles { worker, files, help }));
        }
    }

    /// Reads the app from disk, and returns it if it requires a new server. If the settings are invalid, reports them
    /// and defers the build of changed Rust code.
    fn reopen_app(&mut self, change: &mut Change, report: &impl Fn(ReloadOutcome)) -> Option<App> {
        let opened = App::open(&self.app.root);
        self.has_invalid_settings = opened.is_err();
        match opened {
            Ok(app) => requires_new_server(&app, &self.app).then_some(app),
            Err(problems) => {
                let settings_change = self.part_of(change, |affected| affected.settings);
                let messages = problems.iter().map(problem_with_help).collect();
                report(settings_change.failure(BTreeSet::new(), messages, Vec::new()));
                // Cargo would report the same problems in other words, or compile a package that is not an app.
                if change.affected.has_programs() {
                    let code = self.part_of(change, |affected| affected.has_programs() && !affected.settings);
                    let affected =
                        Affected { hosted_workers: BTreeSet::new(), settings: false, ..code.affected.clone() };
                    Change { affected, ..code }.merge_into(&mut self.deferred);
                }
                change.affected.rust_workers = false;
                change.affected.endpoint = false;
                None
            }
        }
    }

    fn affected_by<'a>(&self, files: impl IntoIterator<Item = &'a PathBuf>) -> Affected {
        affected(&self.app, files, self.shared_file_users.as_deref())
    }

    /// Returns the change with only those files that affect something in particular. Paths are shortened for display.
    fn part_of(&self, change: &Change, has_effect: impl Fn(&Affected) -> bool) -> Change {
        let mut files: BTreeSet<&PathBuf> = change.files.iter().collect();
        files.retain(|path| has_effect(&self.affected_by([*path])));
        // A new folder is omitted if files in it follow.
        let next_files = files.iter().skip(1).map(Some).chain([None]);
        let shown_files =
            files.iter().zip(next_files).filter(|(path, next)| next.is_none_or(|next| !next.starts_with(path)));
        let relative_files =
            shown_files.map(|(path, _)| path.strip_prefix(&self.app.root).unwrap_or(path.as_path()).to_owned());
        Change { affected: change.affected.clone(), files: relative_files.collect(), since: change.since }
    }
}

/// Returns whether the change of the app requires restarting the server.
fn requires_new_server(app: &App, running_app: &App) -> bool {
    app.name != running_app.name
        || app.settings != running_app.settings
        || app.dotenv != running_app.dotenv
        || app.workers != running_app.workers
        || app.endpoint_runtime != running_app.endpoint_runtime
}

fn problem_with_help(problem: &Problem) -> String {
    let help = problem.help.iter().map(|help| format!("\nhelp: {help}"));
    problem.message.clone() + &help.collect::<String>()
}
