//! Counts what was applied. If something failed, the error says what is done and what remains.

use bedrock_diagnostics::{Error, ExitKind, Result};

/// Functions that are changed at the same time.
pub(crate) const MAX_CONCURRENT_FUNCTIONS: usize = 8;

/// The results so far.
#[derive(Debug)]
pub(crate) struct Tally {
    /// What is counted: `functions`, or `functions and triggers`.
    label: &'static str,
    done: usize,
    /// Names of what failed or was not started.
    remaining: Vec<String>,
    errors: Vec<Error>,
}

impl Tally {
    pub(crate) fn new(label: &'static str) -> Self {
        Self { label, done: 0, remaining: Vec::new(), errors: Vec::new() }
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    pub(crate) fn add_results(&mut self, names: impl IntoIterator<Item = String>, results: Vec<Result<()>>) {
        for (name, result) in names.into_iter().zip(results) {
            match result {
                Ok(()) => self.done += 1,
                Err(error) => {
                    self.remaining.push(name);
                    self.errors.push(error);
                }
            }
        }
    }

    pub(crate) fn add_error(&mut self, error: Error) {
        self.errors.push(error);
    }

    /// Adds names of what was not started because of earlier errors.
    pub(crate) fn add_remaining(&mut self, names: impl IntoIterator<Item = String>) {
        self.remaining.extend(names);
    }

    /// Returns how many were done, or an error with all failures, what is done and what remains.
    pub(crate) fn into_result(self) -> Result<usize> {
        if self.errors.is_empty() { Ok(self.done) } else { Err(self.into_error()) }
    }

    fn into_error(self) -> Error {
        let is_interrupted = self.errors.iter().any(|error| error.kind == ExitKind::Interrupted);
        let names: Vec<String> = self.remaining.iter().map(|name| format!("`{name}`")).collect();
        let total = self.done + self.remaining.len();
        let message =
            format!("{} of {total} {} are up to date, remaining: {}", self.done, self.label, names.join(", "));
        let help = "run the same command again to continue";
        if is_interrupted {
            return Error::new(ExitKind::Interrupted, format!("interrupted, {message}")).help(help);
        }
        let mut error = Error::combine(self.errors);
        error.reports.extend(Error::app(message).help(help).reports);
        Error { kind: ExitKind::App, ..error }
    }
}
