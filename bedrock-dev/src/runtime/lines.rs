//! What a process prints, line by line, with the request that it was running.

use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::sync::{mpsc, oneshot};

use super::mailbox::Mailbox;

/// A longer line is handed on as several.
const LONGEST: usize = 64 * 1024;
/// How long somebody waits for the lines of a process that prints without end.
const SETTLE: Duration = Duration::from_secs(1);

/// A line that a process printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The worker.
    pub worker: String,
    /// The invocation that its process was given last, if it was given one.
    pub request_id: Option<String>,
    /// Without its end.
    pub text: String,
}

/// Takes lines. Must not block for long: the process waits for it.
pub type Sink = Arc<dyn Fn(Line) + Send + Sync>;

/// What one process prints, while somebody reads it.
#[derive(Debug)]
pub(super) struct Lines(mpsc::Sender<oneshot::Sender<()>>);

impl Lines {
    /// Reads the pipe to its end.
    pub(super) fn read(pipe: PipeReader, worker: &str, mailbox: &Arc<Mailbox>, sink: &Sink) -> io::Result<Self> {
        let pipe = OwnedFd::from(pipe);
        let direct = File::from(pipe.try_clone()?);
        let pipe = Receiver::from_owned_fd(pipe)?;
        let (ask, asked) = mpsc::channel(1);
        let (worker, mailbox, sink) = (worker.to_owned(), Arc::clone(mailbox), Arc::clone(sink));
        let printed = Printed { worker, mailbox, sink, buffer: Vec::new() };
        tokio::spawn(follow(pipe, direct, asked, printed));
        Ok(Self(ask))
    }

    /// Waits until all is read that is in the pipe now: a process prints before it answers.
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

async fn follow(
    pipe: Receiver,
    mut direct: File,
    mut asked: mpsc::Receiver<oneshot::Sender<()>>,
    mut printed: Printed,
) {
    loop {
        tokio::select! {
            ready = pipe.readable() => {
                let more = match ready.and_then(|()| pipe.try_read_buf(&mut printed.buffer)) {
                    Ok(bytes) => bytes > 0,
                    Err(error) => error.kind() == ErrorKind::WouldBlock,
                };
                printed.hand_on(!more);
                if !more {
                    return;
                }
            }
            Some(done) = asked.recv() => {
                // Past tokio, which may not have heard of what is there.
                let mut chunk = [0; 8 * 1024];
                while let Ok(bytes @ 1..) = direct.read(&mut chunk) {
                    printed.buffer.extend_from_slice(chunk.get(..bytes).unwrap_or_default());
                    printed.hand_on(false);
                    tokio::task::yield_now().await;
                }
                printed.hand_on(true);
                let _ = done.send(());
            }
        }
    }
}

struct Printed {
    worker: String,
    mailbox: Arc<Mailbox>,
    sink: Sink,
    buffer: Vec<u8>,
}

impl Printed {
    /// Hands on the lines that are whole; `all` of them when nothing will be added.
    fn hand_on(&mut self, all: bool) {
        let mut rest = self.buffer.as_slice();
        while let Some(length) = length(rest, all) {
            let (line, behind) = rest.split_at(length);
            let text = String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']).to_owned();
            let request_id = self.mailbox.printed(&text);
            (self.sink)(Line { worker: self.worker.clone(), request_id, text });
            rest = behind;
        }
        let done = self.buffer.len() - rest.len();
        self.buffer.drain(..done);
    }
}

/// How many bytes the first line has, its end included; nothing while it may go on.
fn length(bytes: &[u8], all: bool) -> Option<usize> {
    let end = bytes.iter().take(LONGEST).position(|byte| *byte == b'\n').map(|end| end + 1);
    let cut = || (bytes.len() >= LONGEST).then_some(LONGEST);
    end.or_else(cut).or_else(|| (all && !bytes.is_empty()).then_some(bytes.len()))
}
