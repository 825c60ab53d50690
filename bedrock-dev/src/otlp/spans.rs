//! Turns events of the log into finished spans: one for each attempt of an invocation, and one for the time that an
//! asynchronous event waited in the queue. Sends nothing and reads no clock: all times are those of the events.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::proto::{
    Event, KeyValue, SPAN_KIND_INTERNAL, SPAN_KIND_SERVER, STATUS_CODE_ERROR, Span, Status, Value, attribute,
};
use crate::ENDPOINT;
use crate::event_log::{
    AsyncEventState, AsyncEventUpdate, DevEvent, DevEventKind, InvocationEnded, InvocationStarted, LogEvent, Mode,
    Outcome,
};

/// Maximum number of running invocations and of waiting events; the oldest are evicted.
const MAX_TRACKED: usize = 10_000;
/// Maximum number of log lines in a span.
const MAX_SPAN_LINES: usize = 128;
/// Maximum length of a log line in a span.
const MAX_LINE_CHARS: usize = 1024;
const TRACE_ID_BYTES: usize = 16;
const SPAN_ID_BYTES: usize = 8;

/// The attributes of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Name of the worker, or `endpoint`.
    pub worker: String,
    /// Name of the Lambda function.
    pub name: String,
    /// The full ARN.
    pub arn: String,
    /// Configured memory in megabytes.
    pub memory: u64,
}

/// A finished span.
#[derive(Debug)]
pub(super) struct FinishedSpan {
    pub(super) worker: String,
    pub(super) span: Span,
    /// Used to add log lines that arrive after the end.
    request_id: Arc<str>,
}

/// Running invocations and waiting events, and the finished spans that have not been taken yet.
#[derive(Debug)]
pub(super) struct Spans {
    functions: HashMap<String, Function>,
    running: HashMap<Arc<str>, RunningSpan>,
    /// When each asynchronous event started to wait, by event id.
    waiting_since: HashMap<String, SystemTime>,
    finished: Vec<FinishedSpan>,
}

/// A span that is not finished yet.
#[derive(Debug)]
struct RunningSpan {
    started_at: SystemTime,
    span: Span,
}

impl Spans {
    pub(super) fn new(functions: &[Function]) -> Self {
        let functions = functions.iter().map(|function| (function.worker.clone(), function.clone())).collect();
        Self { functions, running: HashMap::new(), waiting_since: HashMap::new(), finished: Vec::new() }
    }

    /// Returns the number of finished spans.
    pub(super) fn finished_count(&self) -> usize {
        self.finished.len()
    }

    /// Removes and returns the finished spans.
    pub(super) fn take_finished(&mut self) -> Vec<FinishedSpan> {
        std::mem::take(&mut self.finished)
    }

    /// Applies an event of the log.
    pub(super) fn apply(&mut self, event: &DevEvent) {
        match &event.kind {
            DevEventKind::InvocationStarted(started) => self.start_span(event.at, started),
            DevEventKind::InvocationEnded(ended) => self.end_span(event.at, ended),
            DevEventKind::Log(log) => self.add_line(event.at, log),
            DevEventKind::Queue(update) => self.update_waiting(event.at, update),
            _ => {}
        }
    }

    fn start_span(&mut self, at: SystemTime, started: &InvocationStarted) {
        let trace_id = trace_id(&started.trace);
        // All attempts of an asynchronous event have the same parent and the same request id.
        let parent_span_id = match &started.parent_request_id {
            Some(parent) => {
                self.running.get(parent).map_or_else(|| span_id(parent, 1), |running| running.span.span_id.clone())
            }
            None => Vec::new(),
        };
        let mut attributes = vec![
            attribute("faas.invocation_id", &*started.request_id),
            attribute("faas.trigger", if &*started.worker == ENDPOINT { "http" } else { "other" }),
            attribute("bedrock.worker", &*started.worker),
        ];
        if let Some(function) = self.functions.get(&*started.worker) {
            attributes.push(attribute("cloud.resource_id", function.arn.as_str()));
            attributes.push(attribute("faas.name", function.name.as_str()));
        }
        attributes.extend(started.caller.as_deref().map(|caller| attribute("bedrock.caller", caller)));
        attributes.extend(started.attempt.map(|attempt| attribute("bedrock.attempt", u64::from(attempt))));
        let span = Span {
            trace_id,
            span_id: span_id(&started.request_id, started.attempt.unwrap_or(1)),
            parent_span_id,
            name: started.worker.to_string(),
            kind: SPAN_KIND_SERVER,
            start_time_unix_nano: nanos(at),
            attributes,
            ..Span::default()
        };
        if started.mode == Mode::Event
            && let Some(since) = self.waiting_since.remove(&*started.request_id)
        {
            self.add_queue_span(since, &span, started);
        }
        evict_oldest(&mut self.running, |running| running.started_at);
        self.running.insert(Arc::clone(&started.request_id), RunningSpan { started_at: at, span });
    }

    /// Adds a span for the time in the queue, a sibling of the attempt that followed.
    fn add_queue_span(&mut self, since: SystemTime, attempt: &Span, started: &InvocationStarted) {
        let mut id = attempt.span_id.clone();
        // Inverted, and therefore always different from the id of the attempt.
        for byte in &mut id {
            *byte = !*byte;
        }
        let span = Span {
            span_id: id,
            name: format!("{} queued", started.worker),
            kind: SPAN_KIND_INTERNAL,
            start_time_unix_nano: nanos(since).min(attempt.start_time_unix_nano),
            end_time_unix_nano: attempt.start_time_unix_nano,
            attributes: vec![attribute("faas.invocation_id", &*started.request_id)],
            ..attempt.clone()
        };
        self.finish(&started.worker, "".into(), span);
    }

