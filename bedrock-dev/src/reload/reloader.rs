//! The loop: bursts of changes in, new processes and reports out. Python and JavaScript workers are not kept waiting by
//! cargo, which builds once at a time and once more for what was saved meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bedrock::Error;
use bedrock_build::{App, Problem};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::active_workers::is_code;
use super::affected::{Affected, affected};
use super::build_progress::BuildProgress;
use super::executable_cache::ExecutableCache;
use super::host_reload::hosted;
use super::program_swap::programs;
use super::watcher::{ChangeBatch, FileWatcher, WatchError};
use crate::backend::LocalBackend;

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// It is in use.
    Reloaded(ReloadSuccess),
    /// It is not.
    Failed(ReloadFailure),
    /// It is a worker's own, and nothing is done for it.
    Written(SelfWrittenFiles),
}

/// Files that are no code and that changed while their worker ran, which is taken for the one who wrote them. Told once of
/// each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfWrittenFiles {
    /// Whose they are.
    pub worker: String,
    /// Relative to the app.
    pub files: BTreeSet<PathBuf>,
    /// What to write into `.bedrockignore` of the worker, if its changes mean nothing at any time.
    pub help: String,
}

/// A change that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadSuccess {
    /// Workers whose later calls run with it, and [`crate::ENDPOINT`]. Empty if what was saved makes no difference to any program.
    pub workers: BTreeSet<String>,
    /// The endpoint's program, if it is another one and none of the workshop's functions. Starting it is left to whoever
    /// runs the loop.
    pub endpoint: Option<PathBuf>,
    /// What was saved, relative to the app where it lies in it.
    pub files: BTreeSet<PathBuf>,
    /// From the first file that was saved.
    pub took: Duration,
    /// Whether a build made it.
    pub was_build: bool,
}

/// A change that is not in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadFailure {
    /// Workers whose later calls get the error. Those of a program that does not compile are not among them: they run on.
    pub workers: BTreeSet<String>,
    /// What was saved, relative to the app where it lies in it.
    pub files: BTreeSet<PathBuf>,
    /// Each with its subject.
    pub messages: Vec<String>,
    /// What the compiler said, which has been shown as it came.
    pub said: Vec<String>,
    /// From the first file that was saved.
    pub took: Duration,
}

/// The programs could not be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    /// Each with its subject.
    pub messages: Vec<String>,
    /// What the compiler said, which has been shown as it came.
    pub said: Vec<String>,
}

/// Keeps a workshop's workers as new as their files.
pub struct Reloader {
    app: App,
    engines: Arc<LocalBackend>,
    programs: Arc<ExecutableCache>,
    watch: FileWatcher,
    /// Rust code that was saved while the settings could not be read.
    kept: Option<Change>,
    /// They cannot be read now.
    is_broken: bool,
    /// Files of workers' own that were told of.
    written: HashSet<PathBuf>,
}

/// What was saved, and what it has to do with.
pub(super) struct Change {
    pub(super) what: Affected,
    pub(super) files: BTreeSet<PathBuf>,
    pub(super) since: Instant,
}

/// What a task did.
pub(super) struct TaskResult {
    pub(super) was_build: bool,
    pub(super) reports: Vec<ReloadOutcome>,
}

/// Builds, one at a time.
#[derive(Default)]
struct BuildQueue {
    running: bool,
    /// The next one.
    asked: Option<Change>,
}

impl Reloader {
    pub(crate) fn new(
        app: &App,
        engines: Arc<LocalBackend>,
        programs: Arc<ExecutableCache>,
        watch: FileWatcher,
    ) -> Self {
        let mut app = app.clone();
        // Changes are told by the paths of a folder without links.
        app.root = app.root.canonicalize().unwrap_or(app.root);
        Self { app, engines, programs, watch, kept: None, is_broken: false, written: HashSet::new() }
    }

