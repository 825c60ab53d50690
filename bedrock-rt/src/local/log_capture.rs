//! Captures the log lines of Rust workers, which they write through `tracing`.

use std::io::{self, Write};
use std::sync::OnceLock;

use bedrock_model::LogTail;
use tracing_subscriber::fmt::MakeWriter;

use crate::executor;

/// Runs a Rust worker so that its log lines are captured.
pub(super) type CaptureLogs = fn(executor::Output) -> executor::Output;

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
pub(super) fn with_log_tail(tail: LogTail, future: executor::Output) -> executor::Output {
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

#[cfg(test)]
mod tests {
    use super::{CURRENT, LogTail, StderrLog};
    use std::io::Write;
    use tracing_subscriber::fmt::MakeWriter;

    #[tokio::test]
    async fn log_line_of_a_rust_worker_is_in_its_log_tail() {
        let tail = LogTail::default();
        let write = async { StderrLog.make_writer().write_all(b"INFO of a worker\n") };
        CURRENT.scope(tail.clone(), write).await.expect("the standard error");
        StderrLog.make_writer().write_all(b"INFO of no worker\n").expect("the standard error");
        assert_eq!(tail.last(), b"INFO of a worker\n");
    }
}
