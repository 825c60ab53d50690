//! What workers print: the pipe of a host, cut into lines, each with the request it belongs to.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::local::output::Output;

/// A longer line is shown as several. The hosts cut theirs at the same length.
const LONGEST: usize = 64 * 1024 + 64;
/// A tag is `0x1e`, 36 bytes request id, `0x1f`.
const TAG: usize = 38;
/// How long somebody waits for lines of a worker that prints without end.
const SETTLE: Duration = Duration::from_secs(1);

/// What one host prints, while somebody reads it.
#[derive(Debug)]
pub(super) struct Prints(mpsc::Sender<oneshot::Sender<()>>);

impl Prints {
    /// Reads the pipe to its end. Never stops reading before, or the worker would hang in its next `print`.
    pub(super) fn read(pipe: OwnedFd, worker: Arc<str>, output: Output, handle: &Handle) -> io::Result<Self> {
        let direct = File::from(pipe.try_clone()?);
        let pipe = Receiver::from_owned_fd(pipe)?;
        let (ask, asked) = mpsc::channel(1);
        let lines = Lines { worker, output, buffer: Vec::with_capacity(8 * 1024) };
        handle.spawn(follow(pipe, direct, asked, lines));
        Ok(Self(ask))
    }

    /// Waits until all is read that is in the pipe now: a host prints before it answers, and its answer may be faster.
    pub(super) async fn settle(&self) {
        let (done, settled) = oneshot::channel();
        let settle = async {
            if self.0.send(done).await.is_ok() {
                let _ = settled.await;
            }
        };
        let _ = tokio::time::timeout(SETTLE, settle).await;
    }
}

async fn follow(pipe: Receiver, mut direct: File, mut asked: mpsc::Receiver<oneshot::Sender<()>>, mut lines: Lines) {
    loop {
        tokio::select! {
            ready = pipe.readable() => {
                let more = match ready.and_then(|()| pipe.try_read_buf(&mut lines.buffer)) {
                    Ok(bytes) => bytes > 0,
                    Err(error) => error.kind() == ErrorKind::WouldBlock,
                };
                lines.show().await;
                if !more {
                    break;
                }
            }
            Some(done) = asked.recv() => {
                // Past tokio, which may not have heard of what is there.
                let mut chunk = [0; 8 * 1024];
                while let Ok(bytes @ 1..) = direct.read(&mut chunk) {
                    lines.buffer.extend_from_slice(chunk.get(..bytes).unwrap_or_default());
                    lines.show().await;
                }
                let _ = done.send(());
            }
        }
    }
    lines.rest().await;
}

/// Lines on their way from a host to the terminal.
struct Lines {
    worker: Arc<str>,
    output: Output,
    buffer: Vec<u8>,
}

impl Lines {
    /// Shows those that are whole.
    async fn show(&mut self) {
        let mut start = 0;
        while let Some(length) = line_length(&self.buffer[start..]) {
            show(&self.worker, &self.buffer[start..start + length], &self.output).await;
            start += length;
        }
        self.buffer.drain(..start);
    }

    /// Shows what is left at the end.
    async fn rest(self) {
        if !self.buffer.is_empty() {
            show(&self.worker, &self.buffer, &self.output).await;
        }
    }
}

/// How many bytes the first line has, its end included; nothing while it is not complete.
fn line_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().take(LONGEST).position(|byte| *byte == b'\n');
    end.map(|end| end + 1).or_else(|| (bytes.len() >= LONGEST).then_some(LONGEST))
}

async fn show(worker: &str, line: &[u8], output: &Output) {
    let (request_id, text) = split_tag(line);
    let text = String::from_utf8_lossy(text);
    output.line(worker, request_id, text.trim_end_matches(['\n', '\r'])).await;
}

fn split_tag(line: &[u8]) -> (Option<&str>, &[u8]) {
    match line.split_at_checked(TAG) {
        Some(([0x1e, id @ .., 0x1f], text)) => match std::str::from_utf8(id) {
            Ok(id) => (Some(id), text),
            Err(_) => (None, line),
        },
        _ => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, line_length, split_tag};

    #[test]
    fn a_tagged_line_belongs_to_its_request() {
        let line = b"\x1e0123456789abcdef0123456789abcdef0123\x1fhello\n";
        assert_eq!(split_tag(line), (Some("0123456789abcdef0123456789abcdef0123"), &b"hello\n"[..]));
        assert_eq!(split_tag(b"hello\n"), (None, &b"hello\n"[..]));
        assert_eq!(split_tag(b"\x1e"), (None, &b"\x1e"[..]));
    }

    #[test]
    fn a_line_without_end_is_cut() {
        assert_eq!(line_length(b"abc"), None);
        assert_eq!(line_length(b"abc\ndef"), Some(4));
        assert_eq!(line_length(&vec![b'x'; LONGEST * 2]), Some(LONGEST));
    }
}