    /// Runs until the app's settings or its list of workers change, and gives the app as it is then: that takes another
    /// workshop. Nothing if files cannot be watched any longer.
    ///
    /// `build` compiles what is affected and gives the programs that there are then by the functions' names, the
    /// endpoint's as `endpoint`; it may tell of them earlier. It is dropped when the loop ends, and must end its compiler
    /// then. Which of the programs are other ones is seen by their bytes. Until all are there, and if one cannot be built,
    /// the old ones serve.
    pub async fn run<B, F>(mut self, build: B, report: impl Fn(ReloadOutcome)) -> Option<App>
    where
        B: Fn(Affected, BuildProgress) -> F,
        F: Future<Output = Result<HashMap<String, PathBuf>, BuildError>> + Send + 'static,
    {
        let (mut work, mut builds) = (JoinSet::new(), BuildQueue::default());
        loop {
            tokio::select! {
                batch = self.watch.next() => {
                    let mut change = self.read(batch?, &report);
                    if change.what.settings && let Some(app) = self.reopened(&mut change, &report) {
                        return Some(app);
                    }
                    let is_whole = !self.is_broken;
                    if let Some(kept) = self.kept.take_if(|_| is_whole) {
                        builds.ask(kept);
                    }
                    if !change.what.hosted.is_empty() {
                        let change = self.part(&change, |what| !what.hosted.is_empty());
                        work.spawn(hosted(Arc::clone(&self.engines), change));
                    }
                    if change.what.rust || change.what.endpoint {
                        builds.ask(self.part(&change, |what| what.rust || what.endpoint));
                    }
                }
                Some(done) = work.join_next() => match done {
                    Ok(TaskResult { was_build, reports }) => {
                        builds.running &= !was_build;
                        reports.into_iter().for_each(&report);
                    }
                    // A build that panicked has said so.
                    Err(_) => builds.running = false,
                },
            }
            if let Some(change) = builds.next() {
                let (making, made) = BuildProgress::new();
                let build = (build(change.what.clone(), making), made);
                work.spawn(programs((Arc::clone(&self.engines), Arc::clone(&self.programs)), build, change));
            }
        }
    }

    /// What a burst has to do with.
    fn read(&mut self, batch: ChangeBatch, report: &impl Fn(ReloadOutcome)) -> Change {
        let ChangeBatch { paths: mut files, lost, blind, since, .. } = batch;
        self.leave_out(&mut files, since, report);
        let what = if lost { Affected::everything(&self.app) } else { affected(&self.app, &files) };
        if !blind.is_empty() {
            let help = |problem: &WatchError| problem.help().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
            let messages = blind.iter().map(|problem| format!("{problem}{}", help(problem)));
            let nothing = Change { what: Affected::default(), files: BTreeSet::new(), since };
            report(nothing.failed(BTreeSet::new(), messages.collect()));
        }
        Change { what, files, since }
    }

