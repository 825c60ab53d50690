//! Progress of a build, reported by the caller that runs the compiler.

use std::path::PathBuf;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Reports progress of a build. Reporting is optional; anything unreported is included in the build's result.
#[derive(Debug, Clone)]
pub struct BuildProgress(UnboundedSender<BuildStep>);

/// A step that a build has completed.
#[derive(Debug)]
pub(super) enum BuildStep {
    /// The executable of this function is built.
    Executable(String, PathBuf),
    /// All executables are built.
    All,
}

impl BuildProgress {
    pub(super) fn new() -> (Self, UnboundedReceiver<BuildStep>) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), receiver)
    }

    /// Reports that the executable of a function is built, while others are still being built. Its process is started
    /// now, and serves calls when all executables are built.
    pub fn executable_built(&self, function: String, path: PathBuf) {
        // Sending fails if the server is stopping.
        let _ = self.0.send(BuildStep::Executable(function, path));
    }

    /// Reports that all executables are built, although the compiler has not exited yet. They serve calls from now on.
    pub fn all_built(&self) {
        let _ = self.0.send(BuildStep::All);
    }
}
