//! Assertions on invocations. One that fails shows what there was instead.

use std::fmt::{Display, Write};

use serde::Serialize;
use serde_json::Value;

use super::invocations::{Invocation, Outcome, cut};

/// Invocations that a failed assertion shows.
const SHOWN: usize = 40;

/// The calls of one worker, or those of them that were asked for. See [`App::assert_called`](super::App::assert_called).
#[derive(Debug)]
pub struct Called {
    worker: String,
    /// What else was asked for, as lines of a message.
    asked: Vec<String>,
    calls: Vec<Invocation>,
    story: Story,
}

/// What happened in a test so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Story {
    pub(super) invocations: Vec<Invocation>,
    /// Events that are not done, in words.
    pub(super) open: Vec<String>,
}

#[allow(clippy::return_self_not_must_use, reason = "each of them asserts")]
impl Called {
    /// # Panics
    ///
    /// If there are none.
    #[track_caller]
    pub(super) fn new(worker: &str, story: Story) -> Self {
        let calls = story.invocations.iter().filter(|call| call.worker == worker).cloned().collect();
        Self { worker: worker.to_owned(), asked: Vec::new(), calls, story }.checked()
    }

    /// Only those with this event.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[track_caller]
    pub fn with_event(self, event: impl Serialize) -> Self {
        let event = json(&event);
        let asked = format!("with {}", cut(&event.to_string()));
        self.only(asked, |call| call.event == event)
    }

    /// Only those that this worker made, or `endpoint`.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[track_caller]
    pub fn by(self, caller: &str) -> Self {
        self.only(format!("by `{caller}`"), |call| call.caller.as_deref() == Some(caller))
    }

    /// Only those that had this response.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[track_caller]
    pub fn answered(self, response: impl Serialize) -> Self {
        let response = json(&response);
        let asked = format!("answered {}", cut(&response.to_string()));
        self.only(asked, |call| call.response() == Some(&response))
    }

    /// Only those that failed with this type of error: `KeyError`, `Timeout`, `Panic`.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[track_caller]
    pub fn failed(self, error_type: &str) -> Self {
        let asked = format!("failed with {error_type}");
        self.only(asked, |call| matches!(&call.outcome, Outcome::Failed(error) if error.error_type() == error_type))
    }

    /// Asserts that there are so many of them, attempts of events counted one by one.
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

    /// Them, in the order in which they began.
    pub fn calls(&self) -> &[Invocation] {
        &self.calls
    }

    #[track_caller]
    fn only(mut self, asked: String, is_meant: impl Fn(&Invocation) -> bool) -> Self {
        self.asked.push(asked);
        self.calls.retain(is_meant);
        self.checked()
    }

    #[track_caller]
    fn checked(self) -> Self {
        if self.calls.is_empty() {
            self.fail("never called");
        }
        self
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let mut text = format!("worker `{}` was {what}", self.worker);
        for asked in &self.asked {
            line(&mut text, asked);
        }
        panic!("{}", self.story.after(&text))
    }
}

impl Story {
    /// A message, and below it what happened.
    pub(super) fn after(&self, message: &str) -> String {
        let mut text = message.to_owned();
        let all = &self.invocations;
        if all.is_empty() {
            text.push_str("\nno worker has been invoked so far");
        } else {
            text.push_str("\nthe invocations so far:");
        }
        let hidden = all.len().saturating_sub(SHOWN);
        if hidden > 0 {
            line(&mut text, format_args!("… {hidden} before these"));
        }
        for (index, invocation) in all.iter().enumerate().skip(hidden) {
            line(&mut text, format_args!("{}. {invocation}", index + 1));
        }
        if !self.open.is_empty() {
            text.push_str("\nevents that are not done:");
            for open in &self.open {
                line(&mut text, open);
            }
            text.push_str(
                "\nhelp: `app.settled().await` waits for those that run, `app.clock().advance(…).await` runs those that wait",
            );
        }
        text
    }
}

fn line(text: &mut String, line: impl Display) {
    // Writing into a text cannot fail.
    let _ = write!(text, "\n  {line}");
}

fn count(times: usize) -> String {
    match times {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}

/// What cannot be written as JSON is equal to nothing that travels as JSON.
fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| Value::String(format!("no JSON: {error}")))
}
