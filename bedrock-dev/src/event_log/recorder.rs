//! Publishes events for what the dev server does: invocations, log lines, queue changes.

use std::borrow::Cow;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use bedrock_local::SpawnOnDrop;
use bedrock_model::date::rfc3339;
use bedrock_model::function_error::failure_body;
use bedrock_model::{Error, FunctionInfo, Invocation, Metrics, Reply};
use bytes::Bytes;

use super::caller_index::{self, CallerIndex, CallerSpan};
use super::event::{
    AsyncEventState, AsyncEventUpdate, DeliveryEvent, DevEventKind, InvocationEnded, InvocationStarted, LogEvent, Mode,
    Outcome,
};
use super::http_call;
use super::level::Level;
use super::log::EventLog;
use super::payload::Payload;
use super::payload_cache::PayloadCache;
use super::redact::Redactions;
use crate::async_queue::{AsyncEvent, DestinationDelivery, EventTransition};
use crate::execution::LogLine;
use crate::sync::Mutex;

/// Publishes to an event log; cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    log: EventLog,
    redactions: Arc<Redactions>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    callers: CallerIndex,
    events: PayloadCache,
}

/// Identifies an invocation; all of its events share these strings.
#[derive(Debug, Clone)]
struct InvocationKey {
    worker: Arc<str>,
    request_id: Arc<str>,
    /// Whether it is a request of a function URL.
    is_http: bool,
}

/// What an invocation took.
#[derive(Clone, Copy)]
struct Usage {
    duration: Duration,
    measures: Metrics,
}

impl Recorder {
    /// Creates a recorder that publishes to `log`.
    pub fn new(log: EventLog) -> Self {
        Self { log, redactions: Arc::default(), state: Arc::default() }
    }

    /// Applies redaction rules to everything that is recorded from now on.
    #[must_use]
    pub fn with_redactions(self, redactions: Redactions) -> Self {
        Self { redactions: Arc::new(redactions), ..self }
    }

    /// Returns an event or a response as readers see it: redacted and truncated.
    pub fn payload(&self, worker: &str, bytes: &[u8]) -> Payload {
        self.redactions.payload(worker, bytes)
    }

    /// Does the same as [`Recorder::payload`] for the start of a payload that has `size` bytes.
    pub(crate) fn payload_start(&self, worker: &str, bytes: &[u8], size: usize) -> Payload {
        self.redactions.payload_start(worker, bytes, size)
    }

    /// Returns an event or a response in full, but redacted.
    pub fn redacted(&self, worker: &str, bytes: &Bytes) -> Bytes {
        match self.redactions.redacted(worker, bytes) {
            Cow::Borrowed(_) => bytes.clone(),
            Cow::Owned(redacted) => redacted.into(),
        }
    }

    /// Returns the log that it publishes to.
    pub fn log(&self) -> &EventLog {
        &self.log
    }

    /// Returns the full event of an invocation, as it was sent, if it is still stored.
    pub fn event(&self, request_id: &str) -> Option<Bytes> {
        self.state().events.get(request_id)
    }

    /// Runs an invocation and publishes its start and its end. As on Lambda, it is completed even if the caller
    /// disconnects. `attempt` is the number of the attempt of an asynchronous event.
    pub async fn run(
        &self,
        function: &FunctionInfo,
        attempt: Option<u32>,
        mut invocation: Invocation,
        run: impl FnOnce(Invocation) -> Reply,
    ) -> Result<Bytes, Error> {
        let mut key = InvocationKey {
            worker: function.worker.as_str().into(),
            request_id: invocation.request_id.as_str().into(),
            is_http: false,
        };
        self.publish_started(&mut key, attempt, &invocation);
        invocation.trace = caller_index::child_trace_header(&invocation.trace, &invocation.request_id);
        let started_at = Instant::now();
        let recorder = self.clone();
        let recorded_function = function.clone();
        let measures = invocation.metrics.clone();
        let reply = run(invocation);
        let run_to_end = async move {
            let result = reply.await;
            let usage = Usage { duration: started_at.elapsed(), measures: measures.get() };
            recorder.publish_ended(&recorded_function, key, usage, &result);
            result
        };
        SpawnOnDrop::new(run_to_end).await
    }

    /// Publishes a log line of a worker.
    pub fn publish_line(&self, line: &LogLine) {
        self.log.publish(DevEventKind::Log(LogEvent {
            worker: line.worker.clone(),
            request_id: line.request_id.clone(),
            level: Level::of(&line.text),
            line: line.text.clone(),
        }));
    }

