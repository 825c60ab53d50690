//! Assertions about invocations. The message of a failed assertion contains all invocations so far.

use std::fmt::{Display, Write};

use serde::Serialize;
use serde_json::Value;

use super::invocations::{Invocation, Outcome, shorten};

/// Number of invocations in the message of a failed assertion.
const MAX_SHOWN_INVOCATIONS: usize = 40;

/// The calls of one worker that match all conditions so far. See [`App::assert_called`](super::App::assert_called).
#[derive(Debug)]
pub struct CallAssertion {
    worker: String,
    /// The conditions, as lines of a message.
    conditions: Vec<String>,
    calls: Vec<Invocation>,
    history: CallHistory,
}

/// What has happened in a test so far.
#[derive(Debug, Clone, Default)]
pub(super) struct CallHistory {
    pub(super) invocations: Vec<Invocation>,
    /// Descriptions of the events that are not finished.
    pub(super) open: Vec<String>,
}

#[allow(clippy::return_self_not_must_use, reason = "each method asserts")]
impl CallAssertion {
    /// Asserts that a worker was called.
    ///
    /// # Panics
    ///
    /// If there are no such calls.
    #[track_caller]
    pub(super) fn new(worker: &str, history: CallHistory) -> Self {
        let calls = history.invocations.iter().filter(|call| call.worker == worker).cloned().collect();
        Self { worker: worker.to_owned(), conditions: Vec::new(), calls, history }.assert_called()
    }

    /// Keeps only the calls with this event.
    ///
    /// # Panics
    ///
    /// If there are no such calls.
    #[track_caller]
    pub fn with_event(self, event: impl Serialize) -> Self {
        let event = json(&event);
        let condition = format!("with {}", shorten(&event.to_string()));
        self.filter(condition, |call| call.event == event)
    }

    /// Keeps only the calls that this worker, or `endpoint`, made.
    ///
    /// # Panics
    ///
    /// If there are no such calls.
    #[track_caller]
    pub fn by(self, caller: &str) -> Self {
        self.filter(format!("by `{caller}`"), |call| call.caller.as_deref() == Some(caller))
    }

    /// Keeps only the calls that returned this response.
    ///
    /// # Panics
    ///
    /// If there are no such calls.
    #[track_caller]
    pub fn answered(self, response: impl Serialize) -> Self {
        let response = json(&response);
        let condition = format!("answered {}", shorten(&response.to_string()));
        self.filter(condition, |call| call.response() == Some(&response))
    }

    /// Keeps only the calls that failed with this error type, for example `KeyError`, `Timeout` or `Panic`.
    ///
    /// # Panics
    ///
    /// If there are no such calls.
    #[track_caller]
    pub fn failed(self, error_type: &str) -> Self {
        let condition = format!("failed with {error_type}");
        self.filter(
            condition,
            |call| matches!(&call.outcome, Outcome::Failed(error) if error.error_type() == error_type),
        )
    }

    /// Asserts the number of calls. Each attempt of an event counts.
    ///
    /// # Panics
    ///
    /// If there are more or fewer.
    #[track_caller]
    pub fn times(self, times: usize) -> Self {
        if self.calls.len() != times {
            self.fail(&format!("called {}, expected {}", count(self.calls.len()), count(times)));
        }
        self
    }

    /// Returns the calls in the order in which they started.
    pub fn calls(&self) -> &[Invocation] {
        &self.calls
    }

    #[track_caller]
    fn filter(mut self, condition: String, matches: impl Fn(&Invocation) -> bool) -> Self {
        self.conditions.push(condition);
        self.calls.retain(matches);
        self.assert_called()
    }

    #[track_caller]
    fn assert_called(self) -> Self {
        if self.calls.is_empty() {
            self.fail("never called");
        }
        self
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let mut text = format!("worker `{}` was {what}", self.worker);
        for condition in &self.conditions {
            push_line(&mut text, condition);
        }
        panic!("{}", self.history.describe(&text))
    }
}

impl CallHistory {
    /// Returns a message followed by all invocations and unfinished events.
    pub(super) fn describe(&self, message: &str) -> String {
        let mut text = message.to_owned();
        let all = &self.invocations;
        if all.is_empty() {
            text.push_str("\nno worker has been invoked so far");
        } else {
            text.push_str("\nthe invocations so far:");
        }
        let hidden = all.len().saturating_sub(MAX_SHOWN_INVOCATIONS);
        if hidden > 0 {
            push_line(&mut text, format_args!("… {hidden} before these"));
        }
        for (index, invocation) in all.iter().enumerate().skip(hidden) {
            push_line(&mut text, format_args!("{}. {invocation}", index + 1));
        }
        if !self.open.is_empty() {
            text.push_str("\nevents that are not finished:");
            for open in &self.open {
                push_line(&mut text, open);
            }
            text.push_str(
                "\nhelp: `app.wait_for_due_events().await` waits for running events, `app.clock().advance(…).await` runs waiting ones",
            );
        }
        text
    }
}

fn push_line(text: &mut String, line: impl Display) {
    // Writing into a string cannot fail.
    let _ = write!(text, "\n  {line}");
}

fn count(times: usize) -> String {
    match times {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}

/// Serializes an expected value. A value that cannot be serialized equals no event and no response.
fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| Value::String(format!("not JSON: {error}")))
}
