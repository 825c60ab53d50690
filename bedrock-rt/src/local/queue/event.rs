//! What is kept of an event.

use std::time::SystemTime;

use bedrock_build::FunctionSettings;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::local::service::{FunctionInfo, failure_body};

/// What the settings of a function say about its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How often a failed event is tried again.
    pub retries: u32,
    /// Seconds it may wait.
    pub max_age: u64,
    /// Where it goes when it has failed for good: an ARN, or a worker's name.
    pub on_failure: Option<String>,
    /// Where the response goes: an ARN, or a worker's name.
    pub on_success: Option<String>,
    /// ARN of where the event itself goes when it has failed for good.
    #[serde(default)]
    pub dead_letter: Option<String>,
}

impl Attempt {
    /// What is a function's error counts as an attempt; what came before one does not.
    pub fn failed(error: &Error, function: &FunctionInfo, request_id: &str) -> Self {
        match failure_body(error, function, request_id) {
            Some(body) => Self::Failed(body),
            None if error.may_have_run() => {
                Self::Failed(json!({ "errorType": error.error_type(), "errorMessage": error.to_string() }))
            }
            None => Self::Refused(error.to_string()),
        }
    }
}

impl Rules {
    /// As the settings of a worker have them.
    pub fn of(settings: &FunctionSettings) -> Self {
        Self {
            retries: u32::try_from(settings.retries).unwrap_or(2),
            max_age: settings.event_age,
            on_failure: settings.on_failure.as_ref().map(ToString::to_string),
            on_success: settings.on_success.as_ref().map(ToString::to_string),
            dead_letter: settings.dead_letter.clone(),
        }
    }
}

impl Default for Rules {
    /// What Lambda does by itself.
    fn default() -> Self {
        Self { retries: 2, max_age: 21_600, on_failure: None, on_success: None, dead_letter: None }
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change<'a> {
    /// It is kept, and will be run.
    Accepted,
    /// It could not be run, or failed, and will be run at this time.
    Waiting(SystemTime),
    /// It left the queue, or was given up.
    Over(Condition),
    /// What came of it went to a destination.
    Delivered(&'a Delivered),
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

/// Why something went to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The event succeeded.
    OnSuccess,
    /// It failed for good.
    OnFailure,
    /// It failed for good, and the destination gets the event itself.
    DeadLetter,
}

impl Why {
    /// As files and readers have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnSuccess => "on_success",
            Self::OnFailure => "on_failure",
            Self::DeadLetter => "dead_letter",
        }
    }

    /// The reverse of [`Why::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::OnSuccess, Self::OnFailure, Self::DeadLetter].into_iter().find(|known| known.as_str() == text)
    }
}

/// Something that was handed on to a destination: what that gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivered {
    /// Of the event.
    pub id: String,
    /// The worker that it was for.
    pub worker: String,
    /// An ARN, or a worker's name.
    pub destination: String,
    /// Which setting named the destination.
    pub why: Why,
    /// As `record` writes it; of dead letters, the event.
    pub record: Value,
    /// What a dead letter carries besides the event, as [`letter`](super::letter) writes it.
    pub attributes: Option<Value>,
    /// The id of the event that it has become, if the destination is a function of this app.
    pub as_event: Option<String>,
    /// When.
    pub at: SystemTime,
}

/// The function of this app that a destination is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The worker, as the back end calls it.
    pub worker: String,
    /// The function's ARN.
    pub arn: String,
    /// Of its events.
    pub rules: Rules,
    /// The value of `X-Amzn-Trace-Id` that the event gets, in which the run is counted that led to it.
    pub trace: String,
}
