//! The nodes of a call graph, and lines of source files.

use std::fmt;

use bedrock_build::WorkerName;

/// A function of the app. The endpoint is sorted before all workers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeName {
    /// The endpoint.
    Endpoint,
    /// A worker.
    Worker(WorkerName),
}

impl NodeName {
    /// Returns `endpoint`, which is not a valid worker name, or the worker's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Worker(name) => name.as_str(),
        }
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A line of a source file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLine {
    /// Path relative to the app, with `/`.
    pub path: String,
    /// Starts at 1.
    pub line: usize,
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}
