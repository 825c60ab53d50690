//! What a process prints, line by line, with the request that it was running.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::unix::pipe::Receiver;

use super::invocation_slot::InvocationSlot;

/// A longer line is handed on as several.
const LONGEST: usize = 64 * 1024;
/// How long somebody waits for the lines of a process that prints without end.
const SETTLE: Duration = Duration::from_secs(1);

/// A line that a process printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The worker.
    pub worker: Arc<str>,
    /// The invocation that its process was given last, if it was given one.
    pub request_id: Option<Arc<str>>,
    /// Without its end.
    pub text: String,
}

/// Takes lines. Must not block for long: the process waits for it.
pub type LogSink = Arc<dyn Fn(LogLine) + Send + Sync>;

/// What one process prints, while somebody reads it. Whoever reads hands on what he has read before the next one reads.
#[derive(Debug)]
pub(super) struct LogPipe(Arc<Mutex<Printed>>);

impl LogPipe {
    /// Reads the pipe to its end.
    pub(super) fn read(
        pipe: PipeReader,
        worker: Arc<str>,
        mailbox: &Arc<InvocationSlot>,
        sink: &LogSink,
    ) -> io::Result<Self> {
        let pipe = OwnedFd::from(pipe);
        let direct = File::from(pipe.try_clone()?);
        let pipe = Receiver::from_owned_fd(pipe)?;
        let (mailbox, sink) = (Arc::clone(mailbox), Arc::clone(sink));
        let printed = Arc::new(Mutex::new(Printed { worker, mailbox, sink, direct, buffer: Vec::new() }));
        tokio::spawn(follow(pipe, Arc::clone(&printed)));
        Ok(Self(printed))
    }

    /// Waits until all is read that is in the pipe now: a process prints before it answers. Here, and not by whoever
    /// reads the pipe, who would have to be woken for every invocation.
    pub(super) async fn settle(&self) {
        let until = Instant::now() + SETTLE;
        while printed(&self.0).read() && Instant::now() < until {
            tokio::task::yield_now().await;
        }
        printed(&self.0).hand_on(true);
    }
}

async fn follow(pipe: Receiver, lines: Arc<Mutex<Printed>>) {
    loop {
        let ready = pipe.readable().await;
        let mut printed = printed(&lines);
        let more = match ready.and_then(|()| pipe.try_read_buf(&mut printed.buffer)) {
            Ok(bytes) => bytes > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        };
        printed.hand_on(!more);
        if !more {
            return;
        }
    }
}

fn printed(lines: &Mutex<Printed>) -> MutexGuard<'_, Printed> {
    // Nothing panics while the lock is held, and the data would be sound if it did.
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Printed {
    worker: Arc<str>,
    mailbox: Arc<InvocationSlot>,
    sink: LogSink,
    /// The pipe past tokio, which may not have heard of what is there.
    direct: File,
    buffer: Vec<u8>,
}

impl Printed {
    /// Takes a part of what is in the pipe; says whether there was anything.
    fn read(&mut self) -> bool {
        let mut chunk = [0; 8 * 1024];
        let Ok(bytes @ 1..) = self.direct.read(&mut chunk) else { return false };
        self.buffer.extend_from_slice(chunk.get(..bytes).unwrap_or_default());
        self.hand_on(false);
        true
    }

    /// Hands on the lines that are whole; `all` of them when nothing will be added.
    fn hand_on(&mut self, all: bool) {
        let mut rest = self.buffer.as_slice();
        while let Some(length) = length(rest, all) {
            let (line, behind) = rest.split_at(length);
            let text = String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']).to_owned();
            let request_id = self.mailbox.printed(&text);
            (self.sink)(LogLine { worker: Arc::clone(&self.worker), request_id, text });
            rest = behind;
        }
        let done = self.buffer.len() - rest.len();
        self.buffer.drain(..done);
    }
}

impl fmt::Debug for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Printed").field("worker", &self.worker).finish_non_exhaustive()
    }
}

/// How many bytes the first line has, its end included; nothing while it may go on.
fn length(bytes: &[u8], all: bool) -> Option<usize> {
    let end = bytes.iter().take(LONGEST).position(|byte| *byte == b'\n').map(|end| end + 1);
    let cut = || (bytes.len() >= LONGEST).then_some(LONGEST);
    end.or_else(cut).or_else(|| (all && !bytes.is_empty()).then_some(bytes.len()))
}
