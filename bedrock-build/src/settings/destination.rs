//! The destination of an asynchronous invocation: an ARN, or a worker of this app.

use std::fmt;

use crate::name::WorkerName;

/// Where Lambda sends the record of an event that succeeded, or that failed after all retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The ARN of a queue, a topic, an event bus, a function or (on failure only) a bucket.
    Arn(String),
    /// A worker of this app.
    Worker(WorkerName),
}

impl Destination {
    /// Returns the value in the settings: the ARN, or the name of the worker.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Arn(arn) => arn,
            Self::Worker(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
