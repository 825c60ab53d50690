//! The engine of asynchronous invocations: accepts events, runs them, and decides after each attempt whether an event
//! is retried or finished and what its destinations get.
//!
//! ```text
//! accept ─▶ store ─▶ claim ─▶ attempt ─▶ decide ─┬─▶ reschedule ─▶ store
//!                                                └─▶ finish: destination, dead letter ─▶ new events ─▶ store
//! ```
//!
//! There is one engine and three stores: [`MemoryStore`](crate::MemoryStore) for `cargo run`, a store on a virtual
//! clock for `bedrock::test`, and SQLite for `cargo bedrock dev`. When to claim the next event is left to the owner of
//! the engine, because each has a clock of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use crate::async_event::{AsyncEvent, Attempt, Condition, EventTransition};
use crate::destination::{DestinationDelivery, DestinationFunction, DestinationKind};
use crate::destination_record::{dead_letter_attributes, destination_record, json_or_text};
use crate::id;
use crate::retry_policy::{RetryDecision, decide};

/// Future of one attempt.
pub type AttemptFuture = Pin<Box<dyn Future<Output = Attempt> + Send>>;

/// Stores the events of an [`AsyncInvoker`].
pub trait EventStore: Send + Sync {
    /// Why the store cannot be used.
    type Error;

    /// Adds an event that is due now. Adding the same id twice stores one event.
    fn add(&self, event: &AsyncEvent) -> Result<(), Self::Error>;

    /// Takes the event that has been due longest. Its number of attempts is already increased by one.
    fn claim(&self, now: SystemTime) -> Result<Claim, Self::Error>;

    /// Puts a claimed event back for another attempt at `due`. Returns when it will really be due.
    fn reschedule(&self, event: &AsyncEvent, due: SystemTime, last_error: &Value) -> Result<SystemTime, Self::Error>;

    /// Removes a claimed event and adds the events that result from it, all or nothing.
    fn finish(&self, finished: &FinishedEvent<'_>) -> Result<(), Self::Error>;
}

impl<S: EventStore + ?Sized> EventStore for Arc<S> {
    type Error = S::Error;

    fn add(&self, event: &AsyncEvent) -> Result<(), S::Error> {
        (**self).add(event)
    }

    fn claim(&self, now: SystemTime) -> Result<Claim, S::Error> {
        (**self).claim(now)
    }

    fn reschedule(&self, event: &AsyncEvent, due: SystemTime, last_error: &Value) -> Result<SystemTime, S::Error> {
        (**self).reschedule(event, due, last_error)
    }

    fn finish(&self, finished: &FinishedEvent<'_>) -> Result<(), S::Error> {
        (**self).finish(finished)
    }
}

/// The result of [`EventStore::claim`].
#[derive(Debug)]
pub struct Claim {
    /// The event to run now. `None` if no event is due.
    pub event: Option<AsyncEvent>,
    /// When the next waiting event is due.
    pub next: Option<SystemTime>,
    /// Whether the store contains no events at all, not even failed ones.
    pub is_empty: bool,
}

/// An event that succeeded or failed permanently, with everything that results from it.
#[derive(Debug)]
pub struct FinishedEvent<'a> {
    /// The event.
    pub event: &'a AsyncEvent,
    /// Why it is finished.
    pub condition: Condition,
    /// Its last attempt. `None` if it became too old before it was run.
    pub last_attempt: Option<&'a Attempt>,
    /// What the destinations get, those of this app included.
    pub deliveries: &'a [DestinationDelivery],
    /// The events for destinations that are functions of this app.
    pub new_events: &'a [AsyncEvent],
}

