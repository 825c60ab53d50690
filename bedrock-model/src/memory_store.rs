//! Events in memory: lost when the program ends.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use crate::async_event::AsyncEvent;
use crate::async_invoker::{Claim, EventStore, FinishedEvent};

/// Stores waiting events in memory. Failed events are not kept.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    /// How many times faster than Lambda retry delays pass. See [`MemoryStore::accelerated`].
    acceleration: Option<u32>,
}

#[derive(Debug, Default)]
struct State {
    /// By due time, then in the order in which they were added.
    waiting: BTreeMap<(SystemTime, u64), AsyncEvent>,
    sequence: u64,
    is_expedited: bool,
}

impl MemoryStore {
    /// Returns a store in which the delay before a retry is `factor` times shorter than on Lambda.
    ///
    /// The age of an event increases by the full delay nevertheless, so that an event gets as many attempts within its
    /// maximum age as on Lambda. Needs an engine on the system clock.
    pub fn accelerated(factor: u32) -> Self {
        Self { state: Mutex::default(), acceleration: Some(factor) }
    }

    /// Makes all events due now, also those that are rescheduled later.
    pub fn expedite(&self) {
        let mut state = self.lock();
        state.is_expedited = true;
        let waiting = std::mem::take(&mut state.waiting);
        state.waiting =
            waiting.into_iter().map(|((_, sequence), event)| ((SystemTime::UNIX_EPOCH, sequence), event)).collect();
    }

    /// Whether [`MemoryStore::expedite`] was called.
    pub fn is_expedited(&self) -> bool {
        self.lock().is_expedited
    }

    /// Returns when the next waiting event is due.
    pub fn next_due(&self) -> Option<SystemTime> {
        self.lock().next_due()
    }

    /// Returns the waiting events with their due times, the next one first.
    pub fn waiting(&self) -> Vec<(SystemTime, AsyncEvent)> {
        self.lock().waiting.iter().map(|((due, _), event)| (*due, event.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, due: SystemTime, event: AsyncEvent) {
        self.sequence += 1;
        self.waiting.insert((due, self.sequence), event);
    }

    fn next_due(&self) -> Option<SystemTime> {
        self.waiting.keys().next().map(|(due, _)| *due)
    }
}

impl EventStore for MemoryStore {
    type Error = Infallible;

    fn add(&self, event: &AsyncEvent) -> Result<(), Infallible> {
        self.lock().insert(event.accepted, event.clone());
        Ok(())
    }

    fn claim(&self, now: SystemTime) -> Result<Claim, Infallible> {
        let mut state = self.lock();
        let first = state.waiting.first_entry().filter(|entry| entry.key().0 <= now);
        let event = first.map(|entry| {
            let event = entry.remove();
            AsyncEvent { attempts: event.attempts + 1, ..event }
        });
        Ok(Claim { event, next: state.next_due(), is_empty: state.waiting.is_empty() })
    }

    fn reschedule(&self, event: &AsyncEvent, due: SystemTime, _: &Value) -> Result<SystemTime, Infallible> {
        let mut state = self.lock();
        let mut event = event.clone();
        let mut due = due;
        if let Some(factor) = self.acceleration {
            let now = SystemTime::now();
            let delay = due.duration_since(now).unwrap_or_default();
            let wait = delay / factor;
            event.accepted -= delay.saturating_sub(wait);
            due = now + wait;
        }
        if state.is_expedited {
            due = SystemTime::UNIX_EPOCH;
        }
        state.insert(due, event);
        Ok(due)
    }

    fn finish(&self, finished: &FinishedEvent<'_>) -> Result<(), Infallible> {
        let mut state = self.lock();
        for event in finished.new_events {
            state.insert(event.accepted, event.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{AsyncEvent, EventStore, MemoryStore};
    use crate::event_invoke_config::EventInvokeConfig;
    use bytes::Bytes;
    use serde_json::Value;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    fn event(id: &str, accepted: SystemTime) -> AsyncEvent {
        AsyncEvent {
            id: id.to_owned(),
            worker: "worker".to_owned(),
            arn: "arn".to_owned(),
            payload: Bytes::from_static(b"{}"),
            trace: String::new(),
            rules: EventInvokeConfig::default(),
            accepted,
            attempts: 0,
            refusals: 0,
        }
    }

    fn claimed(store: &MemoryStore, now: SystemTime) -> Option<AsyncEvent> {
        let Ok(claim) = store.claim(now);
        claim.event
    }

    #[test]
    fn memory_store_returns_events_in_order_of_due_time() {
        let store = MemoryStore::default();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        for (id, seconds) in [("late", 5), ("one", 1), ("two", 1)] {
            let Ok(()) = store.add(&event(id, at(seconds)));
        }
        assert_eq!(claimed(&store, at(0)), None);
        let ids: Vec<_> =
            std::iter::from_fn(|| claimed(&store, at(1))).map(|event| (event.id, event.attempts)).collect();
        assert_eq!(ids, [("one".to_owned(), 1), ("two".to_owned(), 1)]);
        assert_eq!(store.next_due(), Some(at(5)));
        store.expedite();
        assert_eq!(claimed(&store, at(1)).map(|event| event.id), Some("late".to_owned()));
    }

    #[test]
    fn accelerated_store_shortens_delay_and_keeps_age() {
        let store = MemoryStore::accelerated(60);
        let now = SystemTime::now();
        let minute = Duration::from_secs(60);
        let Ok(due) = store.reschedule(&event("a", now), now + minute, &Value::Null);
        let wait = due.duration_since(now).expect("later");
        assert!(wait >= Duration::from_millis(900) && wait < Duration::from_secs(2), "{wait:?}");
        let event = claimed(&store, due).expect("an event");
        assert!(due.duration_since(event.accepted).expect("older") >= Duration::from_millis(59_900));
    }
}