    /// Takes out what workers have written themselves.
    fn leave_out(&mut self, files: &mut BTreeSet<PathBuf>, since: Instant, report: &impl Fn(ReloadOutcome)) {
        let workers = self.app.root.join(&self.app.settings.workers_dir);
        let mut own = BTreeMap::<String, BTreeSet<PathBuf>>::new();
        files.retain(|path| {
            let Ok(within) = path.strip_prefix(&workers) else { return true };
            let mut parts = within.components();
            let worker = parts.next().map(|part| part.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
            let is_own = parts.next().is_some() && !is_code(path) && self.engines.busy.was(&worker, since.into_std());
            if is_own && self.written.insert(path.clone()) {
                own.entry(worker).or_default().insert(path.strip_prefix(&self.app.root).unwrap_or(path).to_owned());
            }
            !is_own
        });
        for (worker, files) in own {
            let folder = format!("{}/{worker}", self.app.settings.workers_dir);
            let first = files.first().and_then(|file| file.strip_prefix(&folder).ok()).unwrap_or_else(|| "".as_ref());
            let help = format!("add `/{}` to `{folder}/.bedrockignore`", first.display());
            report(ReloadOutcome::Written(SelfWrittenFiles { worker, files, help }));
        }
    }

    /// The app as it is on disk, if it is another one now.
    fn reopened(&mut self, change: &mut Change, report: &impl Fn(ReloadOutcome)) -> Option<App> {
        let opened = App::open(&self.app.root);
        self.is_broken = opened.is_err();
        match opened {
            Ok(app) => is_other(&app, &self.app).then_some(app),
            Err(problems) => {
                let change_of_it = self.part(change, |what| what.settings);
                report(change_of_it.failed(BTreeSet::new(), problems.iter().map(said).collect()));
                // Cargo would say the same in other words, or compile what is no app.
                if change.what.rust || change.what.endpoint {
                    let code = self.part(change, |what| (what.rust || what.endpoint) && !what.settings);
                    let what = Affected { hosted: BTreeSet::new(), settings: false, ..code.what.clone() };
                    add(&mut self.kept, Change { what, ..code });
                }
                (change.what.rust, change.what.endpoint) = (false, false);
                None
            }
        }
    }

    /// With those files alone that have to do with something, as they are shown.
    fn part(&self, change: &Change, is_meant: impl Fn(&Affected) -> bool) -> Change {
        let mut files: BTreeSet<&PathBuf> = change.files.iter().collect();
        files.retain(|path| is_meant(&affected(&self.app, [*path])));
        // A folder that came is shown by what came with it, which stands behind it.
        let next = files.iter().skip(1).map(Some).chain([None]);
        let shown = files.iter().zip(next).filter(|(path, next)| next.is_none_or(|next| !next.starts_with(path)));
        let files =
            shown.map(|(path, _)| path.strip_prefix(&self.app.root).unwrap_or(path.as_path()).to_owned()).collect();
        Change { what: change.what.clone(), files, since: change.since }
    }
}

impl BuildQueue {
    /// Has a build made, once for all that was asked for when it begins.
    fn ask(&mut self, change: Change) {
        add(&mut self.asked, change);
    }

    /// The build that can begin now.
    fn next(&mut self) -> Option<Change> {
        let next = self.asked.take_if(|_| !self.running)?;
        self.running = true;
        Some(next)
    }
}

/// Puts a change to those that wait.
fn add(waiting: &mut Option<Change>, change: Change) {
    match waiting {
        Some(waiting) => {
            waiting.what.add(change.what);
            waiting.files.extend(change.files);
        }
        none => *none = Some(change),
    }
}

impl Change {
    pub(super) fn reloaded(
        &self,
        workers: BTreeSet<String>,
        endpoint: Option<PathBuf>,
        was_build: bool,
    ) -> ReloadOutcome {
        let (files, took) = (self.files.clone(), self.since.elapsed());
        ReloadOutcome::Reloaded(ReloadSuccess { workers, endpoint, files, took, was_build })
    }

    pub(super) fn failed(&self, workers: BTreeSet<String>, messages: Vec<String>) -> ReloadOutcome {
        let (files, took) = (self.files.clone(), self.since.elapsed());
        ReloadOutcome::Failed(ReloadFailure { workers, files, messages, said: Vec::new(), took })
    }
}

/// Whether a workshop of one is none of the other.
fn is_other(app: &App, known: &App) -> bool {
    app.name != known.name
        || app.settings != known.settings
        || app.workers != known.workers
        || app.endpoint_runtime != known.endpoint_runtime
}

fn said(problem: &Problem) -> String {
    let help = problem.help.iter().map(|help| format!("\nhelp: {help}"));
    problem.message.clone() + &help.collect::<String>()
}

/// An error with where it happened, outermost call first, as far as the worker's language says.
pub(super) fn text(error: &Error) -> String {
    match error {
        Error::Function { trace, .. } if !trace.is_empty() => format!("{error}\n{}", trace.join("\n")),
        _ => error.to_string(),
    }
}