/// Runs one event once.
type RunEvent = dyn Fn(AsyncEvent) -> AttemptFuture + Send + Sync;
/// Resolves the destination of an event to a function of this app. Returns `None` if the destination is outside the
/// app.
type ResolveDestination = dyn Fn(&str, &AsyncEvent) -> Option<DestinationFunction> + Send + Sync;
/// Is notified of every change after it is stored. Must not block.
type Observer = dyn Fn(&AsyncEvent, EventTransition<'_>) + Send + Sync;

/// The callbacks of an [`AsyncInvoker`].
pub struct EventHandlers {
    /// Runs one event once.
    pub run: Box<RunEvent>,
    /// Resolves the destination of an event to a function of this app. Returns `None` if it is outside the app.
    pub resolve: Box<ResolveDestination>,
    /// Is notified of every change after it is stored. Must not block.
    pub observer: Box<Observer>,
}

/// Runs asynchronous events; see the [module](self).
pub struct AsyncInvoker<S> {
    store: S,
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    handlers: EventHandlers,
    /// Serializes store updates with their notifications, so that observers always see `Accepted` before any later
    /// transition of the same event. Also held while an event is claimed.
    notifying: Mutex<()>,
}

impl<S: EventStore> AsyncInvoker<S> {
    /// Returns an engine over `store` with the clock `now`.
    pub fn new(store: S, now: impl Fn() -> SystemTime + Send + Sync + 'static, handlers: EventHandlers) -> Self {
        Self { store, now: Box::new(now), handlers, notifying: Mutex::new(()) }
    }

    /// Returns the store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Returns the current time of the engine's clock.
    pub fn now(&self) -> SystemTime {
        (self.now)()
    }

    /// Stores an event. It will be run once this returns `Ok`.
    pub fn accept(&self, event: &AsyncEvent) -> Result<(), S::Error> {
        self.update(|store| {
            store.add(event)?;
            self.notify(event, EventTransition::Accepted);
            Ok(())
        })
    }

    /// Takes the event that has been due longest, for [`AsyncInvoker::run`].
    pub fn claim(&self) -> Result<Claim, S::Error> {
        self.update(|store| store.claim(self.now()))
    }

    /// Runs a claimed event once and stores the result. Returns what happened to the event, after all notifications.
    pub async fn run(&self, event: AsyncEvent) -> Result<RetryDecision, S::Error> {
        let attempt = self.attempt(&event).await;
        self.store_attempt(event, attempt.as_ref())
    }

    /// Runs a claimed event once, for [`AsyncInvoker::store_attempt`]. Returns `None` if it has become too old while no
    /// program was there to run it.
    pub async fn attempt(&self, event: &AsyncEvent) -> Option<Attempt> {
        match decide(event, None, self.now()) {
            RetryDecision::Finish(_) => None,
            RetryDecision::RunAt(_) => Some((self.handlers.run)(event.clone()).await),
        }
    }

    /// Stores the result of [`AsyncInvoker::attempt`]. May be called again if the store fails. Returns what happened to
    /// the event, after all notifications.
    pub fn store_attempt(&self, event: AsyncEvent, attempt: Option<&Attempt>) -> Result<RetryDecision, S::Error> {
        if let Some(attempt) = attempt {
            self.settle(event, attempt)
        } else {
            let event = AsyncEvent { attempts: event.attempts.saturating_sub(1), ..event };
            self.finish(&event, Condition::EventAgeExceeded, None)
        }
    }

    /// Stores the result of an attempt. Returns what happened to the event, after all notifications.
    pub fn settle(&self, mut event: AsyncEvent, attempt: &Attempt) -> Result<RetryDecision, S::Error> {
        if let Attempt::Refused(_) | Attempt::Dropped(_) = attempt {
            event.attempts = event.attempts.saturating_sub(1);
            event.refusals += 1;
        } else {
            event.refusals = 0;
        }
        match decide(&event, Some(attempt), self.now()) {
            RetryDecision::RunAt(due) => self.update(|store| {
                let due = store.reschedule(&event, due, &attempt.error())?;
                self.notify(&event, EventTransition::Waiting(due));
                Ok(RetryDecision::RunAt(due))
            }),
            RetryDecision::Finish(condition) => self.finish(&event, condition, Some(attempt)),
        }
    }

    /// Changes the store while no other change is stored or observed.
    pub fn update<T>(&self, change: impl FnOnce(&S) -> Result<T, S::Error>) -> Result<T, S::Error> {
        let _notifying = self.lock();
        change(&self.store)
    }

    /// Notifies the observer.
    pub fn notify(&self, event: &AsyncEvent, transition: EventTransition<'_>) {
        (self.handlers.observer)(event, transition);
    }

    fn finish(
        &self,
        event: &AsyncEvent,
        condition: Condition,
        attempt: Option<&Attempt>,
    ) -> Result<RetryDecision, S::Error> {
        let mut deliveries = Vec::new();
        let mut new_events = Vec::new();
        for (kind, destination) in destinations(event, condition) {
            let mut delivery = self.delivery(event, kind, destination, condition, attempt);
            // A dead letter is for a queue or a topic, never for a function.
            let function = match kind {
                DestinationKind::DeadLetter => None,
                DestinationKind::OnSuccess | DestinationKind::OnFailure => (self.handlers.resolve)(destination, event),
            };
            if let Some(function) = function {
                let new_event = self.new_event(function, &delivery.record);
                delivery.as_event = Some(new_event.id.clone());
                new_events.push(new_event);
            }
            deliveries.push(delivery);
        }
        self.update(|store| {
            store.finish(&FinishedEvent {
                event,
                condition,
                last_attempt: attempt,
                deliveries: &deliveries,
                new_events: &new_events,
            })?;
            self.notify(event, EventTransition::Over(condition));
            for delivery in &deliveries {
                self.notify(event, EventTransition::Delivered(delivery));
            }
            for new_event in &new_events {
                self.notify(new_event, EventTransition::Accepted);
            }
            Ok(RetryDecision::Finish(condition))
        })
    }

    fn delivery(
        &self,
        event: &AsyncEvent,
        kind: DestinationKind,
        destination: &str,
        condition: Condition,
        attempt: Option<&Attempt>,
    ) -> DestinationDelivery {
        let at = self.now();
        let (record, attributes) = match kind {
            DestinationKind::DeadLetter => (json_or_text(&event.payload), Some(dead_letter_attributes(event, attempt))),
            DestinationKind::OnSuccess | DestinationKind::OnFailure => {
                (destination_record(event, condition, attempt, at), None)
            }
        };
        DestinationDelivery {
            id: event.id.clone(),
            worker: event.worker.clone(),
            destination: destination.to_owned(),
            why: kind,
            record,
            attributes,
            as_event: None,
            at,
        }
    }

    fn new_event(&self, to: DestinationFunction, record: &Value) -> AsyncEvent {
        AsyncEvent {
            id: id::new_uuid(),
            worker: to.worker,
            arn: to.arn,
            payload: record.to_string().into(),
            trace: to.trace,
            rules: to.rules,
            accepted: self.now(),
            attempts: 0,
            refusals: 0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        // The lock protects no data that a panic could leave half changed.
        self.notifying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the destinations of a finished event, in the order in which they are served.
fn destinations(event: &AsyncEvent, condition: Condition) -> impl Iterator<Item = (DestinationKind, &str)> {
    let config = &event.rules;
    let is_success = condition == Condition::Success;
    let on_success = config.on_success.as_deref().filter(|_| is_success);
    let on_failure = config.on_failure.as_deref().filter(|_| !is_success);
    let dead_letter = config.dead_letter.as_deref().filter(|_| !is_success);
    let all = [
        (DestinationKind::OnSuccess, on_success),
        (DestinationKind::OnFailure, on_failure),
        (DestinationKind::DeadLetter, dead_letter),
    ];
    all.into_iter().filter_map(|(kind, destination)| Some((kind, destination?)))
}
