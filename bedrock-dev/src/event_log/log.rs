//! The log of recent events in bounded memory, and readers that go through it at their own pace. Publishers never wait:
//! a slow reader learns how many events it has missed.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::event::{DevEvent, DevEventKind, VERSION};
use super::kept_events::KeptEvents;
use super::memory_size::memory_size;
use crate::sync::Mutex;

/// Capacity of the log in memory. The newest event is always stored.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Maximum number of events.
    pub count: usize,
    /// Approximate maximum size of all events in bytes.
    pub bytes: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { count: 20_000, bytes: 32 * 1024 * 1024 }
    }
}

/// The log of recent events; cheap to clone.
#[derive(Debug, Clone)]
pub struct EventLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    retention: Retention,
    contents: Mutex<LogContents>,
    /// Whether the log is closed. Every change wakes the readers.
    changes: watch::Sender<bool>,
}

#[derive(Debug)]
struct LogContents {
    /// In the order of their ids, without gaps.
    events: VecDeque<Arc<DevEvent>>,
    /// Evicted events that are still stored, for lists. Readers do not get them.
    kept: KeptEvents,
    bytes: usize,
    next_id: u64,
    /// The id of the first event that was ever published.
    first_id: u64,
}

/// An item that a reader receives.
#[derive(Debug, Clone)]
pub enum StreamItem {
    /// The next event.
    Event(Arc<DevEvent>),
    /// Number of events that were evicted before this reader got to them.
    Lagged(u64),
}

impl EventLog {
    /// Creates an empty log.
    pub fn new(retention: Retention) -> Self {
        // Microseconds since the epoch: larger than all ids of earlier programs, unless they published a million events
        // per second. JavaScript's numbers can represent it.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let first_id = u64::try_from(now).unwrap_or_default() + 1;
        let contents =
            LogContents { events: VecDeque::new(), kept: KeptEvents::default(), bytes: 0, next_id: first_id, first_id };
        Self(Arc::new(Inner { retention, contents: Mutex::new(contents), changes: watch::Sender::default() }))
    }

    /// Adds an event and returns its id. After [`EventLog::close`], nothing is added.
    pub fn publish(&self, kind: DevEventKind) -> u64 {
        let kind = kind.truncated();
        let bytes = memory_size(&kind);
        let mut contents = self.contents();
        let id = contents.next_id;
        if *self.0.changes.borrow() {
            return id;
        }
        contents.kept.publish(&kind);
        let event = Arc::new(DevEvent { id, at: SystemTime::now(), kind });
        contents.next_id += 1;
        contents.bytes += bytes;
        contents.events.push_back(event);
        while contents.events.len() > 1 && self.exceeds_retention(&contents) {
            let Some(oldest) = contents.events.pop_front() else { break };
            contents.bytes -= memory_size(&oldest.kind);
            contents.kept.evict(oldest);
        }
        self.0.changes.send_modify(|_| {});
        id
    }

    /// Returns a reader of all events with an id greater than `after`, or of all stored events; and of all later
    /// events.
    pub fn subscribe(&self, after: Option<u64>) -> Reader {
        let contents = self.contents();
        let oldest = contents.events.front().map_or(contents.next_id, |oldest| oldest.id);
        let next_id = match after {
            // An id of an earlier program, or the clock was changed: all events are new to the reader.
            Some(after) if after < contents.first_id || after >= contents.next_id => contents.first_id,
            Some(after) => after + 1,
            None => oldest,
        };
        Reader { log: self.clone(), next_id, changes: self.0.changes.subscribe() }
    }

    /// Returns the id of the newest event, or one less than the first id if there is none.
    pub fn last_id(&self) -> u64 {
        self.contents().next_id - 1
    }

    /// Returns all stored events, oldest first: the newest ones, and older ones of failed invocations and of builds.
    pub fn all(&self) -> Vec<Arc<DevEvent>> {
        let contents = self.contents();
        let mut all = contents.kept.all();
        all.extend(contents.events.iter().map(Arc::clone));
        all
    }

    /// Closes the log: readers end when they have read everything.
    pub fn close(&self) {
        let _contents = self.contents();
        self.0.changes.send_replace(true);
    }

    fn exceeds_retention(&self, contents: &LogContents) -> bool {
        contents.events.len() > self.0.retention.count || contents.bytes > self.0.retention.bytes
    }

    fn contents(&self) -> MutexGuard<'_, LogContents> {
        self.0.contents.lock()
    }
}

/// Goes through an event log at its own pace.
#[derive(Debug)]
pub struct Reader {
    log: EventLog,
    next_id: u64,
    changes: watch::Receiver<bool>,
}

impl Reader {
    /// Waits for the next item. Returns `None` when the log is closed and everything has been read.
    pub async fn next(&mut self) -> Option<StreamItem> {
        loop {
            let is_closed = *self.changes.borrow_and_update();
            if let Some(item) = self.try_next() {
                return Some(item);
            }
            if is_closed {
                return None;
            }
            // Cannot fail: the reader owns the log, which has the sender.
            let _ = self.changes.changed().await;
        }
    }

    /// Returns the next item if there is one already.
    pub fn try_next(&mut self) -> Option<StreamItem> {
        let contents = self.log.contents();
        let oldest = contents.events.front()?.id;
        if self.next_id < oldest {
            let missed = oldest - self.next_id;
            self.next_id = oldest;
            return Some(StreamItem::Lagged(missed));
        }
        let index = usize::try_from(self.next_id - oldest).ok()?;
        let event = Arc::clone(contents.events.get(index)?);
        self.next_id += 1;
        Some(StreamItem::Event(event))
    }
}

impl StreamItem {
    /// Returns the number of events that the item represents.
    pub(super) fn count(&self) -> u64 {
        if let Self::Lagged(count) = self { *count } else { 1 }
    }

    /// Returns the item as JSON in one line.
    pub fn json(&self) -> String {
        match self {
            Self::Event(event) => event.json(),
            Self::Lagged(count) => missed_json(*count),
        }
    }

    /// Appends the item as JSON.
    pub(super) fn write_json(&self, json: &mut Vec<u8>) {
        match self {
            Self::Event(event) => event.write_json(json),
            Self::Lagged(count) => json.extend_from_slice(missed_json(*count).as_bytes()),
        }
    }
}

fn missed_json(count: u64) -> String {
    format!(r#"{{"version":{VERSION},"kind":"missed","count":{count}}}"#)
}
