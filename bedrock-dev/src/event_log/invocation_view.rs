//! Invocations, aggregated from the stored events: starts, ends, and the log lines in between.

use std::collections::HashMap;
use std::sync::Arc;

use bedrock_model::date::rfc3339;
use serde::Serialize;

use super::event::{DevEvent, DevEventKind, InvocationEnded, InvocationStarted, LogEvent, Mode, Outcome};
use super::http_call::HttpRequest;
use super::level::Level;
use super::payload::Payload;

/// One invocation; for an asynchronous event, all stored attempts.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<&'a HttpRequest>,
    /// The HTTP status of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// The outcome of the last attempt; `None` while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    attempts: Vec<Attempt<'a>>,
    #[serde(flatten)]
    details: Option<InvocationDetails<'a>>,
}

/// Details that are only returned for a single invocation.
#[derive(Debug, Serialize)]
struct InvocationDetails<'a> {
    event: &'a Payload,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a Payload>,
    stack: &'a [String],
    logs: Vec<LogEntry<'a>>,
    /// Request ids of the invocations that it caused.
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

/// A log line of the invocation.
#[derive(Debug, Serialize)]
pub(crate) struct LogEntry<'a> {
    id: u64,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    line: &'a str,
}

/// Returns all invocations, newest first.
pub(crate) fn all(events: &[Arc<DevEvent>]) -> Vec<InvocationSummary<'_>> {
    let mut invocations: Vec<InvocationSummary<'_>> = Vec::new();
    let mut index_by_id = HashMap::new();
    for event in events {
        match &event.kind {
            DevEventKind::InvocationStarted(started) => {
                let index = *index_by_id.entry(&*started.request_id).or_insert_with(|| {
                    invocations.push(InvocationSummary::new(started));
                    invocations.len() - 1
                });
                if let Some(invocation) = invocations.get_mut(index) {
                    invocation.start_attempt(event);
                }
            }
            DevEventKind::InvocationEnded(ended) => {
                let index = index_by_id.get(&*ended.request_id);
                if let Some(invocation) = index.and_then(|index| invocations.get_mut(*index)) {
                    invocation.end_attempt(ended);
                }
            }
            _ => {}
        }
    }
    invocations.reverse();
    invocations
}

/// Returns one invocation with all details, or `None` if none of its attempts is stored.
pub(crate) fn one<'a>(events: &'a [Arc<DevEvent>], request_id: &str) -> Option<InvocationSummary<'a>> {
    let mut found: Option<InvocationSummary<'a>> = None;
    for event in events {
        match (&event.kind, &mut found) {
            (DevEventKind::InvocationStarted(started), found) if &*started.request_id == request_id => {
                found
                    .get_or_insert_with(|| InvocationSummary {
                        details: Some(InvocationDetails::new(started)),
                        ..InvocationSummary::new(started)
                    })
                    .start_attempt(event);
            }
            (DevEventKind::InvocationEnded(ended), Some(found)) if &*ended.request_id == request_id => {
                found.end_attempt(ended);
                if let Some(details) = &mut found.details {
                    details.response = ended.response.as_ref();
                    details.stack = &ended.stack;
                }
            }
            (kind, Some(InvocationSummary { details: Some(details), .. })) => {
                details.add(event, kind, request_id);
            }
            _ => {}
        }
    }
    found
}

impl<'a> InvocationSummary<'a> {
    fn new(started: &'a InvocationStarted) -> Self {
        Self {
            request_id: &started.request_id,
            worker: &started.worker,
            caller: started.caller.as_deref(),
            parent_request_id: started.parent_request_id.as_deref(),
            trace: &started.trace,
            mode: started.mode,
            http: started.http.as_ref(),
            status: None,
            outcome: None,
            attempts: Vec::new(),
            details: None,
        }
    }

    pub(crate) fn request_id(&self) -> &'a str {
        self.request_id
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the trace id, which all invocations caused by one call share.
    pub(crate) fn trace(&self) -> &str {
        self.trace
    }

    pub(crate) fn worker(&self) -> &str {
        self.worker
    }

    /// Returns the outcome of the last attempt, or `running`.
    pub(crate) fn outcome(&self) -> &'static str {
        self.outcome.map_or("running", Outcome::as_str)
    }

    /// Returns whether the last attempt failed, see [`InvocationEnded::is_failure`].
    pub(crate) fn is_failure(&self) -> bool {
        self.outcome.is_some_and(|outcome| outcome != Outcome::Ok) || self.status.is_some_and(|status| status >= 500)
    }

    fn start_attempt(&mut self, event: &DevEvent) {
        self.outcome = None;
        self.attempts.push(Attempt {
            started_at: rfc3339(event.at),
            outcome: None,
            error_type: None,
            message: None,
            duration_ms: None,
            init_ms: None,
            max_memory_mb: None,
        });
    }

    fn end_attempt(&mut self, ended: &'a InvocationEnded) {
        self.outcome = Some(ended.outcome);
        self.status = ended.status;
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
    pub(crate) fn new(event: &DevEvent, log: &'a LogEvent) -> Self {
        Self { id: event.id, at: rfc3339(event.at), level: log.level, line: &log.line }
    }
}

impl<'a> InvocationDetails<'a> {
    fn new(started: &'a InvocationStarted) -> Self {
        Self { event: &started.event, response: None, stack: &[], logs: Vec::new(), calls: Vec::new() }
    }

    fn add(&mut self, event: &'a DevEvent, kind: &'a DevEventKind, request_id: &str) {
        match kind {
            DevEventKind::Log(log) if log.request_id.as_deref() == Some(request_id) => {
                self.logs.push(LogEntry::new(event, log));
            }
            // All attempts of an asynchronous event have the same id.
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
