//! Makes happenings of what the workshop does: invocations, printed lines, queue changes.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bedrock::Error;
use bedrock::local::service::{FunctionInfo, Reply, failure_body};
use bedrock::local::{Invocation, Measures, rfc3339};
use bytes::Bytes;

use super::caller_index::{self, CallerIndex, CallerSpan};
use super::event::{
    AsyncEventState, AsyncEventUpdate, DestinationDelivery, DevEventKind, InvocationEnded, InvocationStarted, LogEvent,
    Mode, Outcome,
};
use super::level::Level;
use super::log::EventLog;
use super::payload::Payload;
use super::payload_cache::PayloadCache;
use super::redact::Redactions;
use crate::execution::LogLine;
use crate::queue::{Change, Delivered, Event};
use crate::spawn_on_drop::SpawnOnDrop;

/// Writes into a stream; cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    stream: EventLog,
    redactions: Arc<Redactions>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    calls: CallerIndex,
    whole: PayloadCache,
}

/// Whose invocation it is, and which; all that is kept of it shares this.
#[derive(Debug, Clone)]
struct InvocationKey {
    worker: Arc<str>,
    request_id: Arc<str>,
}

impl Recorder {
    /// Into this stream.
    pub fn new(stream: EventLog) -> Self {
        Self { stream, redactions: Arc::default(), state: Arc::default() }
    }

    /// The same without what is nobody's business.
    #[must_use]
    pub fn without(self, redactions: Redactions) -> Self {
        Self { redactions: Arc::new(redactions), ..self }
    }

    /// An event or a response of a function as readers get to see it.
    pub fn payload(&self, worker: &str, bytes: &[u8]) -> Payload {
        self.redactions.payload(worker, bytes)
    }

    /// All of it, with what is nobody's business left out.
    pub fn shown(&self, worker: &str, bytes: &Bytes) -> Bytes {
        match self.redactions.shown(worker, bytes) {
            Cow::Borrowed(_) => bytes.clone(),
            Cow::Owned(shown) => shown.into(),
        }
    }

    /// What it writes into.
    pub fn stream(&self) -> &EventLog {
        &self.stream
    }

    /// The event of an invocation as it was sent, if it is still kept.
    pub fn event(&self, request_id: &str) -> Option<Bytes> {
        self.state().whole.get(request_id)
    }

    /// Runs an invocation and publishes its beginning and its end. It is run to its end also when whoever called goes away,
    /// as on Lambda. `attempt` is that of an event.
    pub async fn run(
        &self,
        function: &FunctionInfo,
        attempt: Option<u32>,
        mut invocation: Invocation,
        run: impl FnOnce(Invocation) -> Reply,
    ) -> Result<Bytes, Error> {
        let of = InvocationKey {
            worker: function.worker.as_str().into(),
            request_id: invocation.request_id.as_str().into(),
        };
        self.started(&of, attempt, &invocation);
        invocation.trace = caller_index::branch(&invocation.trace, &invocation.request_id);
        let began = Instant::now();
        let (recorder, owned, measured) = (self.clone(), function.clone(), invocation.measured.clone());
        let reply = run(invocation);
        let told = async move {
            let came = reply.await;
            recorder.ended(&owned, of, (began.elapsed(), measured.get()), &came);
            came
        };
        SpawnOnDrop::new(told).await
    }

    /// A line that a worker printed.
    pub fn printed(&self, line: &LogLine) {
        self.stream.publish(DevEventKind::Log(LogEvent {
            worker: line.worker.clone(),
            request_id: line.request_id.clone(),
            level: Level::of(&line.text),
            line: line.text.clone(),
        }));
    }

