//! What workers print, and what the local runtime has to say, as lines on the standard error.
//!
//! One thread writes. Whoever produces faster than the terminal takes is slowed down, not buffered without end.
//! A program may take what workers print itself; in a test all of it goes where the test's own output goes.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc as thread;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::tail::Tails;
use crate::Error;
use crate::run::complain;

/// Lines that may wait for the terminal.
const WAITING: usize = 1024;
/// Stack lines of a failed worker that are shown.
const TRACE_LINES: usize = 20;
/// How long the end of the program waits for a terminal that takes no more lines.
const FLUSH: Duration = Duration::from_secs(2);

/// Takes the lines that workers print: the worker, the request if it is known, the text. Must not block for long.
pub type Printed = Arc<dyn Fn(&str, Option<&str>, &str) + Send + Sync>;

/// A handle to the writing thread; cheap to clone.
#[derive(Clone)]
pub(super) struct Output {
    lines: Sender<Message>,
    tails: Arc<Tails>,
    /// Gets what workers print, instead of the terminal.
    printed: Option<Printed>,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("tails", &self.tails).finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Message {
    Line(String),
    /// Answered when everything before it is written.
    Flush(thread::Sender<()>),
}

/// Starts the writing thread. Without a thread (the machine has no more) what is said is lost, nothing else.
pub(super) fn start(printed: Option<Printed>) -> Output {
    writing(write, printed)
}

/// The same for a test: the lines are shown if it fails.
pub(super) fn start_captured() -> Output {
    writing(write_captured, None)
}

fn writing(write: fn(Receiver<Message>), printed: Option<Printed>) -> Output {
    let (lines, waiting) = mpsc::channel(WAITING);
    let _ = std::thread::Builder::new().name("bedrock-output".to_owned()).spawn(move || write(waiting));
    Output { lines, tails: Arc::default(), printed }
}

/// The standard library captures what a test and the threads that it has started write with its macros, and that alone.
fn write_captured(mut messages: Receiver<Message>) {
    while let Some(message) = messages.blocking_recv() {
        match message {
            Message::Line(line) => complain(&line),
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
                // A closed terminal is no reason to stop the workers.
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
    /// A line that a worker printed, with the request it belongs to, if that is known. Waits for a slow terminal.
    pub(super) async fn line(&self, worker: &str, request_id: Option<&str>, text: &str) {
        if let Some(id) = request_id {
            self.tails.line(id, text);
        }
        if let Some(printed) = &self.printed {
            printed(worker, request_id, text);
            return;
        }
        let id = request_id.map_or("-", short);
        let _ = self.lines.send(Message::Line(format!("{worker} {id} {text}"))).await;
    }

    /// Those who want to have the lines of a request.
    pub(super) fn tails(&self) -> &Arc<Tails> {
        &self.tails
    }

    /// A message of the runtime itself. Dropped when the terminal does not take lines any more.
    pub(super) fn say(&self, text: &str) {
        let _ = self.lines.try_send(Message::Line(text.to_owned()));
    }

    /// A failed invocation, with the stack lines of the worker's language.
    pub(super) fn failure(&self, error: &Error, request_id: &str) {
        let (worker, id) = (error.worker(), short(request_id));
        self.say(&format!("{worker} {id} {error}"));
        if let Error::Function { trace, .. } = error {
            for line in trace.iter().flat_map(|entry| entry.lines()).take(TRACE_LINES) {
                self.say(&format!("{worker} {id} {line}"));
            }
        }
    }

    /// Waits until everything said so far is written.
    pub(super) fn flush(&self) {
        let (done, flushed) = thread::channel();
        if self.lines.try_send(Message::Flush(done)).is_ok() {
            let _ = flushed.recv_timeout(FLUSH);
        }
    }
}

/// The first eight characters of a request id: enough to follow it by eye.
pub(super) fn short(request_id: &str) -> &str {
    request_id.get(..8).unwrap_or(request_id)
}
