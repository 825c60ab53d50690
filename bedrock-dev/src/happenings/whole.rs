//! The events of the last invocations as they were sent, however long: the stream has only the beginning of what is long.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

/// Bytes that are kept at most, of events and of what they are kept in. An event has at most 6 MB.
const MOST: usize = 16 * 1024 * 1024;
/// Bytes that keeping one takes besides its own, about.
const EACH: usize = 256;

/// Events by the request ids of their invocations, the newest ones.
#[derive(Debug, Default)]
pub(super) struct Whole {
    events: HashMap<String, Bytes>,
    order: VecDeque<String>,
    bytes: usize,
}

impl Whole {
    /// Keeps an event; the attempts of one share it.
    pub(super) fn keep(&mut self, request_id: &str, event: &Bytes) {
        if self.events.contains_key(request_id) {
            return;
        }
        self.bytes += event.len() + EACH;
        // A copy: what came over a connection holds all that was read from it at the same time.
        self.events.insert(request_id.to_owned(), Bytes::copy_from_slice(event));
        self.order.push_back(request_id.to_owned());
        while self.bytes > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.events.remove(&oldest).map_or(0, |event| event.len() + EACH);
        }
    }

    pub(super) fn get(&self, request_id: &str) -> Option<Bytes> {
        self.events.get(request_id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Whole};
    use bytes::Bytes;

    #[test]
    fn the_newest_events_are_kept_within_bounds() {
        let (mut whole, event) = (Whole::default(), Bytes::from(vec![b' '; 6 * 1024 * 1024]));
        for number in 0..100 {
            whole.keep(&number.to_string(), &event);
            whole.keep(&number.to_string(), &event);
        }
        assert_eq!((whole.events.len(), whole.order.len()), (2, 2));
        assert!(whole.bytes <= MOST && whole.get("97").is_none() && whole.get("98").is_some());
        for number in 0..1_000_000 {
            whole.keep(&format!("small {number}"), &Bytes::new());
        }
        assert!(whole.bytes <= MOST && whole.events.len() < 500_000);
    }

    #[test]
    fn a_short_event_does_not_keep_what_was_read_with_it() {
        let (mut whole, read) = (Whole::default(), Bytes::from(vec![b' '; 1024]));
        whole.keep("one", &read.slice(..10));
        assert!(read.is_unique());
        assert_eq!(whole.get("one").map(|event| event.len()), Some(10));
    }
}
