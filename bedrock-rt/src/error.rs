//! What a call can come to.

use std::fmt;
use std::time::Duration;

/// Why a call of a worker gave no answer.
///
/// Ask [`Error::may_have_run`] before you call again a worker that must not run twice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// There is no such worker or function.
    WorkerNotFound {
        /// What was asked for.
        worker: String,
        /// What to do about it, if that is known.
        help: Option<String>,
    },
    /// The worker ran, or tried to, and failed: it returned an error, raised, panicked or exited.
    Function {
        /// Which worker.
        worker: String,
        /// The error's class: `KeyError`, `TypeError`, `Runtime.ExitError`.
        error_type: String,
        /// The error's text.
        message: String,
        /// Stack lines as the worker's language writes them; empty for Rust.
        trace: Vec<String>,
    },
    /// The worker did not answer in the time it has, or in what its caller had left.
    Timeout {
        /// Which worker.
        worker: String,
        /// How long it was given.
        after: Duration,
    },
    /// The call was refused because too many are running.
    Throttled {
        /// Which worker.
        worker: String,
        /// Lambda's reason, for example `ReservedFunctionConcurrentInvocationLimitExceeded`.
        reason: String,
    },
    /// The event is larger than Lambda takes.
    PayloadTooLarge {
        /// Which worker.
        worker: String,
        /// Size of the event as JSON, in bytes.
        bytes: usize,
        /// Most that is allowed, in bytes.
        limit: usize,
    },
    /// The caller has no right to call this function.
    AccessDenied {
        /// Which worker.
        worker: String,
        /// What the service said.
        message: String,
    },
    /// The event could not be written as JSON.
    Serialize {
        /// Which worker.
        worker: String,
        /// What serde said.
        message: String,
    },
    /// The worker answered, but not with the type that was asked for.
    Deserialize {
        /// Which worker.
        worker: String,
        /// What serde said, with line and column of the response.
        message: String,
    },
    /// The worker could not be started: its interpreter or dependencies are missing, or its folder is gone.
    NotStarted {
        /// Which worker.
        worker: String,
        /// What went wrong.
        message: String,
        /// What to do about it, if that is known.
        help: Option<String>,
    },
    /// The call was lost on its way.
    Transport {
        /// Which worker.
        worker: String,
        /// What went wrong.
        message: String,
        /// Whether the worker may have got it.
        may_have_run: bool,
    },
}

impl Error {
    /// Whether the worker may have run. If not, calling again is always safe.
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::Function { .. } | Self::Timeout { .. } | Self::Deserialize { .. } => true,
            Self::Transport { may_have_run, .. } => *may_have_run,
            Self::WorkerNotFound { .. }
            | Self::Throttled { .. }
            | Self::PayloadTooLarge { .. }
            | Self::AccessDenied { .. }
            | Self::Serialize { .. }
            | Self::NotStarted { .. } => false,
        }
    }

    /// The worker or function that was called.
    pub fn worker(&self) -> &str {
        match self {
            Self::WorkerNotFound { worker, .. }
            | Self::Function { worker, .. }
            | Self::Timeout { worker, .. }
            | Self::Throttled { worker, .. }
            | Self::PayloadTooLarge { worker, .. }
            | Self::AccessDenied { worker, .. }
            | Self::Serialize { worker, .. }
            | Self::Deserialize { worker, .. }
            | Self::NotStarted { worker, .. }
            | Self::Transport { worker, .. } => worker,
        }
    }

    /// The kind of the failure in one word: the worker's own error type, or the name of the variant.
    pub fn error_type(&self) -> &str {
        match self {
            Self::Function { error_type, .. } => error_type,
            Self::WorkerNotFound { .. } => "WorkerNotFound",
            Self::Timeout { .. } => "Timeout",
            Self::Throttled { .. } => "Throttled",
            Self::PayloadTooLarge { .. } => "PayloadTooLarge",
            Self::AccessDenied { .. } => "AccessDenied",
            Self::Serialize { .. } => "Serialize",
            Self::Deserialize { .. } => "Deserialize",
            Self::NotStarted { .. } => "NotStarted",
            Self::Transport { .. } => "Transport",
        }
    }

    /// What to do about it, if that is known.
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
                write!(f, "no right to call worker `{worker}`: {message}")
            }
            Self::Serialize { worker, message } => {
                write!(f, "the event for worker `{worker}` cannot be written as JSON: {message}")
            }
            Self::Deserialize { worker, message } => {
                write!(f, "worker `{worker}` answered with something else than was asked for: {message}")
            }
            Self::NotStarted { worker, message, .. } => write!(f, "worker `{worker}` could not be started: {message}"),
            Self::Transport { worker, message, .. } => write!(f, "the call of worker `{worker}` was lost: {message}"),
        }
    }
}

impl std::error::Error for Error {}
