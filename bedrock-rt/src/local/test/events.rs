//! Fire-and-forget calls on a clock that stands still until the test moves it: retries, ages and destinations as on
//! Lambda.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bedrock_model::destination_record::{destination_record, json_or_text};
use bedrock_model::{
    AsyncEvent, AsyncInvoker, AttemptFuture, Claim, Condition, DestinationFunction, EventHandlers, EventStore,
    EventTransition, FinishedEvent, MemoryStore,
};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::invocations::shorten;
use bedrock_local::{Output, short_id};

/// An event that failed permanently, or that was sent to a destination outside of the app. Also an event for a worker
/// of the app that is not run, because its chain of calls has already run the worker as often as Lambda allows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UndeliveredEvent {
    /// The worker that the event was for.
    pub worker: String,
    /// The request id of all its attempts.
    pub request_id: String,
    /// The event itself.
    pub event: Value,
    /// Why it left the queue: `Success`, `RetriesExhausted` or `EventAgeExceeded`. For a batch of a stream that was
    /// discarded: `RetryAttemptsExhausted` or `MaximumRecordAgeExceeded`.
    pub condition: &'static str,
    /// How often it was run.
    pub attempts: u32,
    /// The destination in the worker's settings, if there is one: an ARN or a worker's name.
    pub destination: Option<String>,
    /// What the destination gets, or would get. For a dead letter it is the event itself.
    pub record: Value,
}

/// What the events need from the app of the test.
pub(super) trait TestEventTarget: Send + Sync {
    /// Runs an event once. `caller` is the worker that sent it.
    fn attempt(&self, event: AsyncEvent, caller: Option<String>) -> AttemptFuture;

    /// Resolves the destination of an event to a function of this app. Returns `None` if it is outside the app.
    fn resolve(&self, destination: &str, event: &AsyncEvent) -> Option<DestinationFunction>;
}

/// The events of a test's app.
pub(super) struct TestEvents {
    invoker: AsyncInvoker<Arc<TestStore>>,
    store: Arc<TestStore>,
    handle: Handle,
    /// Number of events that are running.
    running: watch::Sender<usize>,
}

/// The events on the clock of the test.
struct TestStore {
    waiting: MemoryStore,
    state: Mutex<State>,
}

struct State {
    now: SystemTime,
    /// The workers that sent the events that are not finished, by event id.
    callers: HashMap<String, String>,
    undelivered: Vec<UndeliveredEvent>,
}

impl TestEvents {
    pub(super) fn new(handle: Handle, output: Output, target: Arc<dyn TestEventTarget>) -> Arc<Self> {
        let state = State { now: SystemTime::now(), callers: HashMap::new(), undelivered: Vec::new() };
        let store = Arc::new(TestStore { waiting: MemoryStore::default(), state: Mutex::new(state) });
        let clock = Arc::clone(&store);
        let callers = Arc::clone(&store);
        let observed = Arc::clone(&store);
        let resolver = Arc::clone(&target);
        let handlers = EventHandlers {
            run: Box::new(move |event| {
                let caller = callers.caller(&event.id);
                target.attempt(event, caller)
            }),
            resolve: Box::new(move |destination, event| resolver.resolve(destination, event)),
            observer: Box::new(move |event, transition| print(&output, event, transition, observed.now())),
        };
        let invoker = AsyncInvoker::new(Arc::clone(&store), move || clock.now(), handlers);
        Arc::new(Self { invoker, store, handle, running: watch::Sender::default() })
    }

    /// Returns the time of the test's clock.
    pub(super) fn now(&self) -> SystemTime {
        self.store.now()
    }

    /// Returns the events that failed permanently, and those for destinations outside of the app.
    pub(super) fn undelivered(&self) -> Vec<UndeliveredEvent> {
        self.store.lock().undelivered.clone()
    }

    /// Adds a batch of a stream that was discarded.
    pub(super) fn add_undelivered(&self, event: UndeliveredEvent) {
        self.store.lock().undelivered.push(event);
    }

    /// Describes the events that are not finished.
    pub(super) fn open(&self) -> Vec<String> {
        let now = self.now();
        let running = *self.running.borrow();
        let waiting = self.store.waiting.waiting();
        let mut lines: Vec<String> = waiting.iter().map(|(due, event)| describe(event, *due, now)).collect();
        match running {
            0 => {}
            1 => lines.insert(0, "one that is running".to_owned()),
            running => lines.insert(0, format!("{running} that are running")),
        }
        lines
    }

