//! All that one call led to, put together from what is kept: the invocations of a trace with their attempts, what they
//! printed, and how long their events waited. Bounded, for a trace may be a whole day.

use std::collections::HashMap;
use std::sync::Arc;

use bedrock::local::rfc3339;
use serde::Serialize;

use super::event::{AsyncEventState, AsyncEventUpdate, DevEvent, DevEventKind, LogEvent, VERSION};
use super::invocation_view::{self, InvocationSummary, LogEntry};

/// Invocations of a trace that are told.
const INVOCATIONS: usize = 1000;
/// Bytes of lines that are told, of all of them together, and of each.
const LINES: usize = 2 * 1024 * 1024;
const EACH_LINE: usize = 100;

/// What one call led to.
#[derive(Debug, Serialize)]
pub(crate) struct Trace<'a> {
    version: u32,
    #[serde(rename = "trace")]
    name: &'a str,
    /// The oldest first.
    invocations: Vec<Span<'a>>,
    /// What is kept and not told.
    left_out: LeftOut,
}

#[derive(Debug, Default, Serialize)]
struct LeftOut {
    invocations: usize,
    lines: usize,
}

#[derive(Debug, Serialize)]
struct Span<'a> {
    #[serde(flatten)]
    invocation: InvocationSummary<'a>,
    logs: Vec<LogEntry<'a>>,
    /// Of an event, when it was, if that is still known.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<String>,
    /// Of an event: when it was accepted, when it waited, when it was given up.
    queue: Vec<Step<'a>>,
}

#[derive(Debug, Serialize)]
struct Step<'a> {
    id: u64,
    at: String,
    state: AsyncEventState,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<&'a str>,
}

/// The trace of this name; nothing if no invocation of it is kept.
pub(crate) fn one<'a>(kept: &'a [Arc<DevEvent>], trace: &'a str) -> Option<Trace<'a>> {
    let mut invocations = invocation_view::all(kept);
    invocations.retain(|one| one.trace() == trace);
    invocations.reverse();
    if invocations.is_empty() {
        return None;
    }
    let mut left_out = LeftOut { invocations: invocations.len().saturating_sub(INVOCATIONS), lines: 0 };
    invocations.truncate(INVOCATIONS);
    let ids = invocations.iter().enumerate().map(|(place, one)| (one.request_id().to_owned(), place));
    let places: HashMap<String, usize> = ids.collect();
    let whole = |invocation| Span { invocation, logs: Vec::new(), accepted_at: None, queue: Vec::new() };
    let mut spans: Vec<_> = invocations.into_iter().map(whole).collect();
    let mut bytes = 0;
    for happening in kept {
        let place = happening.kind.request_id().and_then(|request_id| places.get(request_id));
        let Some(span) = place.and_then(|place| spans.get_mut(*place)) else { continue };
        match &happening.kind {
            DevEventKind::Log(log) if bytes + weight(log) > LINES => left_out.lines += 1,
            DevEventKind::Log(log) => {
                bytes += weight(log);
                span.logs.push(LogEntry::of(happening, log));
            }
            DevEventKind::Queue(queued) => span.went_on(happening, queued),
            _ => {}
        }
    }
    Some(Trace { version: VERSION, name: trace, invocations: spans, left_out })
}

fn weight(log: &LogEvent) -> usize {
    log.line.len() + EACH_LINE
}

impl<'a> Span<'a> {
    fn went_on(&mut self, happening: &DevEvent, queued: &'a AsyncEventUpdate) {
        let (id, at, next_at) = (happening.id, rfc3339(happening.at), queued.next_at.as_deref());
        if queued.state == AsyncEventState::Accepted {
            self.accepted_at = Some(at.clone());
        }
        self.queue.push(Step { id, at, state: queued.state, attempts: queued.attempts, next_at });
    }
}