    /// Publishes a state change of an asynchronous event.
    pub fn publish_queue_change(&self, event: &AsyncEvent, change: EventTransition<'_>) {
        let (state, next_at) = match change {
            EventTransition::Delivered(delivered) => return self.publish_delivery(delivered),
            EventTransition::Accepted => (AsyncEventState::Accepted, None),
            EventTransition::Waiting(due) => (AsyncEventState::Waiting, Some(rfc3339(due))),
            EventTransition::Over(crate::async_queue::Condition::Success) => (AsyncEventState::Delivered, None),
            EventTransition::Over(_) => (AsyncEventState::Failed, None),
            EventTransition::Dropped => (AsyncEventState::Dropped, None),
            EventTransition::Retried(due) => (AsyncEventState::Retried, Some(rfc3339(due))),
        };
        self.log.publish(DevEventKind::Queue(AsyncEventUpdate {
            event_id: event.id.clone(),
            worker: event.worker.clone(),
            state,
            attempts: event.attempts,
            next_at,
        }));
    }

    fn publish_delivery(&self, delivered: &DestinationDelivery) {
        self.log.publish(DevEventKind::Delivered(DeliveryEvent {
            event_id: delivered.id.clone(),
            worker: delivered.worker.clone(),
            destination: delivered.destination.clone(),
            why: delivered.why.as_str(),
            record: self.payload(&delivered.worker, delivered.record.to_string().as_bytes()),
            attributes: delivered.attributes.clone(),
            delivered_as: delivered.as_event.clone(),
        }));
    }

    fn publish_started(&self, key: &mut InvocationKey, attempt: Option<u32>, invocation: &Invocation) {
        let http = http_call::request(&self.redactions.redacted(&key.worker, &invocation.event));
        key.is_http = http.is_some();
        let InvocationKey { worker, request_id, .. } = key.clone();
        let event = Arc::new(self.payload(&worker, &invocation.event));
        let caller = {
            let mut state = self.state();
            let caller = state.callers.find(&invocation.trace);
            state.callers.insert(CallerSpan { worker: Arc::clone(&worker), request_id: Arc::clone(&request_id) });
            state.events.insert(&request_id, &invocation.event, &event);
            caller
        };
        let (caller, parent_request_id) = caller.map(|caller| (caller.worker, caller.request_id)).unzip();
        self.log.publish(DevEventKind::InvocationStarted(InvocationStarted {
            request_id,
            worker,
            caller,
            parent_request_id,
            trace: caller_index::trace_id(&invocation.trace),
            mode: if attempt.is_some() { Mode::Event } else { Mode::Sync },
            attempt,
            http,
            event,
        }));
    }

    fn publish_ended(&self, function: &FunctionInfo, key: InvocationKey, usage: Usage, result: &Result<Bytes, Error>) {
        let InvocationKey { worker, request_id, is_http } = key;
        let status = is_http.then(|| http_call::status(result));
        let error = result.as_ref().err().map(|error| error_text(error, function, &request_id));
        let (error_type, message) = error.unzip();
        let stack = match result {
            Err(Error::Function { trace, .. }) => trace.clone(),
            _ => Vec::new(),
        };
        self.log.publish(DevEventKind::InvocationEnded(InvocationEnded {
            request_id,
            response: result.as_ref().ok().map(|response| self.payload(&worker, response)),
            worker,
            outcome: outcome(result),
            status,
            error_type,
            message,
            stack,
            duration_ms: milliseconds(usage.duration),
            init_ms: usage.measures.init.map(milliseconds),
            max_memory_mb: usage.measures.memory,
        }));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// Returns the outcome of an invocation.
pub(crate) fn outcome(result: &Result<Bytes, Error>) -> Outcome {
    match result {
        Ok(_) => Outcome::Ok,
        Err(Error::Timeout { .. }) => Outcome::Timeout,
        Err(Error::Throttled { .. }) => Outcome::Throttled,
        Err(Error::AccessDenied { .. }) => Outcome::Denied,
        Err(_) => Outcome::Error,
    }
}

/// Returns the type and the message of an error, as the caller receives them.
pub(crate) fn error_text(error: &Error, function: &FunctionInfo, request_id: &str) -> (String, String) {
    let body = failure_body(error, function, request_id);
    let field = |key: &str| body.as_ref().and_then(|body| body.get(key)?.as_str().map(str::to_owned));
    (
        field("errorType").unwrap_or_else(|| error.error_type().to_owned()),
        field("errorMessage").unwrap_or_else(|| error.to_string()),
    )
}

/// Returns milliseconds with three decimal places.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
