//! Asynchronous events and what happens to them.

use std::time::SystemTime;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::Error;
use crate::backend::FunctionInfo;
use crate::destination::DestinationDelivery;
use crate::event_invoke_config::EventInvokeConfig;
use crate::function_error::failure_body;

/// One asynchronous invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsyncEvent {
    /// The request id. All attempts have the same.
    pub id: String,
    /// The worker, under the name that the backend uses.
    pub worker: String,
    /// The function's ARN.
    pub arn: String,
    /// The event itself, JSON.
    pub payload: Bytes,
    /// Value of the header `X-Amzn-Trace-Id`.
    pub trace: String,
    /// The function's configuration when the event was accepted.
    pub rules: EventInvokeConfig,
    /// When the event was accepted.
    pub accepted: SystemTime,
    /// Number of times that the function ran with it.
    pub attempts: u32,
    /// Number of times since the last attempt that the function could not be run.
    pub refusals: u32,
}

/// The result of running an event once.
#[derive(Debug, Clone, PartialEq)]
pub enum Attempt {
    /// The function returned this response.
    Answered(Bytes),
    /// The function failed with this error, in the form that a caller would have got.
    Failed(Value),
    /// The function was not run: it is throttled, or the machine failed. Contains the reason.
    Refused(String),
    /// The function was not run and never will be, because of this error.
    Dropped(Value),
}

impl Attempt {
    /// Classifies the error of an invocation. An error of the function counts as an attempt; an error that occurred
    /// before the function ran does not.
    pub fn failed(error: &Error, function: &FunctionInfo, request_id: &str) -> Self {
        match failure_body(error, function, request_id) {
            Some(body) => Self::Failed(body),
            None if error.may_have_run() => {
                Self::Failed(json!({ "errorType": error.error_type(), "errorMessage": error.to_string() }))
            }
            None => Self::Refused(error.to_string()),
        }
    }

    /// Returns the error of an attempt that did not succeed, for lists of events. `Value::Null` after a success.
    pub fn error(&self) -> Value {
        match self {
            Self::Answered(_) => Value::Null,
            Self::Failed(error) | Self::Dropped(error) => error.clone(),
            Self::Refused(reason) => json!({ "errorMessage": reason }),
        }
    }
}

/// Why an event left the queue. The names are AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The function returned a response.
    Success,
    /// The function failed in all attempts.
    RetriesExhausted,
    /// The event reached its maximum age.
    EventAgeExceeded,
}

impl Condition {
    /// Returns the name that destination records contain.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
        }
    }

    /// Reads what [`Condition::as_str`] returns.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Success, Self::RetriesExhausted, Self::EventAgeExceeded].into_iter().find(|known| known.as_str() == text)
    }
}

/// The state of an event in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventState {
    /// The next attempt is due at this time.
    Waiting(SystemTime),
    /// An attempt is running.
    Running,
    /// The event failed permanently. The user can retry it.
    Dead(Condition),
}

/// A change of an event's state, which observers are notified of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EventTransition<'a> {
    /// The event is stored and will be run.
    Accepted,
    /// An attempt failed, or the function could not be run. The next attempt is due at this time.
    Waiting(SystemTime),
    /// The event succeeded or failed permanently.
    Over(Condition),
    /// The record of the event was delivered to a destination.
    Delivered(&'a DestinationDelivery),
    /// The user deleted the event.
    Dropped,
    /// The user made the event due at this time, as if it were new.
    Retried(SystemTime),
}

/// An event in a listing of the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRecord {
    /// The event.
    pub event: AsyncEvent,
    /// Its state.
    pub state: EventState,
    /// The error of its last attempt, if that failed.
    pub last: Option<Value>,
}
