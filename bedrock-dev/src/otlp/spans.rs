//! Happenings in, finished spans out: one for each attempt of an invocation, one for the time that an event waited. Sends
//! nothing and knows no clock: times are those of the happenings.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::proto::{Event, FAILED, INTERNAL, KeyValue, SERVER, Span, Status, Value, pair};
use crate::ENDPOINT;
use crate::event_log::{
    AsyncEventState, AsyncEventUpdate, DevEvent, DevEventKind, InvocationEnded, InvocationStarted, LogEvent, Mode,
    Outcome,
};

/// Invocations that run, and events that wait; of more, those that began longest ago are forgotten.
const KNOWN: usize = 10_000;
/// Lines of one span.
const LINES: usize = 128;
/// Characters of a line.
const LINE: usize = 1024;
/// Bytes of a trace's id.
const TRACE: usize = 16;
/// Bytes of a span's id.
const SPAN: usize = 8;

/// What is known of a function beside what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Of the app: the worker's name, or `endpoint`.
    pub worker: String,
    /// As Lambda's API has it.
    pub name: String,
    /// Whole.
    pub arn: String,
    /// Megabytes, by its settings.
    pub memory: u64,
}

/// A finished span.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) worker: String,
    pub(super) span: Span,
    /// Lines that come a moment later are its own, too.
    request_id: Arc<str>,
}

/// What is not finished, and what is and was not taken yet.
#[derive(Debug)]
pub(super) struct Spans {
    functions: HashMap<String, Function>,
    running: HashMap<Arc<str>, Running>,
    /// When each event began to wait.
    waiting: HashMap<String, SystemTime>,
    finished: Vec<Finished>,
}

/// A span that is not finished.
#[derive(Debug)]
struct Running {
    since: SystemTime,
    span: Span,
}

impl Spans {
    pub(super) fn new(functions: &[Function]) -> Self {
        let functions = functions.iter().map(|function| (function.worker.clone(), function.clone())).collect();
        Self { functions, running: HashMap::new(), waiting: HashMap::new(), finished: Vec::new() }
    }

    /// How many are finished.
    pub(super) fn len(&self) -> usize {
        self.finished.len()
    }

    /// Gives those that are finished.
    pub(super) fn drain(&mut self) -> Vec<Finished> {
        std::mem::take(&mut self.finished)
    }

    /// Takes what happened.
    pub(super) fn take(&mut self, happening: &DevEvent) {
        match &happening.kind {
            DevEventKind::InvocationStarted(started) => self.started(happening.at, started),
            DevEventKind::InvocationEnded(ended) => self.ended(happening.at, ended),
            DevEventKind::Log(log) => self.line(happening.at, log),
            DevEventKind::Queue(queued) => self.queued(happening.at, queued),
            _ => {}
        }
    }

    fn started(&mut self, at: SystemTime, started: &InvocationStarted) {
        let trace_id = trace_id(&started.trace);
        // All attempts of an event have the same parent and the same request id.
        let parent_span_id = match &started.parent_request_id {
            Some(parent) => self.running.get(parent).map_or_else(|| span_id(parent, 1), |one| one.span.span_id.clone()),
            None => Vec::new(),
        };
        let mut attributes = vec![
            pair("faas.invocation_id", &*started.request_id),
            pair("faas.trigger", if &*started.worker == ENDPOINT { "http" } else { "other" }),
            pair("bedrock.worker", &*started.worker),
        ];
        if let Some(function) = self.functions.get(&*started.worker) {
            attributes.push(pair("cloud.resource_id", function.arn.as_str()));
            attributes.push(pair("faas.name", function.name.as_str()));
        }
        attributes.extend(started.caller.as_deref().map(|caller| pair("bedrock.caller", caller)));
        attributes.extend(started.attempt.map(|attempt| pair("bedrock.attempt", u64::from(attempt))));
        let span = Span {
            trace_id,
            span_id: span_id(&started.request_id, started.attempt.unwrap_or(1)),
            parent_span_id,
            name: started.worker.to_string(),
            kind: SERVER,
            start_time_unix_nano: nanos(at),
            attributes,
            ..Span::default()
        };
        if started.mode == Mode::Event
            && let Some(since) = self.waiting.remove(&*started.request_id)
        {
            self.waited(since, &span, started);
        }
        forget_oldest(&mut self.running, |one| one.since);
        self.running.insert(Arc::clone(&started.request_id), Running { since: at, span });
    }

    /// The time in the queue, beside the attempt that it led to.
    fn waited(&mut self, since: SystemTime, attempt: &Span, started: &InvocationStarted) {
        let mut id = attempt.span_id.clone();
        // Another one than that of the attempt, whatever that is.
        for byte in &mut id {
            *byte = !*byte;
        }
        let span = Span {
            span_id: id,
            name: format!("{} queued", started.worker),
            kind: INTERNAL,
            start_time_unix_nano: nanos(since).min(attempt.start_time_unix_nano),
            end_time_unix_nano: attempt.start_time_unix_nano,
            attributes: vec![pair("faas.invocation_id", &*started.request_id)],
            ..attempt.clone()
        };
        self.finish(&started.worker, "".into(), span);
    }

