//! Reads what a process prints, line by line, and attributes each line to the invocation that was running.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::unix::pipe::Receiver;

use super::invocation_slot::InvocationSlot;
use super::log_line::{LogLine, LogSink};
use crate::sync::Mutex;

/// A longer line is split.
const MAX_LINE_BYTES: usize = 64 * 1024;
/// Maximum time to drain the pipe of a process that prints without end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// The pipe of one process. Two tasks read it; each forwards what it has read before the other one reads.
#[derive(Debug)]
pub(super) struct LogPipe(Arc<Mutex<LineReader>>);

impl LogPipe {
    /// Starts a task that reads the pipe to its end.
    pub(super) fn start(
        pipe: PipeReader,
        worker: Arc<str>,
        slot: &Arc<InvocationSlot>,
        log_sink: &LogSink,
    ) -> io::Result<Self> {
        let pipe = OwnedFd::from(pipe);
        let file = File::from(pipe.try_clone()?);
        let pipe = Receiver::from_owned_fd(pipe)?;
        let slot = Arc::clone(slot);
        let log_sink = Arc::clone(log_sink);
        let reader = Arc::new(Mutex::new(LineReader { worker, slot, log_sink, file, buffer: Vec::new() }));
        tokio::spawn(read_to_end(pipe, Arc::clone(&reader)));
        Ok(Self(reader))
    }

    /// Reads everything that is in the pipe now: a process prints before it replies. This is done here and not by the
    /// task that reads the pipe, because that task would have to be woken for every invocation.
    pub(super) async fn drain(&self) {
        let deadline = Instant::now() + DRAIN_TIMEOUT;
        while self.0.lock().read() && Instant::now() < deadline {
            tokio::task::yield_now().await;
        }
        self.0.lock().forward_lines(true);
    }
}

async fn read_to_end(pipe: Receiver, reader: Arc<Mutex<LineReader>>) {
    loop {
        let ready = pipe.readable().await;
        let mut reader = reader.lock();
        let is_open = match ready.and_then(|()| pipe.try_read_buf(&mut reader.buffer)) {
            Ok(bytes) => bytes > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        };
        reader.forward_lines(!is_open);
        if !is_open {
            return;
        }
    }
}

/// Splits the output of a process into lines.
struct LineReader {
    worker: Arc<str>,
    slot: Arc<InvocationSlot>,
    log_sink: LogSink,
    /// The pipe without tokio, which may not have been notified of new data yet.
    file: File,
    buffer: Vec<u8>,
}

impl LineReader {
    /// Reads a part of what is in the pipe. Returns false if there was nothing to read.
    fn read(&mut self) -> bool {
        let mut chunk = [0; READ_BUFFER_BYTES];
        let Ok(bytes @ 1..) = self.file.read(&mut chunk) else { return false };
        self.buffer.extend_from_slice(chunk.get(..bytes).unwrap_or_default());
        self.forward_lines(false);
        true
    }

    /// Forwards all complete lines, and an incomplete last line too if `is_end`.
    fn forward_lines(&mut self, is_end: bool) {
        let mut rest = self.buffer.as_slice();
        while let Some(length) = line_length(rest, is_end) {
            let (line, after) = rest.split_at(length);
            let text = String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']).to_owned();
            let request_id = self.slot.record_log_line(&text);
            (self.log_sink)(LogLine { worker: Arc::clone(&self.worker), request_id, text });
            rest = after;
        }
        let forwarded = self.buffer.len() - rest.len();
        self.buffer.drain(..forwarded);
    }
}

impl fmt::Debug for LineReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineReader").field("worker", &self.worker).finish_non_exhaustive()
    }
}

/// Returns the number of bytes of the first line with its line ending. `None` if more of it may follow.
fn line_length(bytes: &[u8], is_end: bool) -> Option<usize> {
    let line_end = bytes.iter().take(MAX_LINE_BYTES).position(|byte| *byte == b'\n').map(|position| position + 1);
    let split = || (bytes.len() >= MAX_LINE_BYTES).then_some(MAX_LINE_BYTES);
    line_end.or_else(split).or_else(|| (is_end && !bytes.is_empty()).then_some(bytes.len()))
}
