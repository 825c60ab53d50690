//! Fire-and-forget on a clock that stands still until the test moves it: retries, ages and destinations as on Lambda.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::watch;

use super::harness::{Harness, Origin};
use super::invocations::{cut, json_of};
use crate::local::dispatch::Info;
use crate::local::invocation::Invocation;
use crate::local::output::short;
use crate::local::queue::record::json_or_text;
use crate::local::queue::{Attempt, Condition, Event, Next, next, record};
use crate::local::workers::described;

/// An event that was given up, or handed to a destination outside of the app; or to a worker of the app that its chain of
/// calls has led to too often, and that is not run for it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Left {
    /// The worker whose event it was.
    pub worker: String,
    /// The id that all its attempts had.
    pub request_id: String,
    /// What it was.
    pub event: Value,
    /// Why it left: `Success`, `RetriesExhausted` or `EventAgeExceeded`.
    pub condition: &'static str,
    /// How often it was run.
    pub attempts: u32,
    /// Where it went, if the worker's settings say so: an ARN, or a worker's name.
    pub destination: Option<String>,
    /// What the destination gets, or would get; of dead letters, the event.
    pub record: Value,
}

/// The events of a test's app.
pub(super) struct Events {
    state: Mutex<State>,
    /// How many are being run.
    running: watch::Sender<usize>,
    /// Held while the clock is moved.
    moving: tokio::sync::Mutex<()>,
}

struct State {
    now: SystemTime,
    waiting: Vec<Waiting>,
    left: Vec<Left>,
}

/// An event that will be tried again.
struct Waiting {
    due: SystemTime,
    event: Event,
    caller: Option<String>,
}

impl Default for Events {
    fn default() -> Self {
        let state = State { now: SystemTime::now(), waiting: Vec::new(), left: Vec::new() };
        Self { state: Mutex::new(state), running: watch::Sender::default(), moving: tokio::sync::Mutex::default() }
    }
}

impl Events {
    pub(super) fn now(&self) -> SystemTime {
        self.lock().now
    }

    /// Those that left without success, or to somebody outside.
    pub(super) fn left(&self) -> Vec<Left> {
        self.lock().left.clone()
    }

    /// Those that are not done, in words.
    pub(super) fn open(&self) -> Vec<String> {
        let (state, running) = (self.lock(), *self.running.borrow());
        let mut lines: Vec<String> = state.waiting.iter().map(|waiting| waiting.said(state.now)).collect();
        match running {
            0 => {}
            1 => lines.insert(0, "one that is being run".to_owned()),
            running => lines.insert(0, format!("{running} that are being run")),
        }
        lines
    }

    /// Waits until nothing is due.
    pub(super) async fn settled(&self) {
        // What is due is started at once, so only what runs is waited for. The sender lives as long as `self`.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn said(&self, now: SystemTime) -> String {
        let left = self.due.duration_since(now).unwrap_or_default().as_secs();
        let (worker, attempt) = (&self.event.worker, self.event.attempts + 1);
        format!("`{worker}` with {}, attempt {attempt} in {left} s", cut(&String::from_utf8_lossy(&self.event.payload)))
    }
}

impl Harness {
    /// Takes an event that has passed all checks, and runs it.
    pub(super) fn accept(self: &Arc<Self>, info: &Arc<Info>, invocation: Invocation, caller: Option<String>) {
        let worker = info.entry.name.clone();
        let event = Event {
            id: invocation.request_id,
            arn: info.function.arn.clone(),
            payload: invocation.event,
            trace: invocation.trace,
            rules: self.rules(&worker),
            accepted: self.events.now(),
            attempts: 0,
            refusals: 0,
            worker,
        };
        self.begin(event, caller);
    }

    fn begin(self: &Arc<Self>, event: Event, caller: Option<String>) {
        // Counted before this returns: whoever then waits until nothing is due waits for this one too.
        self.events.running.send_modify(|running| *running += 1);
        let done = Done(Arc::clone(self));
        self.local.handle.spawn(async move {
            done.0.attempt(event, caller).await;
            drop(done);
        });
    }

    async fn attempt(self: &Arc<Self>, mut event: Event, caller: Option<String>) {
        let Ok(info) = self.local.info(&event.worker) else { return };
        event.attempts += 1;
        let attempt = self.once(info, &event, caller.clone()).await;
        if let Attempt::Refused(_) | Attempt::Dropped(_) = attempt {
            event.attempts -= 1;
            event.refusals += 1;
        } else {
            event.refusals = 0;
        }
        match next(&event, Some(&attempt), self.events.now()) {
            Next::At(due) => {
                let waiting = Waiting { due, event, caller };
                self.output().say(&format!("a failed event waits: {}", waiting.said(self.events.now())));
                self.events.lock().waiting.push(waiting);
            }
            Next::Over(condition) => self.over(&event, condition, &attempt),
        }
    }

