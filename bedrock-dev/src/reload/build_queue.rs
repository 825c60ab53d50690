//! Runs one build at a time, and one more for everything that changed in the meantime.

use super::change::Change;

/// Changes that have to be built.
#[derive(Default)]
pub(super) struct BuildQueue {
    is_running: bool,
    pending: Option<Change>,
}

impl BuildQueue {
    /// Adds a change. All changes that are pending when a build starts are built at once.
    pub(super) fn push(&mut self, change: Change) {
        change.merge_into(&mut self.pending);
    }

    /// Returns the change to build now. `None` if there is none or a build is running.
    pub(super) fn start_next(&mut self) -> Option<Change> {
        let next = self.pending.take_if(|_| !self.is_running)?;
        self.is_running = true;
        Some(next)
    }

    /// Allows the next build to start.
    pub(super) fn finish(&mut self) {
        self.is_running = false;
    }
}
