//! A line that a worker printed, and who receives it.

use std::sync::Arc;

/// A line that a worker printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The worker.
    pub worker: Arc<str>,
    /// The newest invocation that the worker's process has received. `None` if it has not received any.
    pub request_id: Option<Arc<str>>,
    /// The text without its line ending.
    pub text: String,
}

/// Receives log lines. It must return soon: the process waits for it.
pub type LogSink = Arc<dyn Fn(LogLine) + Send + Sync>;