    /// An event that went on.
    pub fn queue(&self, event: &Event, change: Change<'_>) {
        let (state, next_at) = match change {
            Change::Delivered(delivered) => return self.delivered(delivered),
            Change::Accepted => (AsyncEventState::Accepted, None),
            Change::Waiting(due) => (AsyncEventState::Waiting, Some(rfc3339(due))),
            Change::Over(crate::queue::Condition::Success) => (AsyncEventState::Delivered, None),
            Change::Over(_) => (AsyncEventState::Failed, None),
            Change::Dropped => (AsyncEventState::Dropped, None),
            Change::Retried(due) => (AsyncEventState::Retried, Some(rfc3339(due))),
        };
        let (event_id, worker) = (event.id.clone(), event.worker.clone());
        self.stream.publish(DevEventKind::Queue(AsyncEventUpdate {
            event_id,
            worker,
            state,
            attempts: event.attempts,
            next_at,
        }));
    }

    fn delivered(&self, delivered: &Delivered) {
        self.stream.publish(DevEventKind::Delivered(DestinationDelivery {
            event_id: delivered.id.clone(),
            worker: delivered.worker.clone(),
            destination: delivered.destination.clone(),
            why: delivered.why.as_str(),
            record: self.payload(&delivered.worker, delivered.record.to_string().as_bytes()),
            attributes: delivered.attributes.clone(),
            delivered_as: delivered.as_event.clone(),
        }));
    }

    fn started(&self, of: &InvocationKey, attempt: Option<u32>, invocation: &Invocation) {
        let InvocationKey { worker, request_id } = of.clone();
        let event = Arc::new(self.payload(&worker, &invocation.event));
        let caller = {
            let mut state = self.state();
            let caller = state.calls.caller(&invocation.trace);
            state.calls.begin(CallerSpan { worker: Arc::clone(&worker), request_id: Arc::clone(&request_id) });
            state.whole.keep(&request_id, &invocation.event, &event);
            caller
        };
        let (caller, parent_request_id) = caller.map(|caller| (caller.worker, caller.request_id)).unzip();
        self.stream.publish(DevEventKind::InvocationStarted(InvocationStarted {
            request_id,
            worker,
            caller,
            parent_request_id,
            trace: caller_index::root(&invocation.trace),
            mode: if attempt.is_some() { Mode::Event } else { Mode::Sync },
            attempt,
            event,
        }));
    }

    fn ended(
        &self,
        function: &FunctionInfo,
        InvocationKey { worker, request_id }: InvocationKey,
        (took, measured): (Duration, Measures),
        came: &Result<Bytes, Error>,
    ) {
        let (error_type, message) = came.as_ref().err().map(|error| said(error, function, &request_id)).unzip();
        let stack = match came {
            Err(Error::Function { trace, .. }) => trace.clone(),
            _ => Vec::new(),
        };
        self.stream.publish(DevEventKind::InvocationEnded(InvocationEnded {
            request_id,
            response: came.as_ref().ok().map(|response| self.payload(&worker, response)),
            worker,
            outcome: outcome(came),
            error_type,
            message,
            stack,
            duration_ms: milliseconds(took),
            init_ms: measured.init.map(milliseconds),
            max_memory_mb: measured.memory,
        }));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What it came to, in one word.
pub(crate) fn outcome(came: &Result<Bytes, Error>) -> Outcome {
    match came {
        Ok(_) => Outcome::Ok,
        Err(Error::Timeout { .. }) => Outcome::Timeout,
        Err(Error::Throttled { .. }) => Outcome::Throttled,
        Err(Error::AccessDenied { .. }) => Outcome::Denied,
        Err(_) => Outcome::Error,
    }
}

/// Type and text of an error as its caller gets them.
pub(crate) fn said(error: &Error, function: &FunctionInfo, request_id: &str) -> (String, String) {
    let body = failure_body(error, function, request_id);
    let of = |key: &str| body.as_ref().and_then(|body| body.get(key)?.as_str().map(str::to_owned));
    (
        of("errorType").unwrap_or_else(|| error.error_type().to_owned()),
        of("errorMessage").unwrap_or_else(|| error.to_string()),
    )
}

/// With three places.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
