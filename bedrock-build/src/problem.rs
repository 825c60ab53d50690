//! A problem with an app on disk, with help lines that say how to fix it.

use std::fmt;

/// A message, and at most two help lines.
///
/// The message is lower case, has no full stop and names its subject (a path, a worker, a key).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// How to fix it. Each line names something to type or to change.
    pub help: Vec<String>,
}

impl Problem {
    /// Creates a problem without help lines.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: Vec::new() }
    }

    /// Adds a help line.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