    /// Waits until no event is due.
    pub(super) async fn wait_for_due(&self) {
        // Due events are started at once, so only running events have to be waited for. The sender lives as long as
        // `self`.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }

    /// Accepts an event that has passed all checks, and starts to run it. `caller` is the worker that sent it.
    pub(super) fn accept(self: &Arc<Self>, event: &AsyncEvent, caller: Option<String>) {
        if let Some(caller) = caller {
            self.store.lock().callers.insert(event.id.clone(), caller);
        }
        let Ok(()) = self.invoker.accept(event);
        self.run_due();
    }

    /// Returns the number of events that are running.
    pub(super) fn running(&self) -> usize {
        *self.running.borrow()
    }

    /// Returns when the next event is due.
    pub(super) fn next_due(&self) -> Option<SystemTime> {
        self.store.waiting.next_due()
    }

    /// Moves the clock to `time`, but never back.
    pub(super) fn move_to(&self, time: SystemTime) {
        let mut state = self.store.lock();
        state.now = state.now.max(time);
    }

    /// Starts a task for every event that is due. They are counted before this returns, so that waiting includes them.
    pub(super) fn run_due(self: &Arc<Self>) {
        while let Ok(Claim { event: Some(event), .. }) = self.invoker.claim() {
            let running = RunningGuard::new(self);
            self.handle.spawn(async move {
                let Ok(_) = running.0.invoker.run(event).await;
                running.0.run_due();
                drop(running);
            });
        }
    }
}

impl TestStore {
    fn now(&self) -> SystemTime {
        self.lock().now
    }

    fn caller(&self, id: &str) -> Option<String> {
        self.lock().callers.get(id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventStore for TestStore {
    type Error = Infallible;

    fn add(&self, event: &AsyncEvent) -> Result<(), Infallible> {
        self.waiting.add(event)
    }

    fn claim(&self, now: SystemTime) -> Result<Claim, Infallible> {
        self.waiting.claim(now)
    }

    fn reschedule(&self, event: &AsyncEvent, due: SystemTime, last_error: &Value) -> Result<SystemTime, Infallible> {
        self.waiting.reschedule(event, due, last_error)
    }

    fn finish(&self, finished: &FinishedEvent<'_>) -> Result<(), Infallible> {
        let mut state = self.lock();
        let now = state.now;
        state.callers.remove(&finished.event.id);
        for new_event in finished.new_events {
            state.callers.insert(new_event.id.clone(), finished.event.worker.clone());
        }
        state.undelivered.extend(undelivered(finished, now));
        drop(state);
        self.waiting.finish(finished)
    }
}

/// Returns what tests see of a finished event. An event with a dead-letter queue appears twice: once as failed, once as
/// the dead letter.
fn undelivered(finished: &FinishedEvent<'_>, now: SystemTime) -> Vec<UndeliveredEvent> {
    let FinishedEvent { event, condition, last_attempt, deliveries, .. } = *finished;
    let config = &event.rules;
    let of = |destination: Option<&String>, record: Value| UndeliveredEvent {
        worker: event.worker.clone(),
        request_id: event.id.clone(),
        event: json_or_text(&event.payload),
        condition: condition.as_str(),
        attempts: event.attempts,
        destination: destination.cloned(),
        record,
    };
    if condition == Condition::Success {
        let outside = deliveries.iter().filter(|delivery| delivery.as_event.is_none());
        return outside.map(|delivery| of(Some(&delivery.destination), delivery.record.clone())).collect();
    }
    let record = destination_record(event, condition, last_attempt, now);
    let failed = of(config.on_failure.as_ref(), record);
    let dead_letter = config.dead_letter.as_ref().map(|queue| of(Some(queue), json_or_text(&event.payload)));
    [Some(failed), dead_letter].into_iter().flatten().collect()
}

fn print(output: &Output, event: &AsyncEvent, transition: EventTransition<'_>, now: SystemTime) {
    match transition {
        EventTransition::Waiting(due) => {
            output.print(&format!("a failed event waits: {}", describe(event, due, now)));
        }
        EventTransition::Over(condition) if condition != Condition::Success => {
            let id = short_id(&event.id);
            let worker = &event.worker;
            let attempts = event.attempts;
            let noun = if attempts == 1 { "attempt" } else { "attempts" };
            output
                .print(&format!("error: event {id} for worker `{worker}` failed permanently after {attempts} {noun}"));
        }
        _ => {}
    }
}

fn describe(event: &AsyncEvent, due: SystemTime, now: SystemTime) -> String {
    let seconds = due.duration_since(now).unwrap_or_default().as_secs();
    let worker = &event.worker;
    let attempt = event.attempts + 1;
    let payload = shorten(&String::from_utf8_lossy(&event.payload));
    format!("`{worker}` with {payload}, attempt {attempt} in {seconds} s")
}

/// Counts an event as running, until its task ends or is dropped.
struct RunningGuard(Arc<TestEvents>);

impl RunningGuard {
    fn new(events: &Arc<TestEvents>) -> Self {
        events.running.send_modify(|running| *running += 1);
        Self(Arc::clone(events))
    }
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}
