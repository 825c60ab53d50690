//! What happened last, kept within bounds, and readers that go through it at their own pace. Whoever publishes waits for
//! nobody: a reader that is too slow is told how much it has missed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::event::{DevEvent, DevEventKind, VERSION};
use super::memory_size::memory_size;

/// How much is kept in memory. The newest is kept in any case.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Happenings.
    pub count: usize,
    /// Bytes that they take, about.
    pub bytes: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { count: 20_000, bytes: 32 * 1024 * 1024 }
    }
}

/// The stream; cheap to clone.
#[derive(Debug, Clone)]
pub struct EventLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: Retention,
    kept: Mutex<LogContents>,
    /// Whether it is closed. Readers look again whenever something is sent.
    news: watch::Sender<bool>,
}

#[derive(Debug)]
struct LogContents {
    /// In the order of their ids, none left out.
    happenings: VecDeque<Arc<DevEvent>>,
    bytes: usize,
    /// The id of the next one.
    next: u64,
    /// The id of the first one there was.
    first: u64,
}

/// What a reader gets.
#[derive(Debug, Clone)]
pub enum StreamItem {
    /// The next one.
    Event(Arc<DevEvent>),
    /// So many are not kept any more.
    Lagged(u64),
}

impl EventLog {
    /// An empty one.
    pub fn new(bounds: Retention) -> Self {
        // Microseconds since 1970: more than the last id of any earlier program, unless that published a million a second.
        // JavaScript's numbers hold it.
        let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let first = u64::try_from(began).unwrap_or_default() + 1;
        let kept = LogContents { happenings: VecDeque::new(), bytes: 0, next: first, first };
        Self(Arc::new(Inner { bounds, kept: kept.into(), news: watch::Sender::default() }))
    }

    /// Adds what happened; gives its id. After [`EventLog::close`], nothing happens.
    pub fn publish(&self, kind: DevEventKind) -> u64 {
        let kind = kind.bounded();
        let bytes = memory_size(&kind);
        let mut kept = self.kept();
        let id = kept.next;
        if *self.0.news.borrow() {
            return id;
        }
        let happening = Arc::new(DevEvent { id, at: SystemTime::now(), kind });
        kept.next += 1;
        kept.bytes += bytes;
        kept.happenings.push_back(happening);
        while kept.happenings.len() > 1 && !self.fits(&kept) {
            let oldest = kept.happenings.pop_front();
            kept.bytes -= oldest.map_or(0, |oldest| memory_size(&oldest.kind));
        }
        self.0.news.send_modify(|_| {});
        id
    }

    /// A reader of what is kept and comes after `after`, or of all that is kept; and of what happens from now on.
    pub fn subscribe(&self, after: Option<u64>) -> Reader {
        let kept = self.kept();
        let oldest = kept.happenings.front().map_or(kept.next, |oldest| oldest.id);
        let next = match after {
            // A program that ended before this one began, or another clock: all of it is new to the reader.
            Some(after) if after < kept.first || after >= kept.next => kept.first,
            Some(after) => after + 1,
            None => oldest,
        };
        Reader { stream: self.clone(), next, news: self.0.news.subscribe() }
    }

    /// The id of the newest, or the one before the first.
    pub fn last(&self) -> u64 {
        self.kept().next - 1
    }

    /// All that is kept, the oldest first.
    pub fn all(&self) -> Vec<Arc<DevEvent>> {
        self.kept().happenings.iter().map(Arc::clone).collect()
    }

    /// Nothing will happen any more: readers end when they have read everything.
    pub fn close(&self) {
        let _kept = self.kept();
        self.0.news.send_replace(true);
    }

    fn fits(&self, kept: &LogContents) -> bool {
        kept.happenings.len() <= self.0.bounds.count && kept.bytes <= self.0.bounds.bytes
    }

    fn kept(&self) -> MutexGuard<'_, LogContents> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes through a stream at its own pace.
#[derive(Debug)]
pub struct Reader {
    stream: EventLog,
    next: u64,
    news: watch::Receiver<bool>,
}

impl Reader {
    /// The next one, which is waited for; nothing when the stream is closed and everything is read.
    pub async fn next(&mut self) -> Option<StreamItem> {
        loop {
            let is_over = *self.news.borrow_and_update();
            if let Some(heard) = self.now() {
                return Some(heard);
            }
            if is_over {
                return None;
            }
            // The stream, which has the sender, is the reader's own.
            let _ = self.news.changed().await;
        }
    }

    /// The next one, if there is one already.
    pub fn now(&mut self) -> Option<StreamItem> {
        let kept = self.stream.kept();
        let oldest = kept.happenings.front()?.id;
        if self.next < oldest {
            let missed = oldest - self.next;
            self.next = oldest;
            return Some(StreamItem::Lagged(missed));
        }
        let at = usize::try_from(self.next - oldest).ok()?;
        let happening = Arc::clone(kept.happenings.get(at)?);
        self.next += 1;
        Some(StreamItem::Event(happening))
    }
}

impl StreamItem {
    /// How many happenings it stands for.
    pub(super) fn count(&self) -> u64 {
        if let Self::Lagged(count) = self { *count } else { 1 }
    }

    /// In one line.
    pub fn json(&self) -> String {
        match self {
            Self::Event(happening) => happening.json(),
            Self::Lagged(count) => missed(*count),
        }
    }

    /// The same behind what is there already.
    pub(super) fn write(&self, json: &mut Vec<u8>) {
        match self {
            Self::Event(happening) => happening.write(json),
            Self::Lagged(count) => json.extend_from_slice(missed(*count).as_bytes()),
        }
    }
}

fn missed(count: u64) -> String {
    format!(r#"{{"version":{VERSION},"kind":"missed","count":{count}}}"#)
}
