//! Everything that one call caused, aggregated from the stored events: the invocations of a trace with their attempts
//! and log lines, and how long asynchronous events waited. Bounded, because a trace can span a whole day.

use std::collections::HashMap;
use std::sync::Arc;

use bedrock_model::date::rfc3339;
use serde::Serialize;

use super::event::{AsyncEventState, AsyncEventUpdate, DevEvent, DevEventKind, LogEvent, VERSION};
use super::invocation_view::{self, InvocationSummary, LogEntry};

/// Further invocations of a trace are omitted.
const MAX_INVOCATIONS: usize = 1000;
/// Maximum size of all log lines of a trace; further lines are omitted.
const MAX_LOG_BYTES: usize = 2 * 1024 * 1024;
/// Overhead of a log line in the response.
const LINE_OVERHEAD_BYTES: usize = 100;

/// A trace: all invocations that one call caused.
#[derive(Debug, Serialize)]
pub(crate) struct Trace<'a> {
    version: u32,
    #[serde(rename = "trace")]
    id: &'a str,
    /// Oldest first.
    invocations: Vec<Span<'a>>,
    /// Numbers of omitted invocations and lines.
    left_out: Omitted,
}

#[derive(Debug, Default, Serialize)]
struct Omitted {
    invocations: usize,
    lines: usize,
}

#[derive(Debug, Serialize)]
struct Span<'a> {
    #[serde(flatten)]
    invocation: InvocationSummary<'a>,
    logs: Vec<LogEntry<'a>>,
    /// When the asynchronous event was accepted, if that is still stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<String>,
    /// State changes of the asynchronous event.
    queue: Vec<QueueStep<'a>>,
}

#[derive(Debug, Serialize)]
struct QueueStep<'a> {
    id: u64,
    at: String,
    state: AsyncEventState,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<&'a str>,
}

/// Returns a trace, or `None` if none of its invocations is stored.
pub(crate) fn one<'a>(events: &'a [Arc<DevEvent>], trace: &'a str) -> Option<Trace<'a>> {
    let mut invocations = invocation_view::all(events);
    invocations.retain(|invocation| invocation.trace() == trace);
    invocations.reverse();
    if invocations.is_empty() {
        return None;
    }
    let mut omitted = Omitted { invocations: invocations.len().saturating_sub(MAX_INVOCATIONS), lines: 0 };
    invocations.truncate(MAX_INVOCATIONS);
    let ids = invocations.iter().enumerate().map(|(index, invocation)| (invocation.request_id().to_owned(), index));
    let index_by_id: HashMap<String, usize> = ids.collect();
    let new_span = |invocation| Span { invocation, logs: Vec::new(), accepted_at: None, queue: Vec::new() };
    let mut spans: Vec<_> = invocations.into_iter().map(new_span).collect();
    let mut bytes = 0;
    for event in events {
        let index = event.kind.request_id().and_then(|request_id| index_by_id.get(request_id));
        let Some(span) = index.and_then(|index| spans.get_mut(*index)) else { continue };
        match &event.kind {
            DevEventKind::Log(log) if bytes + line_size(log) > MAX_LOG_BYTES => omitted.lines += 1,
            DevEventKind::Log(log) => {
                bytes += line_size(log);
                span.logs.push(LogEntry::new(event, log));
            }
            DevEventKind::Queue(update) => span.add_queue_step(event, update),
            _ => {}
        }
    }
    Some(Trace { version: VERSION, id: trace, invocations: spans, left_out: omitted })
}

fn line_size(log: &LogEvent) -> usize {
    log.line.len() + LINE_OVERHEAD_BYTES
}

impl<'a> Span<'a> {
    fn add_queue_step(&mut self, event: &DevEvent, update: &'a AsyncEventUpdate) {
        let at = rfc3339(event.at);
        if update.state == AsyncEventState::Accepted {
            self.accepted_at = Some(at.clone());
        }
        self.queue.push(QueueStep {
            id: event.id,
            at,
            state: update.state,
            attempts: update.attempts,
            next_at: update.next_at.as_deref(),
        });
    }
}