    fn end_span(&mut self, at: SystemTime, ended: &InvocationEnded) {
        let Some(RunningSpan { mut span, .. }) = self.running.remove(&ended.request_id) else { return };
        span.end_time_unix_nano = nanos(at).max(span.start_time_unix_nano);
        if let Some(init) = ended.init_ms {
            span.attributes.push(attribute("faas.coldstart", Value::Bool(true)));
            let duration = attribute("duration_ms", Value::Double(init));
            span.events.insert(0, event(span.start_time_unix_nano, "init", vec![duration]));
        }
        span.attributes.extend(ended.max_memory_mb.map(|used| attribute("bedrock.max_memory_mb", used)));
        if ended.outcome != Outcome::Ok {
            let kind = ended.error_type.as_deref().unwrap_or(ended.outcome.as_str());
            let message = ended.message.as_deref().unwrap_or_default();
            span.attributes.push(attribute("error.type", kind));
            let mut exception = vec![attribute("exception.type", kind), attribute("exception.message", message)];
            if !ended.stack.is_empty() {
                exception.push(attribute("exception.stacktrace", ended.stack.join("\n").as_str()));
            }
            span.events.push(event(span.end_time_unix_nano, "exception", exception));
            span.status = Some(Status { message: message.to_owned(), code: STATUS_CODE_ERROR });
        }
        self.finish(&ended.worker, Arc::clone(&ended.request_id), span);
    }

    fn finish(&mut self, worker: &str, request_id: Arc<str>, span: Span) {
        self.finished.push(FinishedSpan { worker: worker.to_owned(), span, request_id });
    }

    fn add_line(&mut self, at: SystemTime, log: &LogEvent) {
        let Some(id) = &log.request_id else { return };
        let span = match self.running.get_mut(id) {
            Some(running) => Some(&mut running.span),
            // Lines go through a pipe and may arrive after the response.
            None => self
                .finished
                .iter_mut()
                .rev()
                .find(|finished| finished.request_id == *id)
                .map(|finished| &mut finished.span),
        };
        let Some(span) = span else { return };
        if span.events.len() >= MAX_SPAN_LINES {
            span.dropped_events_count += 1;
            return;
        }
        let text: String = log.line.chars().take(MAX_LINE_CHARS).collect();
        let mut attributes = vec![attribute("message", text.as_str())];
        let level = log.level.and_then(|level| serde_json::to_value(level).ok());
        attributes.extend(level.as_ref().and_then(|level| level.as_str()).map(|level| attribute("level", level)));
        span.events.push(event(nanos(at), "log", attributes));
    }

    fn update_waiting(&mut self, at: SystemTime, update: &AsyncEventUpdate) {
        match update.state {
            // If the attempt has already started, the event did not wait.
            AsyncEventState::Accepted | AsyncEventState::Waiting | AsyncEventState::Retried
                if !self.running.contains_key(&*update.event_id) =>
            {
                evict_oldest(&mut self.waiting_since, |since| *since);
                self.waiting_since.insert(update.event_id.clone(), at);
            }
            _ => drop(self.waiting_since.remove(&update.event_id)),
        }
    }
}

/// Removes the oldest entry if the map is full.
fn evict_oldest<K: Clone + Eq + Hash, T>(map: &mut HashMap<K, T>, time_of: impl Fn(&T) -> SystemTime) {
    if map.len() < MAX_TRACKED {
        return;
    }
    let oldest = map.iter().min_by_key(|(_, value)| time_of(value)).map(|(id, _)| id.clone());
    let _ = oldest.and_then(|id| map.remove(&id));
}

fn event(at: u64, name: &str, attributes: Vec<KeyValue>) -> Event {
    Event { time_unix_nano: at, name: name.to_owned(), attributes }
}

/// Returns the id of X-Ray, such as `1-5759e988-bd862e3fe1be46a994272793`, without its dashes. Ids in other formats are
/// hashed.
fn trace_id(root: &str) -> Vec<u8> {
    let digits = root.strip_prefix("1-").map(|rest| rest.replace('-', ""));
    digits
        .and_then(|digits| hex_bytes(&digits, TRACE_ID_BYTES))
        .unwrap_or_else(|| Sha256::digest(root)[..TRACE_ID_BYTES].to_vec())
}

/// Returns the span id of an attempt. That of the first attempt is the `Parent` in the worker's trace header; later
/// ones are derived from the rest of the request id.
fn span_id(request_id: &str, attempt: u32) -> Vec<u8> {
    let digits: String = request_id.chars().filter(char::is_ascii_hexdigit).collect();
    let half =
        if attempt <= 1 { digits.get(..2 * SPAN_ID_BYTES) } else { digits.get(2 * SPAN_ID_BYTES..4 * SPAN_ID_BYTES) };
    let mut id = half
        .and_then(|half| hex_bytes(half, SPAN_ID_BYTES))
        .unwrap_or_else(|| Sha256::digest(request_id)[..SPAN_ID_BYTES].to_vec());
    if attempt > 1 {
        for (byte, other) in id.iter_mut().rev().zip(attempt.to_le_bytes()) {
            *byte ^= other;
        }
    }
    id
}

/// Parses `count` bytes of hexadecimal digits. Returns `None` if all are zero, which is not a valid id.
fn hex_bytes(digits: &str, count: usize) -> Option<Vec<u8>> {
    let byte = |at: usize| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..count).map(byte).collect::<Option<_>>()?;
    (digits.len() == 2 * count && bytes.iter().any(|byte| *byte != 0)).then_some(bytes)
}

fn nanos(at: SystemTime) -> u64 {
    u64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
