//! The invocations of a test's app, in the order in which they began.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::harness::Origin;
use crate::Error;
use crate::local::invocation::Invocation as Started;

/// Characters of an event or response that are shown.
const SHOWN: usize = 200;

/// One run of a worker, or of the mock in its place.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Invocation {
    /// The worker.
    pub worker: String,
    /// The worker that called it, or `endpoint`; nothing for the test itself and for clients outside of the app.
    pub caller: Option<String>,
    /// A UUID, the same for all attempts of an event.
    pub request_id: String,
    /// What it was called with.
    pub event: Value,
    /// For a fire-and-forget call which run of its event this is, from 1.
    pub attempt: Option<u32>,
    /// Whether a mock ran in place of the worker.
    pub is_mocked: bool,
    /// What came of it.
    pub outcome: Outcome,
    /// What it printed, line by line: the last 256 KB. Of a Rust worker the log lines (`tracing`) alone, and only if the
    /// test has no subscriber of its own.
    pub logs: Vec<String>,
}

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It has not ended yet.
    Running,
    /// This response.
    Answered(Value),
    /// This error.
    Failed(Error),
}

impl Invocation {
    /// The response, if there is one.
    pub fn response(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Answered(response) => Some(response),
            Outcome::Running | Outcome::Failed(_) => None,
        }
    }

    /// The error, if it failed.
    pub fn error(&self) -> Option<&Error> {
        match &self.outcome {
            Outcome::Failed(error) => Some(error),
            Outcome::Running | Outcome::Answered(_) => None,
        }
    }

    /// The event as a type.
    pub fn event_as<E: DeserializeOwned>(&self) -> Result<E, serde_json::Error> {
        E::deserialize(&self.event)
    }
}

/// As failed assertions show it.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` called by ", self.worker)?;
        match &self.caller {
            Some(caller) => write!(f, "`{caller}`")?,
            None => f.write_str("the test")?,
        }
        write!(f, " with {}", cut(&self.event.to_string()))?;
        if let Some(attempt) = self.attempt {
            write!(f, ", an event, attempt {attempt}")?;
        }
        if self.is_mocked {
            f.write_str(", mocked")?;
        }
        match &self.outcome {
            Outcome::Running => f.write_str(": still runs"),
            Outcome::Answered(response) => write!(f, ": {}", cut(&response.to_string())),
            Outcome::Failed(Error::Function { error_type, message, .. }) => {
                write!(f, ": {}", cut(&format!("{error_type}: {message}")))
            }
            Outcome::Failed(error) => write!(f, ": {}", cut(&format!("{}: {error}", error.error_type()))),
        }
    }
}

/// The beginning of a text that is long.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// JSON, or the text that is none.
pub(super) fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into())
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Invocations(Mutex<Vec<Invocation>>);

impl Invocations {
    /// Writes one down that begins; gives its place.
    pub(super) fn begin(&self, worker: &str, started: &Started, origin: Origin, is_mocked: bool) -> usize {
        let invocation = Invocation {
            worker: worker.to_owned(),
            caller: origin.caller,
            request_id: started.request_id.clone(),
            event: json_of(&started.event),
            attempt: origin.attempt,
            is_mocked,
            outcome: Outcome::Running,
            logs: Vec::new(),
        };
        let mut all = self.lock();
        all.push(invocation);
        all.len() - 1
    }

    /// Writes down what came of it.
    pub(super) fn end(&self, place: usize, answer: &Result<Bytes, Error>, logs: Vec<String>) {
        let outcome = match answer {
            Ok(response) => Outcome::Answered(json_of(response)),
            Err(error) => Outcome::Failed(error.clone()),
        };
        if let Some(invocation) = self.lock().get_mut(place) {
            (invocation.outcome, invocation.logs) = (outcome, logs);
        }
    }

    pub(super) fn all(&self) -> Vec<Invocation> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Invocation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
