//! Captures log lines: those of Rust workers through `tracing`, those of host processes through the request ids that
//! they carry.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bedrock_model::LogTail;
use tracing_subscriber::fmt::MakeWriter;

use crate::exec;

/// Runs a Rust worker so that its log lines are captured.
pub(super) type CaptureLogs = fn(exec::Output) -> exec::Output;

/// Set by the first test of an app. Other programs do not refer to it, so they do not link it.
static CAPTURE_LOGS: OnceLock<CaptureLogs> = OnceLock::new();

tokio::task_local! {
    static CURRENT: LogTail;
}

/// Sets how the log lines of Rust workers are captured in tests. Only the first call has an effect.
pub(super) fn set_test_capture(capture: CaptureLogs) {
    let _ = CAPTURE_LOGS.set(capture);
}

/// Runs a Rust worker so that its log lines are added to `tail`.
pub(super) fn with_log_tail(tail: LogTail, future: exec::Output) -> exec::Output {
    let future = match CAPTURE_LOGS.get() {
        Some(capture) if tail.has_observer() => capture(future),
        _ => future,
    };
    Box::pin(CURRENT.scope(tail, future))
}

/// Returns the log of the Rust worker that the current task runs. `None` if its log is not collected.
pub(super) fn current_log_tail() -> Option<LogTail> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Writes log lines of this process to the standard error, and to the log of the Rust worker that wrote them.
#[derive(Debug)]
pub(crate) struct StderrLog;

impl MakeWriter<'_> for StderrLog {
    type Writer = TeeWriter;

    fn make_writer(&self) -> TeeWriter {
        TeeWriter(current_log_tail())
    }
}

/// Writes one log line to the standard error and, if there is one, to a log.
#[derive(Debug)]
pub(crate) struct TeeWriter(Option<LogTail>);

impl Write for TeeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(tail) = &self.0 {
            tail.write(bytes);
        }
        io::stderr().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The logs of running requests, by request id. The lines of host processes are added to them.
#[derive(Debug, Default)]
pub(super) struct LogTailRegistry {
    /// Checked before the lock is taken: most invocations do not collect their log.
    count: AtomicUsize,
    open: Mutex<HashMap<String, LogTail>>,
}

impl LogTailRegistry {
    /// Adds the lines of a request to `tail` until the returned guard is dropped.
    pub(super) fn open(self: &Arc<Self>, request_id: &str, tail: &LogTail) -> OpenRequestGuard {
        self.lock().insert(request_id.to_owned(), tail.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        OpenRequestGuard { registry: Arc::clone(self), request_id: request_id.to_owned() }
    }

    /// Adds a line to the log of a request, if that is collected.
    pub(super) fn line(&self, request_id: &str, text: &str) {
        if self.count.load(Ordering::Relaxed) > 0 {
            let tail = self.lock().get(request_id).cloned();
            if let Some(tail) = tail {
                tail.line(text);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, LogTail>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Collects the log of a request as long as it exists.
#[derive(Debug)]
pub(super) struct OpenRequestGuard {
    registry: Arc<LogTailRegistry>,
    request_id: String,
}

impl Drop for OpenRequestGuard {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.request_id);
        self.registry.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, CURRENT, LogTail, LogTailRegistry, StderrLog};
    use std::io::Write;
    use tracing_subscriber::fmt::MakeWriter;

    #[test]
    fn registry_collects_lines_only_of_open_requests() {
        let registry = Arc::new(LogTailRegistry::default());
        let tail = LogTail::default();
        let open = registry.open("a", &tail);
        registry.line("a", "mine");
        registry.line("b", "another's");
        drop(open);
        registry.line("a", "too late");
        assert_eq!(tail.last(), b"mine\n");
    }

    #[tokio::test]
    async fn log_line_of_a_rust_worker_is_in_its_log_tail() {
        let tail = LogTail::default();
        let write = async { StderrLog.make_writer().write_all(b"INFO of a worker\n") };
        CURRENT.scope(tail.clone(), write).await.expect("the standard error");
        StderrLog.make_writer().write_all(b"INFO of no worker\n").expect("the standard error");
        assert_eq!(tail.last(), b"INFO of a worker\n");
    }
}
