//! One thing that is wrong with an app on disk, with what to do about it.

use std::fmt;

/// What is wrong, and at most two lines that say what to type.
///
/// The message is lower case, has no full stop and names its subject (a path, a worker, a key).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What was found.
    pub message: String,
    /// What to do, each line something to type or to change.
    pub help: Vec<String>,
}

impl Problem {
    /// A problem without help lines.
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
