//! The error type of calls.

use std::fmt;
use std::time::Duration;

/// Why a call of a worker returned no response.
///
/// Check [`Error::may_have_run`] before you repeat a call of a worker that must not run twice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// No worker or function has this name.
    WorkerNotFound {
        /// The name that was called.
        worker: String,
        /// How to fix it, if that is known.
        help: Option<String>,
    },
    /// The worker was started and failed: it returned an error, raised an exception, panicked or exited.
    Function {
        /// The worker.
        worker: String,
        /// The error's class, for example `KeyError`, `TypeError` or `Runtime.ExitError`.
        error_type: String,
        /// The error's text.
        message: String,
        /// The lines of the stack trace in the format of the worker's language. Empty for Rust.
        trace: Vec<String>,
    },
    /// The worker did not respond within its timeout or before the deadline of its caller.
    Timeout {
        /// The worker.
        worker: String,
        /// How much time it had.
        after: Duration,
    },
    /// The call was rejected because too many invocations are running.
    Throttled {
        /// The worker.
        worker: String,
        /// Lambda's reason, for example `ReservedFunctionConcurrentInvocationLimitExceeded`.
        reason: String,
    },
    /// The event is larger than Lambda accepts.
    PayloadTooLarge {
        /// The worker.
        worker: String,
        /// Size of the event as JSON, in bytes.
        bytes: usize,
        /// Maximum size, in bytes.
        limit: usize,
    },
    /// The caller has no permission to call this function.
    AccessDenied {
        /// The worker.
        worker: String,
        /// The message of the service.
        message: String,
    },
    /// The event cannot be serialized as JSON.
    Serialize {
        /// The worker.
        worker: String,
        /// The message of serde.
        message: String,
    },
    /// The event is not one of the worker's contract. The worker did not run.
    ContractViolation {
        /// The worker.
        worker: String,
        /// What is wrong with the event, with the path of each value.
        message: String,
    },
    /// The response of the worker does not have the expected type.
    Deserialize {
        /// The worker.
        worker: String,
        /// The message of serde, with line and column of the response.
        message: String,
    },
    /// The worker could not be started: its interpreter, its dependencies or its folder are missing.
    NotStarted {
        /// The worker.
        worker: String,
        /// What went wrong.
        message: String,
        /// How to fix it, if that is known.
        help: Option<String>,
    },
    /// The call was lost in transport.
    Transport {
        /// The worker.
        worker: String,
        /// What went wrong.
        message: String,
        /// Whether the worker may have received it.
        may_have_run: bool,
    },
}

impl Error {
    /// Whether the worker may have run. If not, the call can be repeated safely.
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::Function { .. } | Self::Timeout { .. } | Self::Deserialize { .. } => true,
            Self::Transport { may_have_run, .. } => *may_have_run,
            Self::WorkerNotFound { .. }
            | Self::Throttled { .. }
            | Self::PayloadTooLarge { .. }
            | Self::AccessDenied { .. }
            | Self::Serialize { .. }
            | Self::ContractViolation { .. }
            | Self::NotStarted { .. } => false,
        }
    }

    /// Returns the worker or function that was called.
    pub fn worker(&self) -> &str {
        match self {
            Self::WorkerNotFound { worker, .. }
            | Self::Function { worker, .. }
            | Self::Timeout { worker, .. }
            | Self::Throttled { worker, .. }
            | Self::PayloadTooLarge { worker, .. }
            | Self::AccessDenied { worker, .. }
            | Self::Serialize { worker, .. }
            | Self::ContractViolation { worker, .. }
            | Self::Deserialize { worker, .. }
            | Self::NotStarted { worker, .. }
            | Self::Transport { worker, .. } => worker,
        }
    }

    /// Returns the kind of the failure in one word: the worker's own error type, or the name of the variant.
    pub fn error_type(&self) -> &str {
        match self {
            Self::Function { error_type, .. } => error_type,
            Self::WorkerNotFound { .. } => "WorkerNotFound",
            Self::Timeout { .. } => "Timeout",
            Self::Throttled { .. } => "Throttled",
            Self::PayloadTooLarge { .. } => "PayloadTooLarge",
            Self::AccessDenied { .. } => "AccessDenied",
            Self::Serialize { .. } => "Serialize",
            Self::ContractViolation { .. } => "ContractViolation",
            Self::Deserialize { .. } => "Deserialize",
            Self::NotStarted { .. } => "NotStarted",
            Self::Transport { .. } => "Transport",
        }
    }

    /// Returns how to fix it, if that is known.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::WorkerNotFound { help, .. } | Self::NotStarted { help, .. } => help.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WorkerNotFound { worker, .. } => write!(f, "no worker named `{worker}` in this app"),
            Self::Function { worker, error_type, message, .. } => {
                write!(f, "worker `{worker}` failed: {error_type}: {message}")
            }
            Self::Timeout { worker, after } => {
                write!(f, "worker `{worker}` timed out after {:.2} seconds", after.as_secs_f64())
            }
            Self::Throttled { worker, reason } => write!(f, "worker `{worker}` is throttled: {reason}"),
            Self::PayloadTooLarge { worker, bytes, limit } => {
                write!(f, "the event for worker `{worker}` is too large: {bytes} bytes, the limit is {limit}")
            }
            Self::AccessDenied { worker, message } => {
                write!(f, "no permission to call worker `{worker}`: {message}")
            }
            Self::Serialize { worker, message } => {
                write!(f, "the event for worker `{worker}` cannot be written as JSON: {message}")
            }
            Self::ContractViolation { worker, message } => {
                write!(f, "the event for worker `{worker}` is not that of its contract: {message}")
            }
            Self::Deserialize { worker, message } => {
                write!(f, "the response of worker `{worker}` does not have the expected type: {message}")
            }
            Self::NotStarted { worker, message, .. } => write!(f, "worker `{worker}` could not be started: {message}"),
            Self::Transport { worker, message, .. } => write!(f, "the call of worker `{worker}` was lost: {message}"),
        }
    }
}

impl std::error::Error for Error {}
