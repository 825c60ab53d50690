//! A change of files on its way through a reload.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bedrock_model::Error;
use tokio::time::Instant;

use super::affected::Affected;
use super::outcome::{ReloadFailure, ReloadOutcome, ReloadSuccess};

/// Changed files, and what they affect.
pub(super) struct Change {
    pub(super) affected: Affected,
    pub(super) files: BTreeSet<PathBuf>,
    /// When the first of the files changed.
    pub(super) since: Instant,
}

/// The result of a task that puts a change into use.
pub(super) struct TaskResult {
    pub(super) was_build: bool,
    pub(super) outcomes: Vec<ReloadOutcome>,
}

impl Change {
    /// Merges `other` into `pending`, which becomes one change.
    pub(super) fn merge_into(self, pending: &mut Option<Self>) {
        match pending {
            Some(pending) => {
                pending.affected.merge(self.affected);
                pending.files.extend(self.files);
            }
            None => *pending = Some(self),
        }
    }

    pub(super) fn success(
        &self,
        workers: BTreeSet<String>,
        endpoint: Option<PathBuf>,
        was_build: bool,
    ) -> ReloadOutcome {
        let files = self.files.clone();
        ReloadOutcome::Reloaded(ReloadSuccess { workers, endpoint, files, took: self.since.elapsed(), was_build })
    }

    pub(super) fn failure(
        &self,
        workers: BTreeSet<String>,
        messages: Vec<String>,
        compiler_output: Vec<String>,
    ) -> ReloadOutcome {
        let files = self.files.clone();
        let took = self.since.elapsed();
        ReloadOutcome::Failed(ReloadFailure { workers, files, messages, compiler_output, took })
    }
}

/// Returns the message of an error with its stack trace, outermost call first, if the worker's language provides one.
pub(super) fn error_with_stack_trace(error: &Error) -> String {
    match error {
        Error::Function { trace, .. } if !trace.is_empty() => format!("{error}\n{}", trace.join("\n")),
        _ => error.to_string(),
    }
}
