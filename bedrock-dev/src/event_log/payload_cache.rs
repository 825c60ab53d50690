//! The events of the last invocations as they were sent, however long: the stream has only the beginning of what is long.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::payload::Payload;

/// Bytes that are kept at most, of events and of what they are kept in. An event has at most 6 MB.
const MOST: usize = 8 * 1024 * 1024;
/// Bytes that keeping one takes besides its own, about.
const EACH: usize = 256;

/// Events by the request ids of their invocations, the newest ones.
#[derive(Debug, Default)]
pub(super) struct PayloadCache {
    events: HashMap<Arc<str>, Event>,
    order: VecDeque<Arc<str>>,
    bytes: usize,
}

#[derive(Debug)]
enum Event {
    /// What the stream shows is what was sent, as it mostly is.
    Shown(Arc<Payload>),
    Sent(Bytes),
}

impl Event {
    fn of(sent: &Bytes, shown: &Arc<Payload>) -> Self {
        if shown.shown().as_bytes() == sent {
            return Self::Shown(Arc::clone(shown));
        }
        // A copy: what came over a connection holds all that was read from it at the same time.
        Self::Sent(Bytes::copy_from_slice(sent))
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Shown(payload) => payload.shown().as_bytes(),
            Self::Sent(bytes) => bytes,
        }
    }
}

impl PayloadCache {
    /// Keeps an event, of which readers get to see what is `shown`; the attempts of one share it.
    pub(super) fn keep(&mut self, request_id: &Arc<str>, event: &Bytes, shown: &Arc<Payload>) {
        if self.events.contains_key(request_id) {
            return;
        }
        self.bytes += event.len() + EACH;
        self.events.insert(Arc::clone(request_id), Event::of(event, shown));
        self.order.push_back(Arc::clone(request_id));
        while self.bytes > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.events.remove(&oldest).map_or(0, |event| event.bytes().len() + EACH);
        }
    }

    pub(super) fn get(&self, request_id: &str) -> Option<Bytes> {
        let event = self.events.get(request_id)?;
        Some(match event {
            Event::Shown(_) => Bytes::copy_from_slice(event.bytes()),
            Event::Sent(bytes) => bytes.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{Event, MOST, PayloadCache};
    use crate::event_log::Payload;

    fn keep(whole: &mut PayloadCache, request_id: &str, event: &Bytes) -> Arc<Payload> {
        let shown = Arc::new(Payload::of(event));
        whole.keep(&request_id.into(), event, &shown);
        shown
    }

    #[test]
    fn the_newest_events_are_kept_within_bounds() {
        let (mut whole, event) = (PayloadCache::default(), Bytes::from(vec![b' '; 6 * 1024 * 1024]));
        for number in 0..100 {
            keep(&mut whole, &number.to_string(), &event);
            keep(&mut whole, &number.to_string(), &event);
        }
        assert_eq!((whole.events.len(), whole.order.len()), (1, 1));
        assert!(whole.bytes <= MOST && whole.get("98").is_none() && whole.get("99").is_some());
        for number in 0..100_000 {
            keep(&mut whole, &format!("small {number}"), &Bytes::new());
        }
        assert!(whole.bytes <= MOST && whole.events.len() < 50_000);
    }

    #[test]
    fn a_short_event_does_not_keep_what_was_read_with_it() {
        let (mut whole, read) = (PayloadCache::default(), Bytes::from(vec![b' '; 1024]));
        keep(&mut whole, "one", &read.slice(..10));
        assert!(read.is_unique());
        assert_eq!(whole.get("one").map(|event| event.len()), Some(10));
    }

    #[test]
    fn what_is_shown_as_it_was_sent_is_not_kept_twice() {
        let mut whole = PayloadCache::default();
        for (is_shown, sent) in [(true, "[1,2]"), (true, "no JSON"), (false, "[1, 2]")] {
            let (sent, id) = (Bytes::from(sent), sent);
            let shown = keep(&mut whole, id, &sent);
            assert_eq!(Arc::strong_count(&shown) == 2, is_shown, "{id}");
            assert_eq!(matches!(whole.events[id], Event::Shown(_)), is_shown, "{id}");
            assert_eq!(whole.get(id), Some(sent));
        }
    }
}
