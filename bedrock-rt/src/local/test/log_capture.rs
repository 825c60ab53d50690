//! Captures what workers print while a test runs: it is part of the recorded invocation and of the test's own output.

use std::io::{self, Write};
use std::sync::OnceLock;

use bedrock_model::LogTail;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::fmt::MakeWriter;

use super::super::log_capture::{current_log_tail, set_test_capture};
use crate::executor;
use bedrock_local::{Output, short_id};

/// Number of bytes that are kept of the log of one invocation.
const MAX_LOG_BYTES: usize = 256 * 1024;

/// Returns a log for an invocation. The log lines of a Rust worker are also printed.
pub(super) fn new_log(worker: &str, request_id: &str, output: &Output) -> LogTail {
    set_test_capture(capture_logs);
    let prefix = format!("{worker} {}", short_id(request_id));
    let output = output.clone();
    LogTail::observed(MAX_LOG_BYTES, move |line| output.print(&format!("{prefix} {line}")))
}

/// Captures the log lines of a Rust worker, unless the program under test has its own subscriber.
fn capture_logs(future: executor::Output) -> executor::Output {
    static DISPATCH: OnceLock<Dispatch> = OnceLock::new();
    if !dispatcher::get_default(Dispatch::is::<NoSubscriber>) {
        return future;
    }
    let dispatch = DISPATCH.get_or_init(|| crate::logging::with_writer(WorkerLog));
    Box::pin(future.with_subscriber(dispatch.clone()))
}

/// Writes log lines to the log of the worker that they come from.
struct WorkerLog;

impl MakeWriter<'_> for WorkerLog {
    type Writer = LogWriter;

    fn make_writer(&self) -> LogWriter {
        LogWriter(current_log_tail())
    }
}

struct LogWriter(Option<LogTail>);

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(tail) = &self.0 {
            tail.observed_line(String::from_utf8_lossy(bytes).trim_end());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
