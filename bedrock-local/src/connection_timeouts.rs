//! Connections that end when a client sends nothing for too long: half a head, or no further request. Otherwise each of
//! them would keep a file descriptor until the program ends. A connection whose request is being processed, or that
//! streams a response, has no time limit.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};

use crate::stderr::print_error;

/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection may be open without a request, or without reading its response. Clients keep connections for
/// at most a few minutes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// Pause after a connection could not be accepted.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(1);
/// How often the reason is printed.
const ACCEPT_MESSAGE_INTERVAL: Duration = Duration::from_secs(60);

/// What a connection is doing.
#[derive(Debug, Default)]
pub(crate) struct ConnectionActivity {
    /// Number of requests that are processed.
    running: AtomicUsize,
    /// Number of requests that were started or finished, and of writes.
    changes: AtomicUsize,
    /// Whether bytes have arrived since the last request started or finished.
    has_partial_head: AtomicBool,
    /// Whether the last response has no known end: it is streamed, or switched to another protocol.
    is_streaming: AtomicBool,
}

/// Counts a request as running until it is dropped.
#[derive(Debug)]
pub(crate) struct RequestGuard(Arc<ConnectionActivity>);

impl ConnectionActivity {
    pub(crate) fn request_started(self: &Arc<Self>) -> RequestGuard {
        self.running.fetch_add(1, Ordering::AcqRel);
        self.has_partial_head.store(false, Ordering::Release);
        self.is_streaming.store(false, Ordering::Release);
        self.changes.fetch_add(1, Ordering::AcqRel);
        RequestGuard(Arc::clone(self))
    }

    fn timeout(&self) -> Option<Duration> {
        if self.is_streaming.load(Ordering::Acquire) || self.running.load(Ordering::Acquire) > 0 {
            return None;
        }
        Some(if self.has_partial_head.load(Ordering::Acquire) { HEAD_TIMEOUT } else { IDLE_TIMEOUT })
    }
}

impl RequestGuard {
    /// Ends the time limits until the next request, because the response has no known end.
    pub(crate) fn set_streaming(&self) {
        self.0.is_streaming.store(true, Ordering::Release);
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.has_partial_head.store(false, Ordering::Release);
        self.0.changes.fetch_add(1, Ordering::AcqRel);
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Accepts connections with time limits.
pub(crate) struct TimedListener {
    listener: TcpListener,
    last_message: Option<Instant>,
}

impl TimedListener {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self { listener, last_message: None }
    }

    /// Prints why connections cannot be accepted, but not for each of them.
    fn print_accept_error(&mut self, error: &io::Error) {
        if self.last_message.is_some_and(|last| last.elapsed() < ACCEPT_MESSAGE_INTERVAL) {
            return;
        }
        self.last_message = Some(Instant::now());
        let help = "help: end clients that keep connections open, or allow more files with `ulimit -n 4096`";
        print_error(&format!("error: failed to accept a connection: {error}\n{help}"));
    }
}

impl Listener for TimedListener {
    type Io = TimedStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // Otherwise small responses on keep-alive connections would wait 40 ms for the caller's
                    // acknowledgement.
                    let _ = stream.set_nodelay(true);
                    return (TimedStream { stream, activity: Arc::default(), timer: None }, address);
                }
                Err(error) if is_connection_error(&error) => {}
                Err(error) => {
                    self.print_accept_error(&error);
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// Whether the error concerns only the connection that was accepted.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A connection whose reads fail when the client sends nothing for too long.
pub(crate) struct TimedStream {
    stream: TcpStream,
    pub(crate) activity: Arc<ConnectionActivity>,
    /// When the current wait ends.
    timer: Option<ReadTimer>,
}

struct ReadTimer {
    /// Number of changes when the wait started.
    changes: usize,
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl TimedStream {
    fn count_write(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.activity.changes.fetch_add(1, Ordering::AcqRel);
        }
        written
    }

    fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(timeout) = self.activity.timeout() else {
            self.timer = None;
            return Poll::Pending;
        };
        let changes = self.activity.changes.load(Ordering::Acquire);
        // A client that sends a byte now and then gains no time.
        let is_same = |timer: &ReadTimer| timer.changes == changes && timer.timeout == timeout;
        let mut timer = self.timer.take().filter(is_same).unwrap_or_else(|| {
            let sleep = Box::pin(sleep(timeout));
            ReadTimer { changes, timeout, sleep }
        });
        let polled = timer.sleep.as_mut().poll(cx);
        self.timer = Some(timer);
        polled
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_pending() {
            return self.poll_timeout(cx).map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        if buffer.filled().len() > filled {
            self.activity.has_partial_head.store(true, Ordering::Release);
        }
        read
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count_write(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.count_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
