//! The end of the log of an invocation, for callers that ask for it (`LogType: Tail`) and for tests.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Number of bytes of the log that a caller gets (Lambda API model, `LogResult`: the last 4 KB).
pub const LOG_RESULT_BYTES: usize = 4096;

/// Collects the log of one invocation and keeps its end. Clones share the same log.
#[derive(Clone)]
pub struct LogTail(Arc<Shared>);

struct Shared {
    log: Mutex<Vec<u8>>,
    capacity_bytes: usize,
    /// Called with every log line of a Rust worker.
    observer: Option<Box<LineObserver>>,
}

type LineObserver = dyn Fn(&str) + Send + Sync;

impl Default for LogTail {
    fn default() -> Self {
        Self(Arc::new(Shared { log: Mutex::default(), capacity_bytes: LOG_RESULT_BYTES, observer: None }))
    }
}

impl fmt::Debug for LogTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogTail").field("capacity_bytes", &self.0.capacity_bytes).finish_non_exhaustive()
    }
}

impl LogTail {
    /// Returns a log that keeps `capacity_bytes` bytes and calls `observer` with the log lines of Rust workers.
    pub fn observed(capacity_bytes: usize, observer: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { log: Mutex::default(), capacity_bytes, observer: Some(Box::new(observer)) }))
    }

    /// Whether this log was made by [`LogTail::observed`].
    pub fn has_observer(&self) -> bool {
        self.0.observer.is_some()
    }

    /// Adds a log line of a Rust worker, and passes it to the observer.
    pub fn observed_line(&self, text: &str) {
        self.line(text);
        if let Some(observer) = &self.0.observer {
            observer(text);
        }
    }

    /// Adds a line. `text` does not contain the line feed.
    pub fn line(&self, text: &str) {
        self.write(text.as_bytes());
        self.write(b"\n");
    }

    /// Adds bytes. Older bytes are deleted from time to time, so that a worker that prints forever does not fill
    /// memory.
    pub fn write(&self, bytes: &[u8]) {
        let capacity = self.0.capacity_bytes;
        let mut log = self.lock();
        log.extend_from_slice(&bytes[bytes.len().saturating_sub(capacity)..]);
        if log.len() > 4 * capacity {
            let excess = log.len() - capacity;
            log.drain(..excess);
        }
    }

    /// Returns everything that is still stored, as lines.
    pub fn lines(&self) -> Vec<String> {
        String::from_utf8_lossy(&self.lock()).lines().map(str::to_owned).collect()
    }

    /// Returns the last [`LOG_RESULT_BYTES`] bytes, up to three bytes less so that no character is split.
    pub fn last(&self) -> Vec<u8> {
        let log = self.lock();
        let start = log.len().saturating_sub(LOG_RESULT_BYTES);
        let is_continuation = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
        let skipped = log[start..].iter().take(3).take_while(is_continuation).count();
        log[start + skipped..].to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        // No code panics while it holds the lock, and the bytes would be valid if it did.
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{LOG_RESULT_BYTES, LogTail};

    #[test]
    fn log_tail_keeps_4096_bytes_and_splits_no_character() {
        let tail = LogTail::default();
        for _ in 0..10_000 {
            tail.line("0123456789abcde");
        }
        assert_eq!(tail.last().len(), LOG_RESULT_BYTES);
        tail.line(&"é".repeat(LOG_RESULT_BYTES));
        let last = String::from_utf8(tail.last()).expect("whole characters");
        assert_eq!(last.len(), LOG_RESULT_BYTES - 1);
        assert!(last.ends_with("é\n"), "{last}");
    }
}
