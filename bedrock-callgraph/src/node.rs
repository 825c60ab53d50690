//! What a call graph has for nodes, and where in the code an edge of it is written.

use std::fmt;

use bedrock_build::WorkerName;

/// Who calls, or is called. The endpoint comes before all workers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeName {
    Endpoint,
    Worker(WorkerName),
}

impl NodeName {
    /// `endpoint`, which no worker may be called, or the worker's name.
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

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLine {
    /// Relative to the app, with `/`.
    pub path: String,
    /// From 1.
    pub line: usize,
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}
