//! Reads what workers print: the pipe of a host process, split into lines, each with the request it belongs to.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::line_buffer::LineBuffer;
use crate::output::Output;

/// Maximum length of a line; longer ones are split. The hosts split their lines at the same length.
const MAX_LINE_BYTES: usize = 64 * 1024 + 64;
/// Length of a tag: `0x1e`, request id of 36 bytes, `0x1f`.
const TAG_BYTES: usize = 38;
/// How long a flush waits for a worker that prints without pause.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The task that reads the pipe of one host process.
#[derive(Debug)]
pub(super) struct LogReader(mpsc::Sender<oneshot::Sender<()>>);

impl LogReader {
    /// Starts to read the pipe to its end. It must not stop earlier, or the worker would block in its next `print`.
    pub(super) fn start(pipe: OwnedFd, worker: Arc<str>, output: Output, handle: &Handle) -> io::Result<Self> {
        let direct = File::from(pipe.try_clone()?);
        let pipe = Receiver::from_owned_fd(pipe)?;
        let (flush, flush_requests) = mpsc::channel(1);
        let lines = LogLines { worker, output, buffer: LineBuffer::new(MAX_LINE_BYTES) };
        handle.spawn(read(pipe, direct, flush_requests, lines));
        Ok(Self(flush))
    }

    /// Waits until everything that is in the pipe now has been read. A host prints before it responds, but the response
    /// may arrive earlier.
    pub(super) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        let flush = async {
            if self.0.send(done).await.is_ok() {
                let _ = flushed.await;
            }
        };
        let _ = tokio::time::timeout(FLUSH_TIMEOUT, flush).await;
    }
}

async fn read(
    pipe: Receiver,
    mut direct: File,
    mut flush_requests: mpsc::Receiver<oneshot::Sender<()>>,
    mut lines: LogLines,
) {
    loop {
        tokio::select! {
            ready = pipe.readable() => {
                let is_open = match ready.and_then(|()| pipe.try_read_buf(lines.buffer.bytes_mut())) {
                    Ok(bytes) => bytes > 0,
                    Err(error) => error.kind() == ErrorKind::WouldBlock,
                };
                lines.print(false).await;
                if !is_open {
                    break;
                }
            }
            Some(done) = flush_requests.recv() => {
                // Bypasses tokio, which may not have been notified of the bytes yet.
                let mut chunk = [0; 8 * 1024];
                while let Ok(bytes @ 1..) = direct.read(&mut chunk) {
                    lines.buffer.bytes_mut().extend_from_slice(chunk.get(..bytes).unwrap_or_default());
                    lines.print(false).await;
                }
                let _ = done.send(());
            }
        }
    }
    lines.print(true).await;
}

/// Lines on their way from a host process to the output.
struct LogLines {
    worker: Arc<str>,
    output: Output,
    buffer: LineBuffer,
}

impl LogLines {
    /// Prints the lines that are complete. At the end of the stream the rest is a line.
    async fn print(&mut self, is_end: bool) {
        while let Some(line) = self.buffer.next_line(is_end) {
            let (request_id, text) = split_tag(line);
            let text = String::from_utf8_lossy(text);
            self.output.line(&self.worker, request_id, text.trim_end_matches(['\n', '\r'])).await;
        }
    }
}

fn split_tag(line: &[u8]) -> (Option<&str>, &[u8]) {
    match line.split_at_checked(TAG_BYTES) {
        Some(([0x1e, id @ .., 0x1f], text)) => match std::str::from_utf8(id) {
            Ok(id) => (Some(id), text),
            Err(_) => (None, line),
        },
        _ => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::split_tag;

    #[test]
    fn tagged_line_belongs_to_its_request() {
        let line = b"\x1e0123456789abcdef0123456789abcdef0123\x1fhello\n";
        assert_eq!(split_tag(line), (Some("0123456789abcdef0123456789abcdef0123"), &b"hello\n"[..]));
        assert_eq!(split_tag(b"hello\n"), (None, &b"hello\n"[..]));
        assert_eq!(split_tag(b"\x1e"), (None, &b"\x1e"[..]));
    }
}
