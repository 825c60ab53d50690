//! Runs due events: claims them from the store, and stores their results until the store accepts them. The store is only
//! used on its own turn of a blocking thread, so that a locked file stops no synchronous call.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bedrock_local::durable::DatabaseThread;
use bedrock_model::{
    AsyncEvent, AsyncInvoker, Attempt, AttemptFuture, Claim, DeliveryHook, DestinationFunction, EventHandlers,
    EventTransition,
};
use serde_json::json;
use tokio::sync::{Notify, watch};

use super::store::{QueueStore, StoreError};
use crate::Clock;
use crate::sync::Mutex;

/// Pause before a result that could not be stored is stored again. It doubles each time.
const FIRST_STORE_DELAY: Duration = Duration::from_millis(100);
/// Maximum of that pause.
const MAX_STORE_DELAY: Duration = Duration::from_secs(5);
/// How far the clock may be set back without a change of the stored times.
const MAX_CLOCK_DRIFT: Duration = Duration::from_secs(1);
/// Poll interval while the queue is not empty: another process may change the file without notifying this one.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Logs a message.
type LogError = dyn Fn(&str) + Send + Sync;

/// The queue of an app's asynchronous events.
pub struct AsyncQueue {
    invoker: AsyncInvoker<Arc<QueueStore>>,
    clock: Clock,
    thread: DatabaseThread,
    /// Notified when an event may have become due.
    changed: Notify,
    /// Number of events that are running or being claimed.
    in_flight: watch::Sender<usize>,
    /// Ids of the events that have been run and whose results could not be stored yet.
    unstored: Mutex<HashSet<String>>,
    /// Logs an error of the store.
    log_error: OnceLock<Box<LogError>>,
}

