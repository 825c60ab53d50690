//! What workers print, and the messages of the local runtime, as lines on the standard error.
//!
//! One thread writes. A worker that prints faster than the terminal accepts lines is slowed down, so that memory does
//! not grow without limit. A program may receive what workers print itself. In a test, all lines go to the test's own
//! output.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::log_tail_registry::LogTailRegistry;
use super::stderr::print_captured;
use bedrock_model::Error;

/// Number of lines that may wait for the terminal.
const MAX_WAITING_LINES: usize = 1024;
/// Number of stack trace lines of a failed worker that are printed.
const MAX_TRACE_LINES: usize = 20;
/// How long the end of the program waits for a terminal that accepts no more lines.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Receives the lines that workers print: the worker, the request id if it is known, the text. Must not block for long.
pub type LogSink = Arc<dyn Fn(&str, Option<&str>, &str) + Send + Sync>;

/// A handle to the writing thread; cheap to clone.
#[derive(Clone)]
pub struct Output {
    lines: Sender<Message>,
    tails: Arc<LogTailRegistry>,
    /// Receives what workers print, instead of the terminal.
    sink: Option<LogSink>,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("tails", &self.tails).finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Message {
    Line(String),
    /// Sends a reply when all lines before it are written.
    Flush(std_mpsc::Sender<()>),
}

/// Starts the writing thread. If no thread can be started, the lines are lost.
pub(crate) fn start(sink: Option<LogSink>) -> Output {
    start_thread(write, sink)
}

/// Starts the writing thread of a test. The test framework prints the lines if the test fails.
pub fn start_captured() -> Output {
    start_thread(write_captured, None)
}

fn start_thread(write: fn(Receiver<Message>), sink: Option<LogSink>) -> Output {
    let (lines, waiting) = mpsc::channel(MAX_WAITING_LINES);
    let _ = std::thread::Builder::new().name("bedrock-output".to_owned()).spawn(move || write(waiting));
    Output { lines, tails: Arc::default(), sink }
}

/// Writes with `eprintln!`: the standard library captures only the output of its own macros, in the threads of a test.
fn write_captured(mut messages: Receiver<Message>) {
    while let Some(message) = messages.blocking_recv() {
        match message {
            Message::Line(line) => print_captured(&line),
            Message::Flush(done) => drop(done.send(())),
        }
    }
}

fn write(mut messages: Receiver<Message>) {
    while let Some(first) = messages.blocking_recv() {
        let mut out = std::io::BufWriter::new(std::io::stderr().lock());
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                // Workers continue to run if the terminal is closed.
                Message::Line(line) => drop(writeln!(out, "{line}")),
                Message::Flush(done) => {
                    let _ = out.flush();
                    let _ = done.send(());
                }
            }
            next = messages.try_recv().ok();
        }
        let _ = out.flush();
    }
}

impl Output {
    /// Prints a line of a worker, with the request it belongs to, if that is known. Waits for a slow terminal.
    pub async fn line(&self, worker: &str, request_id: Option<&str>, text: &str) {
        if let Some(id) = request_id {
            self.tails.line(id, text);
        }
        if let Some(sink) = &self.sink {
            sink(worker, request_id, text);
            return;
        }
        let id = request_id.map_or("-", short_id);
        let _ = self.lines.send(Message::Line(format!("{worker} {id} {text}"))).await;
    }

    /// Returns the logs that collect the lines of requests.
    pub(crate) fn tails(&self) -> &Arc<LogTailRegistry> {
        &self.tails
    }

    /// Prints a message of the runtime itself. It is dropped if too many lines wait for the terminal.
    pub fn print(&self, text: &str) {
        let _ = self.lines.try_send(Message::Line(text.to_owned()));
    }

    /// Prints the error of an invocation, with the stack trace of the worker's language.
    pub fn print_failure(&self, error: &Error, request_id: &str) {
        let worker = error.worker();
        let id = short_id(request_id);
        self.print(&format!("{worker} {id} {error}"));
        self.print_trace(error, request_id);
    }

    /// Prints the stack trace of an error, if it has one.
    pub fn print_trace(&self, error: &Error, request_id: &str) {
        if let Error::Function { worker, trace, .. } = error {
            let id = short_id(request_id);
            for line in trace.iter().flat_map(|entry| entry.lines()).take(MAX_TRACE_LINES) {
                self.print(&format!("{worker} {id} {line}"));
            }
        }
    }

    /// Waits until all lines so far are written.
    pub fn flush(&self) {
        let (done, flushed) = std_mpsc::channel();
        if self.lines.try_send(Message::Flush(done)).is_ok() {
            let _ = flushed.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

/// Returns the first eight characters of a request id, which are enough to recognize it in a log.
pub fn short_id(request_id: &str) -> &str {
    request_id.get(..8).unwrap_or(request_id)
}
