//! A page of the stored events, for lists of a queue that may be long.

use std::fmt::{self, Formatter};
use std::time::{SystemTime, UNIX_EPOCH};

use bedrock_model::EventRecord;
use serde::Serialize;

/// Numbers of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct QueueCounts {
    pub(crate) waiting: i64,
    pub(crate) running: i64,
    pub(crate) failed: i64,
}

/// A part of the events, each with the size of its payload.
#[derive(Debug)]
pub(crate) struct QueuePage {
    pub(crate) events: Vec<(EventRecord, usize)>,
    /// Where the next page starts. `None` if this is the last one.
    pub(crate) next: Option<PageCursor>,
}

/// The last event of a page: `1795588500000.ID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageCursor {
    pub(super) accepted_ms: i64,
    pub(super) id: String,
}

impl PageCursor {
    pub(super) fn of(record: &EventRecord) -> Self {
        Self { accepted_ms: milliseconds(record.event.accepted), id: record.event.id.clone() }
    }

    /// Parses a cursor that `Display` has written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (accepted, id) = text.split_once('.')?;
        Some(Self { accepted_ms: accepted.parse().ok()?, id: id.to_owned() })
    }
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.accepted_ms, self.id)
    }
}

/// Returns the milliseconds since 1970.
pub(super) fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::store::QueueStore;
    use super::{PageCursor, QueueCounts};
    use bedrock_model::{AsyncEvent, EventInvokeConfig};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn pages_contain_each_event_once_with_the_start_of_its_payload() {
        let scratch = tempfile::tempdir().expect("a folder");
        let store = QueueStore::open(&scratch.path().join("queue.sqlite")).expect("a store");
        for number in 0..5_u64 {
            let event = AsyncEvent {
                id: format!("id.{number}"),
                worker: "worker".to_owned(),
                arn: "arn".to_owned(),
                payload: "x".repeat(100).into(),
                trace: String::new(),
                rules: EventInvokeConfig::default(),
                // Two events have the same time.
                accepted: UNIX_EPOCH + Duration::from_secs(number / 2),
                attempts: 0,
                refusals: 0,
            };
            store.add(&event).expect("added");
        }
        let mut ids = Vec::new();
        let mut after: Option<PageCursor> = None;
        loop {
            let page = store.page(after.as_ref(), 2, 10).expect("a page");
            assert!(page.events.len() <= 2);
            for (record, bytes) in page.events {
                assert_eq!((record.event.payload.len(), bytes), (10, 100));
                ids.push(record.event.id);
            }
            let Some(next) = page.next else { break };
            after = Some(PageCursor::parse(&next.to_string()).expect("a cursor"));
        }
        assert_eq!(ids, ["id.0", "id.1", "id.2", "id.3", "id.4"]);
        assert_eq!(store.counts().expect("counts"), QueueCounts { waiting: 5, running: 0, failed: 0 });
        assert_eq!(PageCursor::parse("none"), None);
    }
}
