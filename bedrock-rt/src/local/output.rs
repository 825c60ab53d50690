//! What workers print, and what the local runtime has to say, as lines on the standard error, or for a listener.
//!
//! One thread writes. Whoever produces faster than the terminal takes is slowed down, not buffered without end.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc as thread;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::tail::Tails;
use crate::Error;

/// Lines that may wait for the terminal.
const WAITING: usize = 1024;
/// Stack lines of a failed worker that are shown.
const TRACE_LINES: usize = 20;
/// How long the end of the program waits for a terminal that takes no more lines.
const FLUSH: Duration = Duration::from_secs(2);

/// Takes lines in place of standard error: of which worker, of which request, and the text. Must not block for long.
pub type Listener = Arc<dyn Fn(Option<&str>, Option<&str>, &str) + Send + Sync>;

/// A handle to the writing thread, or to the listener; cheap to clone.
#[derive(Clone)]
pub(super) struct Output {
    lines: Sender<Message>,
    listener: Option<Listener>,
    tails: Arc<Tails>,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Message {
    Line(String),
    /// Answered when everything before it is written.
    Flush(thread::Sender<()>),
}

/// Starts the writing thread, unless somebody listens. Without a thread (the machine has no more) what is said is lost,
/// nothing else.
pub(super) fn start(listener: Option<Listener>) -> Output {
    let (lines, waiting) = mpsc::channel(WAITING);
    if listener.is_none() {
        let _ = std::thread::Builder::new().name("bedrock-output".to_owned()).spawn(move || write(waiting));
    }
    Output { lines, listener, tails: Arc::default() }
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
        if let Some(listener) = &self.listener {
            return listener(Some(worker), request_id, text);
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
        if let Some(listener) = &self.listener {
            return listener(None, None, text);
        }
        let _ = self.lines.try_send(Message::Line(text.to_owned()));
    }

    /// A failed invocation, with the stack lines of the worker's language.
    pub(super) fn failure(&self, error: &Error, request_id: &str) {
        let worker = error.worker();
        let say = |text: &str| match &self.listener {
            Some(listener) => listener(Some(worker), Some(request_id), text),
            None => self.say(&format!("{worker} {} {text}", short(request_id))),
        };
        say(&error.to_string());
        if let Error::Function { trace, .. } = error {
            trace.iter().flat_map(|entry| entry.lines()).take(TRACE_LINES).for_each(say);
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