impl AsyncQueue {
    /// Returns a queue over a store that this program owns. `run` runs an event once. `resolve` resolves a destination
    /// to a function of this app, and returns `None` if it is outside the app.
    ///
    /// Events that a program was running when it ended have failed once, because it is not known how far they got. Those
    /// that it had only claimed have not.
    pub fn new(
        store: Arc<QueueStore>,
        clock: Clock,
        run: impl Fn(AsyncEvent) -> AttemptFuture + Send + Sync + 'static,
        resolve: impl Fn(&str, &AsyncEvent) -> Option<DestinationFunction> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, StoreError> {
        let run = Arc::new(run);
        let run = move |event, before_delivery: DeliveryHook| -> AttemptFuture {
            let run = Arc::clone(&run);
            Box::pin(async move {
                before_delivery.run().await;
                run(event).await
            })
        };
        Self::with_observer(store, clock, run, resolve, |_, _| {})
    }

    /// Does the same as [`AsyncQueue::new`], with an observer that is notified of every change after it is stored,
    /// except of changes by other programs. The observer must not block. `run` awaits the hook before it hands the event
    /// to a process.
    pub fn with_observer(
        store: Arc<QueueStore>,
        clock: Clock,
        run: impl Fn(AsyncEvent, DeliveryHook) -> AttemptFuture + Send + Sync + 'static,
        resolve: impl Fn(&str, &AsyncEvent) -> Option<DestinationFunction> + Send + Sync + 'static,
        observer: impl Fn(&AsyncEvent, EventTransition<'_>) + Send + Sync + 'static,
    ) -> Result<Arc<Self>, StoreError> {
        let this = Arc::new(OnceLock::new());
        let weak = Arc::clone(&this);
        let run = move |event: AsyncEvent| {
            let before_delivery = delivery_hook(weak.get().cloned().unwrap_or_default(), event.id.clone());
            run(event, before_delivery)
        };
        let handlers = EventHandlers { run: Box::new(run), resolve: Box::new(resolve), observer: Box::new(observer) };
        let invoker_clock = clock.clone();
        let queue = Arc::new(Self {
            invoker: AsyncInvoker::new(store, move || invoker_clock.now(), handlers),
            clock,
            thread: DatabaseThread::new(),
            changed: Notify::new(),
            in_flight: watch::Sender::default(),
            unstored: Mutex::default(),
            log_error: OnceLock::new(),
        });
        let _ = this.set(Arc::downgrade(&queue));
        let interrupted =
            json!({ "errorType": "Runtime.ExitError", "errorMessage": "the program ended while the event was run" });
        queue.store().rebase(queue.clock.now())?;
        queue.store().put_back_undelivered()?;
        for event in queue.store().interrupted()? {
            queue.invoker.settle(event, &Attempt::Failed(interrupted.clone()))?;
        }
        Ok(queue)
    }

    /// Sets the function that logs errors of the store which the queue itself handles. Only the first call counts.
    pub fn log_errors_with(&self, log: impl Fn(&str) + Send + Sync + 'static) {
        let _ = self.log_error.set(Box::new(log));
    }

    /// Uses the store on a blocking thread: no other operation of this queue runs at the same time.
    pub async fn on_thread<T: Send + 'static>(
        self: &Arc<Self>,
        operation: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let queue = Arc::clone(self);
        self.thread.run(move || operation(&queue)).await
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

    /// Deletes an event that is not running, or that has been run and whose result could not be stored yet. Returns
    /// `false` if there is no such event.
    pub fn forget(&self, id: &str) -> Result<bool, StoreError> {
        let event = self.find(id)?;
        let is_unstored = self.unstored.lock().contains(id);
        let is_deleted = if is_unstored { self.store().delete(id)? } else { self.store().forget(id)? };
        self.unstored.lock().remove(id);
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
        let mut last_time = self.clock.now();
        loop {
            let now = self.clock.now();
            if now + MAX_CLOCK_DRIFT < last_time {
                // What was due in a minute would otherwise wait until the clock shows the former time again.
                self.on_thread(move |queue| queue.store().rebase(now)).await?;
            }
            last_time = now;
            // Counted before the event is claimed, so that the queue does not look idle in between.
            let in_flight = InFlightGuard::new(&self);
            let Claim { event, next, is_empty } = self.on_thread(|queue| queue.invoker.claim()).await?;
            if let Some(event) = event {
                tokio::spawn(async move {
                    in_flight.0.run(event).await;
                    in_flight.0.changed.notify_one();
                    drop(in_flight);
                });
                continue;
            }
            drop(in_flight);
            self.wait(next, is_empty).await;
        }
    }

    /// Runs an event once and stores the result. If the store fails, the result stays in memory and is stored again
    /// until that succeeds or the event is dropped.
    async fn run(self: &Arc<Self>, event: AsyncEvent) {
        let id = event.id.clone();
        let attempt = Arc::new(self.invoker.attempt(&event).await);
        let mut delay = FIRST_STORE_DELAY;
        let mut is_first = true;
        loop {
            let is_again = !is_first;
            let event = event.clone();
            let attempt = Arc::clone(&attempt);
            let stored = self.on_thread(move |queue| queue.store_result(event, attempt.as_ref().as_ref(), is_again));
            let Err(error) = stored.await else { break };
            if is_first {
                self.log(&format!(
                    "the result of event `{id}` is not stored and is stored again until that succeeds: {error}"
                ));
            }
            is_first = false;
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(MAX_STORE_DELAY);
        }
    }

    /// Stores the result of an attempt. `is_again` says whether it is in memory because the store has failed.
    fn store_result(&self, event: AsyncEvent, attempt: Option<&Attempt>, is_again: bool) -> Result<(), StoreError> {
        let id = event.id.clone();
        if is_again && !self.unstored.lock().contains(&id) {
            // It was dropped.
            return Ok(());
        }
        match self.invoker.store_attempt(event, attempt) {
            Ok(_) => {
                self.unstored.lock().remove(&id);
                Ok(())
            }
            Err(error) => {
                self.unstored.lock().insert(id);
                Err(error)
            }
        }
    }

    fn log(&self, message: &str) {
        if let Some(log_error) = self.log_error.get() {
            log_error(message);
        }
    }

    /// Waits until no event is due or running. Events that become due later do not count.
    pub async fn settled(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut in_flight = self.in_flight.subscribe();
        loop {
            let _ = in_flight.wait_for(|count| *count == 0).await;
            let now = self.clock.now();
            if !self.on_thread(move |queue| queue.store().is_active(now)).await? {
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

/// Returns what records that a process is about to get an event. If that cannot be stored, the event is run anyway: if
/// the program is killed then, the attempt does not count.
fn delivery_hook(queue: Weak<AsyncQueue>, id: String) -> DeliveryHook {
    DeliveryHook::new(move || {
        let queue = queue.upgrade();
        let id = id.clone();
        Box::pin(async move {
            let Some(queue) = queue else { return };
            // The store of the result fails likewise, and is logged.
            let _ = queue.on_thread(move |queue| queue.store().mark_delivered(&id)).await;
        })
    })
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
