//! The end of what an invocation printed, for callers that ask for it (`LogType=Tail`).

use std::collections::HashMap;
use std::future::Future;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// Bytes of the log that a caller gets (Lambda API model, `LogResult`: the last 4 KB).
const KEPT: usize = 4096;

/// What has been printed so far; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    /// Adds a line, without its end.
    pub fn line(&self, text: &str) {
        let mut log = self.lock();
        add(&mut log, text.as_bytes());
        add(&mut log, b"\n");
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
    pub(super) fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the beginning now and then, so that a worker that prints without end fills no memory.
fn add(log: &mut Vec<u8>, bytes: &[u8]) {
    log.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT)..]);
    if log.len() > 4 * KEPT {
        log.drain(..log.len() - KEPT);
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
        Tee(CURRENT.try_with(Clone::clone).ok())
    }
}

/// Where one log line goes.
#[derive(Debug)]
pub(crate) struct Tee(Option<Tail>);

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(tail) = &self.0 {
            add(&mut tail.lock(), bytes);
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
    use super::{Arc, KEPT, Stderr, Tail, Tails};
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
        tail.clone().scope(write).await.expect("the standard error");
        Stderr.make_writer().write_all(b"INFO of nobody\n").expect("the standard error");
        assert_eq!(tail.last(), b"INFO of a worker\n");
    }
}
