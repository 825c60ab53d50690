//! The full events of recent invocations; the event log only stores the beginning of long ones.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::payload::Payload;

/// Maximum size of all stored events with their overhead. An event has at most 6 MB.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Approximate overhead of one stored event.
const OVERHEAD_BYTES: usize = 256;

/// Events by request id; the oldest are evicted.
#[derive(Debug, Default)]
pub(super) struct PayloadCache {
    events: HashMap<Arc<str>, CachedEvent>,
    order: VecDeque<Arc<str>>,
    bytes: usize,
}

#[derive(Debug)]
enum CachedEvent {
    /// The payload in the event log is complete, as in most cases.
    Logged(Arc<Payload>),
    Copied(Bytes),
}

impl CachedEvent {
    fn new(event: &Bytes, logged: &Arc<Payload>) -> Self {
        if logged.stored_text().as_bytes() == event {
            return Self::Logged(Arc::clone(logged));
        }
        // Copied, because the bytes may be a slice of a larger read buffer, which would stay allocated.
        Self::Copied(Bytes::copy_from_slice(event))
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Logged(payload) => payload.stored_text().as_bytes(),
            Self::Copied(bytes) => bytes,
        }
    }
}

impl PayloadCache {
    /// Stores an event together with its payload in the event log. All attempts of an asynchronous event share the
    /// entry.
    pub(super) fn insert(&mut self, request_id: &Arc<str>, event: &Bytes, logged: &Arc<Payload>) {
        if self.events.contains_key(request_id) {
            return;
        }
        self.bytes += event.len() + OVERHEAD_BYTES;
        self.events.insert(Arc::clone(request_id), CachedEvent::new(event, logged));
        self.order.push_back(Arc::clone(request_id));
        while self.bytes > MAX_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.events.remove(&oldest).map_or(0, |event| event.bytes().len() + OVERHEAD_BYTES);
        }
    }

    pub(super) fn get(&self, request_id: &str) -> Option<Bytes> {
        let event = self.events.get(request_id)?;
        Some(match event {
            CachedEvent::Logged(_) => Bytes::copy_from_slice(event.bytes()),
            CachedEvent::Copied(bytes) => bytes.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{CachedEvent, MAX_BYTES, PayloadCache};
    use crate::event_log::Payload;

    fn insert(cache: &mut PayloadCache, request_id: &str, event: &Bytes) -> Arc<Payload> {
        let logged = Arc::new(Payload::of(event));
        cache.insert(&request_id.into(), event, &logged);
        logged
    }

    #[test]
    fn cache_stores_newest_events_within_its_limit() {
        let mut cache = PayloadCache::default();
        let event = Bytes::from(vec![b' '; 6 * 1024 * 1024]);
        for number in 0..100 {
            insert(&mut cache, &number.to_string(), &event);
            insert(&mut cache, &number.to_string(), &event);
        }
        assert_eq!((cache.events.len(), cache.order.len()), (1, 1));
        assert!(cache.bytes <= MAX_BYTES && cache.get("98").is_none() && cache.get("99").is_some());
        for number in 0..100_000 {
            insert(&mut cache, &format!("small {number}"), &Bytes::new());
        }
        assert!(cache.bytes <= MAX_BYTES && cache.events.len() < 50_000);
    }

    #[test]
    fn cached_event_does_not_retain_the_read_buffer() {
        let mut cache = PayloadCache::default();
        let read = Bytes::from(vec![b' '; 1024]);
        insert(&mut cache, "one", &read.slice(..10));
        assert!(read.is_unique());
        assert_eq!(cache.get("one").map(|event| event.len()), Some(10));
    }

    #[test]
    fn fully_logged_events_are_not_copied() {
        let mut cache = PayloadCache::default();
        for (is_logged, sent) in [(true, "[1,2]"), (true, "no JSON"), (false, "[1, 2]")] {
            let (sent, id) = (Bytes::from(sent), sent);
            let logged = insert(&mut cache, id, &sent);
            assert_eq!(Arc::strong_count(&logged) == 2, is_logged, "{id}");
            assert_eq!(matches!(cache.events[id], CachedEvent::Logged(_)), is_logged, "{id}");
            assert_eq!(cache.get(id), Some(sent));
        }
    }
}