    async fn once(self: &Arc<Self>, info: Arc<Info>, event: &Event, caller: Option<String>) -> Attempt {
        let function = described(&info);
        if let Some(error) = self.lineage.dropped(&function, &event.trace) {
            return Attempt::Dropped(error);
        }
        let mut invocation = Invocation::new(event.payload.clone(), Some(event.trace.clone()));
        invocation.request_id.clone_from(&event.id);
        match self.run(info, invocation, Origin { caller, attempt: Some(event.attempts) }).await {
            Ok(response) => Attempt::Answered(response),
            Err(error) => Attempt::failed(&error, &function, &event.id),
        }
    }

    /// Ends an event and hands it on.
    fn over(self: &Arc<Self>, event: &Event, condition: Condition, attempt: &Attempt) {
        let rules = &event.rules;
        let is_done = condition == Condition::Success;
        let destination = if is_done { &rules.on_success } else { &rules.on_failure };
        if is_done && destination.is_none() {
            return;
        }
        if !is_done {
            let (id, worker, attempts) = (short(&event.id), &event.worker, event.attempts);
            let runs = if attempts == 1 { "run" } else { "runs" };
            self.output().say(&format!("error: event {id} for worker `{worker}` is given up after {attempts} {runs}"));
        }
        let record = record(event, condition, Some(attempt), self.events.now());
        let receiver = destination.as_deref().and_then(|destination| self.resolve(destination, event));
        let is_left = !is_done || receiver.is_none();
        if let Some((worker, trace)) = receiver {
            let handed_on = Invocation::new(record.to_string().into(), Some(trace));
            self.accept(&worker, handed_on, Some(event.worker.clone()));
        }
        let mut state = self.events.lock();
        if is_left {
            state.left.push(left(event, condition, destination.clone(), record));
        }
        if let (false, Some(letters)) = (is_done, &rules.dead_letter) {
            state.left.push(left(event, condition, Some(letters.clone()), json_or_text(&event.payload)));
        }
    }

    /// The function of this app that a destination is to which an event leads, with the trace that it gets. Nothing if the
    /// chain of calls has led to it too often.
    fn resolve(&self, destination: &str, of: &Event) -> Option<(Arc<Info>, String)> {
        let info = self.local.info(function_of(destination)?).ok()?;
        let led = described(&*self.local.info(&of.worker).ok()?);
        let trace = self.lineage.counted(&led, of.trace.clone());
        (!self.lineage.is_circle(&described(&info), &trace)).then_some((info, trace))
    }

    /// Moves the clock, and runs on the way what becomes due, each at its time.
    pub(super) async fn advance(self: &Arc<Self>, by: Duration) {
        let _moving = self.events.moving.lock().await;
        self.events.settled().await;
        let until = self.events.now() + by;
        while self.run_next(Some(until)).await {}
        self.events.lock().now = until;
    }

    /// Moves the clock until no event waits any more.
    pub(super) async fn drain(self: &Arc<Self>) {
        let _moving = self.events.moving.lock().await;
        self.events.settled().await;
        while self.run_next(None).await {}
    }

    /// Moves the clock to the time when the next events are due, if that is not too late, and runs them.
    async fn run_next(self: &Arc<Self>, until: Option<SystemTime>) -> bool {
        let due: Vec<Waiting> = {
            let mut state = self.events.lock();
            let next = state.waiting.iter().map(|waiting| waiting.due).min();
            let Some(next) = next.filter(|next| until.is_none_or(|until| *next <= until)) else { return false };
            state.now = state.now.max(next);
            state.waiting.extract_if(.., |waiting| waiting.due <= next).collect()
        };
        for waiting in due {
            self.begin(waiting.event, waiting.caller);
        }
        self.events.settled().await;
        true
    }
}

fn left(event: &Event, condition: Condition, destination: Option<String>, record: Value) -> Left {
    Left {
        worker: event.worker.clone(),
        request_id: event.id.clone(),
        event: json_of(&event.payload),
        condition: condition.as_str(),
        attempts: event.attempts,
        destination,
        record,
    }
}

/// The function that a destination is, if it is one: by its ARN, or by its name alone.
fn function_of(destination: &str) -> Option<&str> {
    match destination.split_once(":function:") {
        Some((_, rest)) => rest.split(':').next(),
        None => Some(destination).filter(|name| !name.contains(':')),
    }
}

/// Counts an event as run, also when its task is dropped.
struct Done(Arc<Harness>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.events.running.send_modify(|running| *running -= 1);
    }
}
