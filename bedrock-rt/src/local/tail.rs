//! The end of what an invocation printed, for callers that ask for it (`LogType=Tail`), and for tests.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

use crate::exec;

/// Bytes of the log that a caller gets (Lambda API model, `LogResult`: the last 4 KB).
const KEPT: usize = 4096;

/// Runs a Rust worker so that what it prints can be heard.
pub(super) type Hears = fn(exec::Output) -> exec::Output;

/// What has been printed so far; cheap to clone.
#[derive(Clone)]
pub struct Tail(Arc<Kept>);

struct Kept {
    log: Mutex<Vec<u8>>,
    /// Bytes that are kept of it.
    room: usize,
    /// Of a test, which hears more than the end.
    ears: Option<Ears>,
}

/// What a test does with the lines of a Rust worker.
struct Ears {
    hears: Hears,
    shows: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for Tail {
    fn default() -> Self {
        Self(Arc::new(Kept { log: Mutex::default(), room: KEPT, ears: None }))
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tail").field("room", &self.0.room).finish_non_exhaustive()
    }
}

impl Tail {
    /// One that keeps more than callers get, and shows what a Rust worker says.
    pub(super) fn with_room(room: usize, hears: Hears, shows: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let ears = Some(Ears { hears, shows: Box::new(shows) });
        Self(Arc::new(Kept { log: Mutex::default(), room, ears }))
    }

    /// Adds what a Rust worker has said.
    pub(super) fn said(&self, text: &str) {
        self.line(text);
        if let Some(ears) = &self.0.ears {
            (ears.shows)(text);
        }
    }

    /// Adds a line, without its end.
    pub fn line(&self, text: &str) {
        self.add(text.as_bytes());
        self.add(b"\n");
    }

    /// Forgets the beginning now and then, so that a worker that prints without end fills no memory.
    fn add(&self, bytes: &[u8]) {
        let (mut log, room) = (self.lock(), self.0.room);
        log.extend_from_slice(&bytes[bytes.len().saturating_sub(room)..]);
        if log.len() > 4 * room {
            let over = log.len() - room;
            log.drain(..over);
        }
    }

    /// All that is kept, as lines.
    pub(super) fn lines(&self) -> Vec<String> {
        String::from_utf8_lossy(&self.lock()).lines().map(str::to_owned).collect()
    }

    /// The last 4,096 bytes, or a little less: no character is cut.
    pub fn last(&self) -> Vec<u8> {
        let log = self.lock();
        let start = log.len().saturating_sub(KEPT);
        let is_inside = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
        let cut = log[start..].iter().take(3).take_while(is_inside).count();
        log[start + cut..].to_vec()
    }

    /// Runs a Rust worker so that its log lines are kept.
    pub(super) fn scope(self, future: exec::Output) -> exec::Output {
        let future = match &self.0.ears {
            Some(ears) => (ears.hears)(future),
            None => future,
        };
        Box::pin(CURRENT.scope(self, future))
    }

    /// That of the Rust worker which this task runs, if somebody wants it.
    pub(super) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

tokio::task_local! {
    static CURRENT: Tail;
}

/// Writes log lines of this process to the standard error, and into the tail of the Rust worker that wrote them.
#[derive(Debug)]
pub(crate) struct Stderr;

impl MakeWriter<'_> for Stderr {
    type Writer = Tee;

    fn make_writer(&self) -> Tee {
        Tee(Tail::current())
    }
}

/// Where one log line goes.
#[derive(Debug)]
pub(crate) struct Tee(Option<Tail>);

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(tail) = &self.0 {
            tail.add(bytes);
        }
        io::stderr().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The tails that hosts' lines are put into, by the request ids which those lines carry.
#[derive(Debug, Default)]
pub(super) struct Tails {
    /// Looked at before the lock: hardly any invocation has a tail.
    count: AtomicUsize,
    open: Mutex<HashMap<String, Tail>>,
}

impl Tails {
    /// Collects the lines of a request until the answer is dropped.
    pub(super) fn open(self: &Arc<Self>, request_id: &str, tail: &Tail) -> Open {
        self.lock().insert(request_id.to_owned(), tail.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        Open { tails: Arc::clone(self), request_id: request_id.to_owned() }
    }

    /// Takes a line of a request, if somebody wants it.
    pub(super) fn line(&self, request_id: &str, text: &str) {
        if self.count.load(Ordering::Relaxed) > 0 {
            let tail = self.lock().get(request_id).cloned();
            if let Some(tail) = tail {
                tail.line(text);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Tail>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request whose lines are collected.
#[derive(Debug)]
pub(super) struct Open {
    tails: Arc<Tails>,
    request_id: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.tails.lock().remove(&self.request_id);
        self.tails.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, CURRENT, KEPT, Stderr, Tail, Tails};
    use std::io::Write;
    use tracing_subscriber::fmt::MakeWriter;

    #[test]
    fn the_last_4096_bytes_are_kept_and_no_character_is_cut() {
        let tail = Tail::default();
        for _ in 0..10_000 {
            tail.line("0123456789abcde");
        }
        assert_eq!(tail.last().len(), KEPT);
        tail.line(&"é".repeat(KEPT));
        let last = String::from_utf8(tail.last()).expect("whole characters");
        assert_eq!(last.len(), KEPT - 1);
        assert!(last.ends_with("é\n"), "{last}");
    }

    #[test]
    fn lines_are_kept_for_requests_that_are_open_and_for_no_others() {
        let (tails, tail) = (Arc::new(Tails::default()), Tail::default());
        let open = tails.open("a", &tail);
        tails.line("a", "mine");
        tails.line("b", "another's");
        drop(open);
        tails.line("a", "too late");
        assert_eq!(tail.last(), b"mine\n");
    }

    #[tokio::test]
    async fn a_log_line_of_a_rust_worker_is_in_its_tail() {
        let tail = Tail::default();
        let write = async { Stderr.make_writer().write_all(b"INFO of a worker\n") };
        CURRENT.scope(tail.clone(), write).await.expect("the standard error");
        Stderr.make_writer().write_all(b"INFO of nobody\n").expect("the standard error");
        assert_eq!(tail.last(), b"INFO of a worker\n");
    }
}
