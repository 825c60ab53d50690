//! Running what is due: takes events from the store, has them run, and writes down what came of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore, watch};

use super::event::{Attempt, Change, Condition, Delivered, Event, Receiver, Why};
use super::next::{Next, next};
use super::record::{json_or_text, letter, record};
use super::store::{Fault, Store, Taken};
use crate::Clock;

/// What an event comes to when it is run once.
pub type Run = Pin<Box<dyn Future<Output = Attempt> + Send>>;
/// Runs one event.
type Runner = dyn Fn(Event) -> Run + Send + Sync;
/// The function that a destination is to which an event leads; nothing if it is not of this app.
type Resolve = dyn Fn(&str, &Event) -> Option<Receiver> + Send + Sync;

/// Learns how events go on, once that is written down. Must not block.
type Observer = dyn Fn(&Event, Change<'_>) + Send + Sync;

/// Events that are run at the same time.
const AT_ONCE: usize = 64;
/// Another process may have changed the file, which nobody hears of: how often to look, while there are events.
const LOOK: Duration = Duration::from_secs(1);

/// The queue of an app.
pub struct Queue {
    store: Arc<Store>,
    clock: Clock,
    run: Box<Runner>,
    resolve: Box<Resolve>,
    observer: Box<Observer>,
    /// Held from a change of the file to when it is told of, and while an event is taken to be run: what becomes of an event
    /// is not told before that it is there.
    telling: Mutex<()>,
    room: Arc<Semaphore>,
    news: Notify,
    /// Events that are being run.
    running: watch::Sender<usize>,
}

impl Queue {
    /// A queue over a store that this program owns. Events that a program was running when it ended have failed once:
    /// nobody knows how far they came.
    pub fn new(
        store: Arc<Store>,
        clock: Clock,
        run: impl Fn(Event) -> Run + Send + Sync + 'static,
        resolve: impl Fn(&str, &Event) -> Option<Receiver> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, Fault> {
        Self::observed(store, clock, run, resolve, |_, _| {})
    }

    /// The same, with somebody who learns how events go on; not of what other programs do to the file.
    pub fn observed(
        store: Arc<Store>,
        clock: Clock,
        run: impl Fn(Event) -> Run + Send + Sync + 'static,
        resolve: impl Fn(&str, &Event) -> Option<Receiver> + Send + Sync + 'static,
        observer: impl Fn(&Event, Change<'_>) + Send + Sync + 'static,
    ) -> Result<Arc<Self>, Fault> {
        let queue = Arc::new(Self {
            store,
            clock,
            run: Box::new(run),
            resolve: Box::new(resolve),
            observer: Box::new(observer),
            telling: Mutex::new(()),
            room: Arc::new(Semaphore::new(AT_ONCE)),
            news: Notify::new(),
            running: watch::Sender::default(),
        });
        let ended =
            json!({ "errorType": "Runtime.ExitError", "errorMessage": "the program ended while the event was run" });
        queue.store.rebase(queue.clock.now())?;
        for event in queue.store.interrupted()? {
            queue.settle(event, &Attempt::Failed(ended.clone()))?;
        }
        Ok(queue)
    }

    /// Keeps an event; when this returns, it will be run.
    pub fn accept(&self, event: &Event) -> Result<(), Fault> {
        let telling = self.telling();
        self.store.add(event)?;
        (self.observer)(event, Change::Accepted);
        drop(telling);
        self.news.notify_one();
        Ok(())
    }

    /// Makes an event due at once, as [`Store::retry`]; false if there is none.
    pub fn retry(&self, id: &str) -> Result<bool, Fault> {
        let (now, event) = (self.clock.now(), self.event(id)?);
        let telling = self.telling();
        let is_done = self.store.retry(id, now)?;
        if let Some(event) = event.filter(|_| is_done) {
            (self.observer)(&Event { attempts: 0, ..event }, Change::Retried(now));
        }
        drop(telling);
        self.news.notify_one();
        Ok(is_done)
    }

    /// Forgets an event, as [`Store::forget`]; false if there is none.
    pub fn forget(&self, id: &str) -> Result<bool, Fault> {
        let event = self.event(id)?;
        let is_done = self.store.forget(id)?;
        if let Some(event) = event.filter(|_| is_done) {
            (self.observer)(&event, Change::Dropped);
        }
        Ok(is_done)
    }

    fn event(&self, id: &str) -> Result<Option<Event>, Fault> {
        let found = self.store.find(id)?;
        Ok(found.into_iter().map(|listed| listed.event).find(|event| event.id == id))
    }

    /// The events.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Looks again at once: something was changed by hand.
    pub fn look(&self) {
        self.news.notify_one();
    }

    fn take(&self) -> Result<Taken, Fault> {
        let _telling = self.telling();
        self.store.take(self.clock.now())
    }

    fn telling(&self) -> MutexGuard<'_, ()> {
        // It holds nothing that a panic could have left half done.
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs events as they become due, for ever; ends with a fault of the file.
    pub async fn work(self: Arc<Self>) -> Result<(), Fault> {
        loop {
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else { return Ok(()) };
            // Counted before it is taken, so that nobody takes the queue for empty in between.
            self.running.send_modify(|running| *running += 1);
            let begun = Begun(Arc::clone(&self));
            let taken = self.take()?;
            if let Some(event) = taken.event {
                tokio::spawn(async move {
                    let _room = room;
                    // A store that fails here fails in `work` next.
                    let _ = begun.0.once(event).await;
                    drop(begun);
                });
                continue;
            }
            drop((begun, room));
            self.wait(taken.next, taken.is_empty).await;
        }
    }

    /// Waits until there is nothing to run, whatever is due later excepted.
    pub async fn settled(&self) -> Result<(), Fault> {
        let mut running = self.running.subscribe();
        loop {
            let _ = running.wait_for(|running| *running == 0).await;
            let now = self.clock.now();
            let is_due = |listed: &super::Listed| matches!(listed.state, super::State::Waiting(due) if due <= now);
            let events = self.store.list()?;
            if !events.iter().any(|listed| is_due(listed) || listed.state == super::State::Running) {
                return Ok(());
            }
            self.news.notify_one();
            tokio::task::yield_now().await;
        }
    }

    async fn wait(&self, due: Option<SystemTime>, is_empty: bool) {
        tokio::select! {
            () = self.news.notified() => {}
            // An empty queue costs nothing: only this program adds to it.
            () = tokio::time::sleep(LOOK), if !is_empty => {}
            () = self.clock.sleep_until(due.unwrap_or(UNIX_EPOCH)), if due.is_some() => {}
        }
    }

    async fn once(&self, event: Event) -> Result<(), Fault> {
        // It may have grown too old while nobody was here to run it.
        if let Next::Over(condition) = next(&event, None, self.clock.now()) {
            let event = Event { attempts: event.attempts.saturating_sub(1), ..event };
            return self.over(&event, condition, None);
        }
        let attempt = (self.run)(event.clone()).await;
        self.settle(event, &attempt)
    }

    /// Writes down what an attempt came to.
    fn settle(&self, mut event: Event, attempt: &Attempt) -> Result<(), Fault> {
        if let Attempt::Refused(_) | Attempt::Dropped(_) = attempt {
            event.attempts = event.attempts.saturating_sub(1);
            event.refusals += 1;
        } else {
            event.refusals = 0;
        }
        match next(&event, Some(attempt), self.clock.now()) {
            Next::At(due) => {
                let _telling = self.telling();
                self.store.put_back(&event, due, &said(attempt))?;
                (self.observer)(&event, Change::Waiting(due));
                Ok(())
            }
            Next::Over(condition) => self.over(&event, condition, Some(attempt)),
        }
    }

    /// Ends an event and hands it on.
    fn over(&self, event: &Event, condition: Condition, attempt: Option<&Attempt>) -> Result<(), Fault> {
        let rules = &event.rules;
        let destinations = if condition == Condition::Success {
            [rules.on_success.as_ref().map(|to| (Why::OnSuccess, to)), None]
        } else {
            let letter = rules.dead_letter.as_ref().map(|to| (Why::DeadLetter, to));
            [rules.on_failure.as_ref().map(|to| (Why::OnFailure, to)), letter]
        };
        let (mut delivered, mut events) = (Vec::new(), Vec::new());
        for (why, destination) in destinations.into_iter().flatten() {
            let mut one = self.delivered(event, why, destination, (condition, attempt));
            // A dead letter is for a queue or a topic.
            let receiver = if why == Why::DeadLetter { None } else { (self.resolve)(destination, event) };
            if let Some(receiver) = receiver {
                let next = self.handed_on(receiver, &one.record);
                one.as_event = Some(next.id.clone());
                events.push(next);
            }
            delivered.push(one);
        }
        let elsewhere: Vec<_> = delivered.iter().filter(|one| one.as_event.is_none()).cloned().collect();
        let last = attempt.map(said);
        let telling = self.telling();
        self.store.finish(event, condition, last.as_ref(), &events, &elsewhere)?;
        (self.observer)(event, Change::Over(condition));
        for one in &delivered {
            (self.observer)(event, Change::Delivered(one));
        }
        for event in &events {
            (self.observer)(event, Change::Accepted);
        }
        drop(telling);
        self.news.notify_one();
        Ok(())
    }

    /// What a destination gets.
    fn delivered(
        &self,
        event: &Event,
        why: Why,
        destination: &str,
        (condition, attempt): (Condition, Option<&Attempt>),
    ) -> Delivered {
        let at = self.clock.now();
        let (record, attributes) = match why {
            Why::DeadLetter => (json_or_text(&event.payload), Some(letter(event, attempt))),
            Why::OnSuccess | Why::OnFailure => (record(event, condition, attempt, at), None),
        };
        let (id, worker, destination) = (event.id.clone(), event.worker.clone(), destination.to_owned());
        Delivered { id, worker, destination, why, record, attributes, as_event: None, at }
    }

    /// The event for a destination that is a function of this app.
    fn handed_on(&self, to: Receiver, record: &Value) -> Event {
        let Receiver { worker, arn, rules, trace } = to;
        Event {
            id: bedrock::local::Invocation::new(bytes::Bytes::new(), None).request_id,
            worker,
            arn,
            payload: record.to_string().into(),
            trace,
            rules,
            accepted: self.clock.now(),
            attempts: 0,
            refusals: 0,
        }
    }
}

/// What lists show of an attempt that did not succeed.
fn said(attempt: &Attempt) -> Value {
    match attempt {
        Attempt::Answered(_) => Value::Null,
        Attempt::Failed(error) | Attempt::Dropped(error) => error.clone(),
        Attempt::Refused(why) => json!({ "errorMessage": why }),
    }
}

/// An event that is being run, or looked for.
struct Begun(Arc<Queue>);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}
