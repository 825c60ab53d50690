//! Invocations put together from what is kept of the stream: beginning, end, and what was printed in between.

use std::collections::HashMap;
use std::sync::Arc;

use bedrock::local::rfc3339;
use serde::Serialize;

use super::event::{DevEvent, DevEventKind, InvocationEnded, InvocationStarted, LogEvent, Mode, Outcome};
use super::level::Level;
use super::payload::Payload;

/// One invocation; of an event, all of its attempts that are kept.
#[derive(Debug, Serialize)]
pub(crate) struct InvocationSummary<'a> {
    request_id: &'a str,
    worker: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_request_id: Option<&'a str>,
    trace: &'a str,
    mode: Mode,
    /// Of the last attempt; nothing while that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    attempts: Vec<Attempt<'a>>,
    #[serde(flatten)]
    more: Option<InvocationDetails<'a>>,
}

/// What only a single invocation is shown with.
#[derive(Debug, Serialize)]
struct InvocationDetails<'a> {
    event: &'a Payload,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a Payload>,
    stack: &'a [String],
    logs: Vec<LogEntry<'a>>,
    /// The invocations that it called.
    calls: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Attempt<'a> {
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    init_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_memory_mb: Option<u64>,
}

/// A line that it printed.
#[derive(Debug, Serialize)]
pub(crate) struct LogEntry<'a> {
    id: u64,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    line: &'a str,
}

/// All of them, the newest first.
pub(crate) fn all(kept: &[Arc<DevEvent>]) -> Vec<InvocationSummary<'_>> {
    let mut joined: Vec<InvocationSummary<'_>> = Vec::new();
    let mut places = HashMap::new();
    for happening in kept {
        match &happening.kind {
            DevEventKind::InvocationStarted(started) => {
                let place = *places.entry(&*started.request_id).or_insert_with(|| {
                    joined.push(of(started));
                    joined.len() - 1
                });
                if let Some(joined) = joined.get_mut(place) {
                    joined.begin(happening);
                }
            }
            DevEventKind::InvocationEnded(ended) => {
                let place = places.get(&*ended.request_id);
                if let Some(joined) = place.and_then(|place| joined.get_mut(*place)) {
                    joined.end(ended);
                }
            }
            _ => {}
        }
    }
    joined.reverse();
    joined
}

/// One, with all that is kept of it.
pub(crate) fn one<'a>(kept: &'a [Arc<DevEvent>], request_id: &str) -> Option<InvocationSummary<'a>> {
    let mut found: Option<InvocationSummary<'a>> = None;
    for happening in kept {
        match (&happening.kind, &mut found) {
            (DevEventKind::InvocationStarted(started), found) if &*started.request_id == request_id => {
                found
                    .get_or_insert_with(|| InvocationSummary { more: Some(more(started)), ..of(started) })
                    .begin(happening);
            }
            (DevEventKind::InvocationEnded(ended), Some(found)) if &*ended.request_id == request_id => {
                found.end(ended);
                if let Some(more) = &mut found.more {
                    (more.response, more.stack) = (ended.response.as_ref(), &ended.stack);
                }
            }
            (kind, Some(InvocationSummary { more: Some(more), .. })) => more.add(happening, kind, request_id),
            _ => {}
        }
    }
    found
}

impl<'a> InvocationSummary<'a> {
    pub(crate) fn request_id(&self) -> &'a str {
        self.request_id
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// What all calls have in common that one call led to.
    pub(crate) fn trace(&self) -> &str {
        self.trace
    }

    pub(crate) fn worker(&self) -> &str {
        self.worker
    }

    /// `running` until there is one.
    pub(crate) fn outcome(&self) -> &'static str {
        self.outcome.map_or("running", Outcome::as_str)
    }

    fn begin(&mut self, happening: &DevEvent) {
        self.outcome = None;
        self.attempts.push(Attempt {
            started_at: rfc3339(happening.at),
            outcome: None,
            error_type: None,
            message: None,
            duration_ms: None,
            init_ms: None,
            max_memory_mb: None,
        });
    }

    fn end(&mut self, ended: &'a InvocationEnded) {
        self.outcome = Some(ended.outcome);
        if let Some(attempt) = self.attempts.last_mut() {
            *attempt = Attempt {
                started_at: std::mem::take(&mut attempt.started_at),
                outcome: Some(ended.outcome),
                error_type: ended.error_type.as_deref(),
                message: ended.message.as_deref(),
                duration_ms: Some(ended.duration_ms),
                init_ms: ended.init_ms,
                max_memory_mb: ended.max_memory_mb,
            };
        }
    }
}

impl<'a> LogEntry<'a> {
    pub(crate) fn of(happening: &DevEvent, log: &'a LogEvent) -> Self {
        Self { id: happening.id, at: rfc3339(happening.at), level: log.level, line: &log.line }
    }
}

impl<'a> InvocationDetails<'a> {
    fn add(&mut self, happening: &'a DevEvent, kind: &'a DevEventKind, request_id: &str) {
        match kind {
            DevEventKind::Log(log) if log.request_id.as_deref() == Some(request_id) => {
                self.logs.push(LogEntry::of(happening, log));
            }
            // All attempts of an event have one id.
            DevEventKind::InvocationStarted(started)
                if started.parent_request_id.as_deref() == Some(request_id)
                    && !self.calls.contains(&&*started.request_id) =>
            {
                self.calls.push(&started.request_id);
            }
            _ => {}
        }
    }
}

fn of(started: &InvocationStarted) -> InvocationSummary<'_> {
    InvocationSummary {
        request_id: &started.request_id,
        worker: &started.worker,
        caller: started.caller.as_deref(),
        parent_request_id: started.parent_request_id.as_deref(),
        trace: &started.trace,
        mode: started.mode,
        outcome: None,
        attempts: Vec::new(),
        more: None,
    }
}

fn more(started: &InvocationStarted) -> InvocationDetails<'_> {
    InvocationDetails { event: &started.event, response: None, stack: &[], logs: Vec::new(), calls: Vec::new() }
}
