//! How far a build is, told by whoever builds.

use std::path::PathBuf;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Tells how far a build is. Nothing has to be told: what was not comes with the end of the build.
#[derive(Debug, Clone)]
pub struct BuildProgress(UnboundedSender<BuiltPrograms>);

/// What a build has made.
#[derive(Debug)]
pub(super) enum BuiltPrograms {
    /// The program of a function.
    Program(String, PathBuf),
    /// All that it makes.
    All,
}

impl BuildProgress {
    pub(super) fn new() -> (Self, UnboundedReceiver<BuiltPrograms>) {
        let (sender, made) = unbounded_channel();
        (Self(sender), made)
    }

    /// The program of a function is built, while others are still being built: it is made ready, and serves no earlier than
    /// they do.
    pub fn program(&self, function: String, path: PathBuf) {
        // Nobody listens if the program is stopping.
        let _ = self.0.send(BuiltPrograms::Program(function, path));
    }

    /// All programs are built, although the compiler has not yet ended: they serve from now on.
    pub fn all(&self) {
        let _ = self.0.send(BuiltPrograms::All);
    }
}
