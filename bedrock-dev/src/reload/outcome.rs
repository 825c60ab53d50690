//! The results of a reload, as its callers get them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// The result of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// Later calls run with the change.
    Reloaded(ReloadSuccess),
    /// Later calls do not run with the change.
    Failed(ReloadFailure),
    /// A worker wrote the files itself, so nothing was reloaded.
    Written(SelfWrittenFiles),
}

/// Files that are not code and that changed while their worker ran, which is therefore assumed to have written them.
/// Each file is reported only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfWrittenFiles {
    /// The worker that the files belong to.
    pub worker: String,
    /// Paths relative to the app.
    pub files: BTreeSet<PathBuf>,
    /// How to ignore these files in general: a line for the worker's `.bedrockignore`.
    pub help: String,
}

/// A change that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadSuccess {
    /// Workers whose later calls run with the change, and [`crate::ENDPOINT`]. Empty if no program has changed.
    pub workers: BTreeSet<String>,
    /// The endpoint's executable, if it has changed and the server does not run it itself. The caller has to start it.
    pub endpoint: Option<PathBuf>,
    /// Changed files; relative to the app, if they are in its folder.
    pub files: BTreeSet<PathBuf>,
    /// Time since the first of the files changed.
    pub took: Duration,
    /// Whether the change was built by the compiler.
    pub was_build: bool,
}

/// A change that is not in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadFailure {
    /// Workers whose later calls fail. Workers whose program does not compile are not among them: their old version
    /// keeps running.
    pub workers: BTreeSet<String>,
    /// Changed files; relative to the app, if they are in its folder.
    pub files: BTreeSet<PathBuf>,
    /// Error messages; each names what has failed.
    pub messages: Vec<String>,
    /// Output of the compiler, which has been printed already.
    pub compiler_output: Vec<String>,
    /// Time since the first of the files changed.
    pub took: Duration,
}

/// The error of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    /// Error messages; each names what has failed.
    pub messages: Vec<String>,
    /// Output of the compiler, which has been printed already.
    pub compiler_output: Vec<String>,
}
