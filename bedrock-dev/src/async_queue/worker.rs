//! Runs due events: claims them from the store, at most [`MAX_CONCURRENT_EVENTS`] at the same time.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bedrock_model::{
    AsyncEvent, AsyncInvoker, Attempt, AttemptFuture, Claim, DestinationFunction, EventHandlers, EventState,
    EventTransition,
};
use serde_json::json;
use tokio::sync::{Notify, Semaphore, watch};

use super::store::{QueueStore, StoreError};
use crate::Clock;

/// Maximum number of events that run at the same time.
const MAX_CONCURRENT_EVENTS: usize = 64;
/// Poll interval while the queue is not empty: another process may change the file without notifying this one.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The queue of an app's asynchronous events.
pub struct AsyncQueue {
    invoker: AsyncInvoker<Arc<QueueStore>>,
    clock: Clock,
    permits: Arc<Semaphore>,
    /// Notified when an event may have become due.
    changed: Notify,
    /// Number of events that are running or being claimed.
    in_flight: watch::Sender<usize>,
}

impl AsyncQueue {
    /// Returns a queue over a store that this program owns. `run` runs an event once. `resolve` resolves a destination
    /// to a function of this app, and returns `None` if it is outside the app.
    ///
    /// Events that a program was running when it ended have failed once, because it is not known how far they got.
    pub fn new(
        store: Arc<QueueStore>,
        clock: Clock,
        run: impl Fn(AsyncEvent) -> AttemptFuture + Send + Sync + 'static,
        resolve: impl Fn(&str, &AsyncEvent) -> Option<DestinationFunction> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, StoreError> {
        Self::with_observer(store, clock, run, resolve, |_, _| {})
    }

    /// Does the same as [`AsyncQueue::new`], with an observer that is notified of every change after it is stored,
    /// except of changes by other programs. The observer must not block.
    pub fn with_observer(
        store: Arc<QueueStore>,
        clock: Clock,
        run: impl Fn(AsyncEvent) -> AttemptFuture + Send + Sync + 'static,
        resolve: impl Fn(&str, &AsyncEvent) -> Option<DestinationFunction> + Send + Sync + 'static,
        observer: impl Fn(&AsyncEvent, EventTransition<'_>) + Send + Sync + 'static,
    ) -> Result<Arc<Self>, StoreError> {
        let handlers = EventHandlers { run: Box::new(run), resolve: Box::new(resolve), observer: Box::new(observer) };
        let invoker_clock = clock.clone();
        let queue = Arc::new(Self {
            invoker: AsyncInvoker::new(store, move || invoker_clock.now(), handlers),
            clock,
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT_EVENTS)),
            changed: Notify::new(),
            in_flight: watch::Sender::default(),
        });
        let interrupted =
            json!({ "errorType": "Runtime.ExitError", "errorMessage": "the program ended while the event was run" });
        queue.store().rebase(queue.clock.now())?;
        for event in queue.store().interrupted()? {
            queue.invoker.settle(event, &Attempt::Failed(interrupted.clone()))?;
        }
        Ok(queue)
    }

    /// Stores an event. It will be run once this returns `Ok`.
    pub fn accept(&self, event: &AsyncEvent) -> Result<(), StoreError> {
        self.invoker.accept(event)?;
        self.changed.notify_one();
        Ok(())
    }

    /// Makes an event due now, see [`QueueStore::retry`]. Returns `false` if there is no such event.
    pub fn retry(&self, id: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let event = self.find(id)?;
        let is_retried = self.invoker.update(|store| {
            let is_retried = store.retry(id, now)?;
            if let Some(event) = event.filter(|_| is_retried) {
                self.invoker.notify(&AsyncEvent { attempts: 0, ..event }, EventTransition::Retried(now));
            }
            Ok(is_retried)
        })?;
        self.changed.notify_one();
        Ok(is_retried)
    }

    /// Deletes an event, see [`QueueStore::forget`]. Returns `false` if there is no such event.
    pub fn forget(&self, id: &str) -> Result<bool, StoreError> {
        let event = self.find(id)?;
        let is_deleted = self.store().forget(id)?;
        if let Some(event) = event.filter(|_| is_deleted) {
            self.invoker.notify(&event, EventTransition::Dropped);
        }
        Ok(is_deleted)
    }

    fn find(&self, id: &str) -> Result<Option<AsyncEvent>, StoreError> {
        let found = self.store().find(id)?;
        Ok(found.into_iter().map(|record| record.event).find(|event| event.id == id))
    }

    /// Returns the store.
    pub fn store(&self) -> &QueueStore {
        self.invoker.store()
    }

    /// Checks the store immediately, after the user has changed it.
    pub fn look(&self) {
        self.changed.notify_one();
    }

    /// Runs events when they become due. Never ends, except with an error of the store.
    pub async fn work(self: Arc<Self>) -> Result<(), StoreError> {
        loop {
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else { return Ok(()) };
            // Counted before the event is claimed, so that the queue does not look idle in between.
            let in_flight = InFlightGuard::new(&self);
            let Claim { event, next, is_empty } = self.invoker.claim()?;
            if let Some(event) = event {
                tokio::spawn(async move {
                    let _permit = permit;
                    // If the store fails here, it also fails in `work`.
                    let _ = in_flight.0.invoker.run(event).await;
                    in_flight.0.changed.notify_one();
                    drop(in_flight);
                });
                continue;
            }
            drop((in_flight, permit));
            self.wait(next, is_empty).await;
        }
    }

    /// Waits until no event is due or running. Events that become due later do not count.
    pub async fn settled(&self) -> Result<(), StoreError> {
        let mut in_flight = self.in_flight.subscribe();
        loop {
            let _ = in_flight.wait_for(|count| *count == 0).await;
            let now = self.clock.now();
            let is_active = |state| match state {
                EventState::Waiting(due) => due <= now,
                EventState::Running => true,
                EventState::Dead(_) => false,
            };
            if !self.store().list()?.iter().any(|record| is_active(record.state)) {
                return Ok(());
            }
            self.changed.notify_one();
            tokio::task::yield_now().await;
        }
    }

    async fn wait(&self, next: Option<SystemTime>, is_empty: bool) {
        tokio::select! {
            () = self.changed.notified() => {}
            // An empty queue is not polled: only this program adds events.
            () = tokio::time::sleep(POLL_INTERVAL), if !is_empty => {}
            () = self.clock.sleep_until(next.unwrap_or(UNIX_EPOCH)), if next.is_some() => {}
        }
    }
}

/// Counts an event as in flight.
struct InFlightGuard(Arc<AsyncQueue>);

impl InFlightGuard {
    fn new(queue: &Arc<AsyncQueue>) -> Self {
        queue.in_flight.send_modify(|count| *count += 1);
        Self(Arc::clone(queue))
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.0.in_flight.send_modify(|count| *count -= 1);
    }
}
