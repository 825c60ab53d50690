//! What is kept of an event.

use std::time::SystemTime;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the settings of a function say about its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How often a failed event is tried again.
    pub retries: u32,
    /// Seconds it may wait.
    pub max_age: u64,
    /// ARN of where it goes when it has failed for good.
    pub on_failure: Option<String>,
    /// ARN of where the response goes.
    pub on_success: Option<String>,
}

impl Default for Rules {
    /// What Lambda does by itself.
    fn default() -> Self {
        Self { retries: 2, max_age: 21_600, on_failure: None, on_success: None }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The request id, which all attempts have.
    pub id: String,
    /// The worker, as the back end calls it.
    pub worker: String,
    /// The function's ARN.
    pub arn: String,
    /// JSON.
    pub payload: Bytes,
    /// The value of `X-Amzn-Trace-Id`.
    pub trace: String,
    /// As they were when it was accepted.
    pub rules: Rules,
    /// When it was accepted.
    pub accepted: SystemTime,
    /// How often it has been run.
    pub attempts: u32,
    /// How often it could not even be run, since it was last run.
    pub refusals: u32,
}

/// What came of running an event once.
#[derive(Debug, Clone, PartialEq)]
pub enum Attempt {
    /// The function's response.
    Answered(Bytes),
    /// The error that the function's caller would have got.
    Failed(Value),
    /// It was not run: too many were, or the machine was at fault.
    Refused(String),
    /// It was not run and never will be, for this error.
    Dropped(Value),
}

/// How an event left the queue, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The function answered.
    Success,
    /// All its attempts failed.
    RetriesExhausted,
    /// It waited for too long.
    EventAgeExceeded,
}

impl Condition {
    /// As records have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
        }
    }

    /// The reverse of [`Condition::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Success, Self::RetriesExhausted, Self::EventAgeExceeded].into_iter().find(|known| known.as_str() == text)
    }
}

/// Where an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is due at this time.
    Waiting(SystemTime),
    /// It is being run.
    Running,
    /// It was given up, and can be tried again by hand.
    Dead(Condition),
}

/// How an event went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is kept, and will be run.
    Accepted,
    /// It could not be run, or failed, and will be run at this time.
    Waiting(SystemTime),
    /// It left the queue, or was given up.
    Over(Condition),
    /// Somebody threw it away.
    Dropped,
    /// Somebody made it due at this time, as if it were new.
    Retried(SystemTime),
}

/// An event as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The event.
    pub event: Event,
    /// Where it is.
    pub state: State,
    /// What its last attempt came to, if it failed.
    pub last: Option<Value>,
}

/// Something that was handed on to a destination that is not here: what it would have got.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivered {
    /// Of the event.
    pub id: String,
    /// An ARN.
    pub destination: String,
    /// As [`record`](super::record) writes it.
    pub record: Value,
}
