//! The recorded invocations of a test's app, in the order in which they started.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bedrock_model::Invocation as StartedInvocation;
use bedrock_model::destination_record::json_or_text;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Error;

/// Number of characters of an event or response in a message.
const MAX_SHOWN_CHARS: usize = 200;

/// One invocation of a worker, or of the mock that replaces it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Invocation {
    /// The worker.
    pub worker: String,
    /// The worker that called it, or `endpoint`. `None` for the test itself and for clients outside of the app.
    pub caller: Option<String>,
    /// The request id, a UUID. All attempts of an event have the same.
    pub request_id: String,
    /// The event that it was called with.
    pub event: Value,
    /// For a fire-and-forget call: the number of the attempt, starting with 1.
    pub attempt: Option<u32>,
    /// Whether a mock replaced the worker.
    pub is_mocked: bool,
    /// Its result.
    pub outcome: Outcome,
    /// What it printed, line by line: the last 256 KB. For a Rust worker only its log lines (`tracing`), and only if
    /// the test has no subscriber of its own.
    pub logs: Vec<String>,
}

/// The result of an invocation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is still running.
    Running,
    /// It returned this response.
    Answered(Value),
    /// It failed with this error.
    Failed(Error),
}

impl Invocation {
    /// Returns the response. `None` if there is none.
    pub fn response(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Answered(response) => Some(response),
            Outcome::Running | Outcome::Failed(_) => None,
        }
    }

    /// Returns the error. `None` if the invocation did not fail.
    pub fn error(&self) -> Option<&Error> {
        match &self.outcome {
            Outcome::Failed(error) => Some(error),
            Outcome::Running | Outcome::Answered(_) => None,
        }
    }

    /// Deserializes the event.
    pub fn event_as<E: DeserializeOwned>(&self) -> Result<E, serde_json::Error> {
        E::deserialize(&self.event)
    }
}

/// The format of failed assertions.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` called by ", self.worker)?;
        match &self.caller {
            Some(caller) => write!(f, "`{caller}`")?,
            None => f.write_str("the test")?,
        }
        write!(f, " with {}", shorten(&self.event.to_string()))?;
        if let Some(attempt) = self.attempt {
            write!(f, ", an event, attempt {attempt}")?;
        }
        if self.is_mocked {
            f.write_str(", mocked")?;
        }
        match &self.outcome {
            Outcome::Running => f.write_str(": still runs"),
            Outcome::Answered(response) => write!(f, ": {}", shorten(&response.to_string())),
            Outcome::Failed(Error::Function { error_type, message, .. }) => {
                write!(f, ": {}", shorten(&format!("{error_type}: {message}")))
            }
            Outcome::Failed(error) => write!(f, ": {}", shorten(&format!("{}: {error}", error.error_type()))),
        }
    }
}

/// Shortens a long text.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// Where an invocation comes from.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// The calling worker, or `endpoint`. `None` for the test itself.
    pub(super) caller: Option<String>,
    /// For an event: the number of the attempt, starting with 1.
    pub(super) attempt: Option<u32>,
}

/// All invocations so far.
#[derive(Debug, Default)]
pub(super) struct Invocations(Mutex<Vec<Invocation>>);

impl Invocations {
    /// Records an invocation that starts. Returns its index.
    pub(super) fn start(&self, worker: &str, started: &StartedInvocation, origin: Origin, is_mocked: bool) -> usize {
        let invocation = Invocation {
            worker: worker.to_owned(),
            caller: origin.caller,
            request_id: started.request_id.clone(),
            event: json_or_text(&started.event),
            attempt: origin.attempt,
            is_mocked,
            outcome: Outcome::Running,
            logs: Vec::new(),
        };
        let mut all = self.lock();
        all.push(invocation);
        all.len() - 1
    }

    /// Records the result of an invocation.
    pub(super) fn end(&self, index: usize, reply: &Result<Bytes, Error>, logs: Vec<String>) {
        let outcome = match reply {
            Ok(response) => Outcome::Answered(json_or_text(response)),
            Err(error) => Outcome::Failed(error.clone()),
        };
        if let Some(invocation) = self.lock().get_mut(index) {
            invocation.outcome = outcome;
            invocation.logs = logs;
        }
    }

    /// Records the result of an invocation that has not ended, if there is one.
    #[cfg(feature = "durable-test")]
    pub(super) fn end_if_running(&self, index: usize, reply: impl FnOnce() -> Option<Result<Bytes, Error>>) {
        let is_running = self.lock().get(index).is_some_and(|invocation| invocation.outcome == Outcome::Running);
        if let Some(reply) = is_running.then(reply).flatten() {
            let lines = self.lock().get_mut(index).map(|invocation| std::mem::take(&mut invocation.logs));
            self.end(index, &reply, lines.unwrap_or_default());
        }
    }

    /// Adds lines to the log of an invocation.
    #[cfg(feature = "durable-test")]
    pub(super) fn add_lines(&self, index: usize, lines: Vec<String>) {
        if let Some(invocation) = self.lock().get_mut(index) {
            invocation.logs.extend(lines);
        }
    }

    pub(super) fn all(&self) -> Vec<Invocation> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Invocation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