    fn ended(&mut self, at: SystemTime, ended: &InvocationEnded) {
        let Some(Running { mut span, .. }) = self.running.remove(&ended.request_id) else { return };
        span.end_time_unix_nano = nanos(at).max(span.start_time_unix_nano);
        if let Some(init) = ended.init_ms {
            span.attributes.push(pair("faas.coldstart", Value::Flag(true)));
            let duration = pair("duration_ms", Value::Number(init));
            span.events.insert(0, event(span.start_time_unix_nano, "init", vec![duration]));
        }
        span.attributes.extend(ended.max_memory_mb.map(|used| pair("bedrock.max_memory_mb", used)));
        if ended.outcome != Outcome::Ok {
            let kind = ended.error_type.as_deref().unwrap_or(ended.outcome.as_str());
            let message = ended.message.as_deref().unwrap_or_default();
            span.attributes.push(pair("error.type", kind));
            let mut said = vec![pair("exception.type", kind), pair("exception.message", message)];
            if !ended.stack.is_empty() {
                said.push(pair("exception.stacktrace", ended.stack.join("\n").as_str()));
            }
            span.events.push(event(span.end_time_unix_nano, "exception", said));
            span.status = Some(Status { message: message.to_owned(), code: FAILED });
        }
        self.finish(&ended.worker, Arc::clone(&ended.request_id), span);
    }

    fn finish(&mut self, worker: &str, request_id: Arc<str>, span: Span) {
        self.finished.push(Finished { worker: worker.to_owned(), span, request_id });
    }

    fn line(&mut self, at: SystemTime, log: &LogEvent) {
        let Some(id) = &log.request_id else { return };
        let span = match self.running.get_mut(id) {
            Some(running) => Some(&mut running.span),
            // Lines go through a pipe and may come behind the answer.
            None => self.finished.iter_mut().rev().find(|one| one.request_id == *id).map(|one| &mut one.span),
        };
        let Some(span) = span else { return };
        if span.events.len() >= LINES {
            span.dropped_events_count += 1;
            return;
        }
        let text: String = log.line.chars().take(LINE).collect();
        let mut attributes = vec![pair("message", text.as_str())];
        let level = log.level.and_then(|level| serde_json::to_value(level).ok());
        attributes.extend(level.as_ref().and_then(|level| level.as_str()).map(|level| pair("level", level)));
        span.events.push(event(nanos(at), "log", attributes));
    }

    fn queued(&mut self, at: SystemTime, queued: &AsyncEventUpdate) {
        match queued.state {
            // Told behind the start of its attempt, it has not waited.
            AsyncEventState::Accepted | AsyncEventState::Waiting | AsyncEventState::Retried
                if !self.running.contains_key(&*queued.event_id) =>
            {
                forget_oldest(&mut self.waiting, |since| *since);
                self.waiting.insert(queued.event_id.clone(), at);
            }
            _ => drop(self.waiting.remove(&queued.event_id)),
        }
    }
}

/// Makes room for one more.
fn forget_oldest<K: Clone + Eq + Hash, T>(known: &mut HashMap<K, T>, since: impl Fn(&T) -> SystemTime) {
    if known.len() < KNOWN {
        return;
    }
    let oldest = known.iter().min_by_key(|(_, one)| since(one)).map(|(id, _)| id.clone());
    let _ = oldest.and_then(|id| known.remove(&id));
}

fn event(at: u64, name: &str, attributes: Vec<KeyValue>) -> Event {
    Event { time_unix_nano: at, name: name.to_owned(), attributes }
}

/// That of X-Ray without its dashes, `1-5759e988-bd862e3fe1be46a994272793`; what is none of AWS's becomes a number of its own.
fn trace_id(root: &str) -> Vec<u8> {
    let digits = root.strip_prefix("1-").map(|rest| rest.replace('-', ""));
    digits.and_then(|digits| bytes(&digits, TRACE)).unwrap_or_else(|| Sha256::digest(root)[..TRACE].to_vec())
}

/// The first attempt's is what workers get to see as `Parent` of their trace; a later one's is in the rest of the request id.
fn span_id(request_id: &str, attempt: u32) -> Vec<u8> {
    let digits: String = request_id.chars().filter(char::is_ascii_hexdigit).collect();
    let half = if attempt <= 1 { digits.get(..2 * SPAN) } else { digits.get(2 * SPAN..4 * SPAN) };
    let mut id = half.and_then(|half| bytes(half, SPAN)).unwrap_or_else(|| Sha256::digest(request_id)[..SPAN].to_vec());
    if attempt > 1 {
        for (byte, other) in id.iter_mut().rev().zip(attempt.to_le_bytes()) {
            *byte ^= other;
        }
    }
    id
}

/// So many bytes of hexadecimal digits, which must not all be zero: such an id is none.
fn bytes(digits: &str, count: usize) -> Option<Vec<u8>> {
    let byte = |at: usize| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok();
    let all: Vec<u8> = (0..count).map(byte).collect::<Option<_>>()?;
    (digits.len() == 2 * count && all.iter().any(|byte| *byte != 0)).then_some(all)
}

fn nanos(at: SystemTime) -> u64 {
    u64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
