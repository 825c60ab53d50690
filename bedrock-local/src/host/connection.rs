//! The connection to a host process: sends calls, receives responses, and decides what happens to calls when the
//! process ends.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use bedrock_model::Invocation;
use bedrock_model::function_error::{FunctionError, response_too_large};
use bytes::{Bytes, BytesMut};
use tokio::sync::{Notify, oneshot, watch};

use super::call_result::{CallResult, StreamedCall};
use super::frame::{self, FrameReader, HostFrame};
use super::pending_calls::{CallStatus, PendingCalls};
use super::socket::{Incoming, Outgoing};
use crate::worker_info::WorkerInfo;
use bedrock_model::Error;
use bedrock_model::limits::MAX_SYNC_PAYLOAD_BYTES;

/// How long a call waits for another one in the same process before it is taken back.
const RECALL_AFTER: Duration = Duration::from_millis(5);

/// The outcome of a call that was sent to a host process.
pub(super) enum CallOutcome {
    /// The host responded, or its worker failed. Contains the result for the caller.
    Done(Result<Bytes, Error>),
    /// The same with a response that the worker has written to a stream.
    Streamed(Result<Bytes, Error>),
    /// The call timed out. The host is still busy with it.
    TimedOut(Error),
    /// The host did not start the call.
    NotRun,
}

/// The state of a host process.
#[derive(Debug, Clone)]
enum HostState {
    Starting,
    Ready,
    /// The worker's module could not be loaded, or the host exited before it was loaded.
    Failed(Error),
}

/// The connection to one host process.
#[derive(Debug)]
pub(super) struct Connection {
    info: Arc<WorkerInfo>,
    writer: tokio::sync::Mutex<Outgoing>,
    calls: Mutex<PendingCalls>,
    next_id: AtomicU64,
    state: watch::Sender<HostState>,
    /// The types of the worker as JSON, which the host has sent when it was ready.
    contract: OnceLock<Bytes>,
    /// Number of responses so far. If it does not change while calls wait, the host is stuck in one of them.
    pub(super) answered: AtomicU64,
    /// Notified when a second call is sent while one is running.
    pub(super) second_call: Notify,
    /// Notified when no call is running any more.
    pub(super) idle: Notify,
    /// The worker has exited by itself. The host must get no more invocations.
    is_fatal: AtomicBool,
}

impl Connection {
    /// `is_sequential`: the host works on its calls in their order, one after the other.
    pub(super) fn new(info: Arc<WorkerInfo>, writer: Outgoing, is_sequential: bool) -> Arc<Self> {
        Arc::new(Self {
            info,
            writer: writer.into(),
            calls: Mutex::new(PendingCalls::new(is_sequential)),
            next_id: AtomicU64::new(1),
            state: watch::Sender::new(HostState::Starting),
            contract: OnceLock::new(),
            answered: AtomicU64::new(0),
            second_call: Notify::new(),
            idle: Notify::new(),
            is_fatal: AtomicBool::new(false),
        })
    }

    /// Waits until the worker's module is loaded, for at most `timeout`.
    pub(super) async fn ready(&self, timeout: Duration) -> Result<(), Error> {
        let mut state = self.state.subscribe();
        let done = state.wait_for(|state| !matches!(state, HostState::Starting));
        match tokio::time::timeout(timeout, done).await.map(|state| state.map(|state| state.clone())) {
            Ok(Ok(HostState::Failed(error))) => Err(error),
            Ok(_) => Ok(()),
            Err(_) => Err(Error::Timeout { worker: self.info.entry.name.clone(), after: timeout }),
        }
    }

    /// Returns the types of the worker as JSON. Empty if they were not asked for.
    pub(super) fn contract(&self) -> &[u8] {
        self.contract.get().map_or(&[], |contract| &contract[..])
    }

    /// Whether the host accepts another call.
    pub(super) fn is_usable(&self) -> bool {
        !self.is_broken() && !self.is_retired()
    }

    /// Whether the host or its worker has exited.
    pub(super) fn is_broken(&self) -> bool {
        self.is_fatal.load(Ordering::Relaxed) || self.calls().is_closed()
    }

    /// Whether the host has exited.
    pub(super) fn is_closed(&self) -> bool {
        self.calls().is_closed()
    }

    /// Whether the host only finishes the calls that it has.
    pub(super) fn is_retired(&self) -> bool {
        self.calls().is_retired()
    }

    /// Accepts no more calls. A call that is just being sent is reported as not run.
    pub(super) fn retire(&self) {
        self.calls().retire();
    }

    /// Returns the number of running calls.
    pub(super) fn running(&self) -> usize {
        self.calls().len()
    }

    /// Whether the worker has recently responded within a millisecond.
    pub(super) fn has_short_calls(&self) -> bool {
        self.calls().has_short_calls()
    }

    fn calls(&self) -> MutexGuard<'_, PendingCalls> {
        // No code panics while it holds the lock, and the data would be valid if it did.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends an invocation and waits for its response until its deadline.
    ///
    /// The future must be polled to its end, or a large event may be written only partially; see
    /// [`SpawnOnDrop`](crate::SpawnOnDrop).
    pub(super) async fn call(&self, invocation: &Invocation) -> CallOutcome {
        let deadline = self.info.deadline(invocation);
        let remaining = deadline.remaining;
        let deadline_ms = deadline.at.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
        let deadline_ms = u64::try_from(deadline_ms).unwrap_or(u64::MAX);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = frame::invoke_frame(id, deadline_ms, invocation);
        let (reply, replied) = oneshot::channel();
        let is_sent = AtomicBool::new(false);
        let mut exchange = std::pin::pin!(async {
            let mut writer = self.writer.lock().await;
            // While the writer is locked, so that the order here is the order on the socket.
            let Some(running) = self.calls().start(id, reply) else { return Ok(CallResult::NotRun) };
            is_sent.store(true, Ordering::Relaxed);
            if running > 1 {
                self.second_call.notify_one();
            }
            // If the write fails the host has exited. The reading task finds out why, and replies.
            let _ = writer.write_all(&frame).await;
            drop(writer);
            replied.await
        });
        let mut wait = remaining;
        if self.running() > 0 && self.calls().is_sequential() {
            wait = RECALL_AFTER.min(remaining);
        }
        loop {
            match tokio::time::timeout(wait, exchange.as_mut()).await {
                Ok(Ok(CallResult::Response(result))) => return CallOutcome::Done(result),
                Ok(Ok(CallResult::Streams(stream))) => return self.receive(id, stream, invocation, remaining).await,
                Ok(Ok(CallResult::NotRun)) => return CallOutcome::NotRun,
                Ok(Err(_)) => return CallOutcome::Done(Err(self.lost_error())),
                Err(_) => {}
            }
            // The timeout of a call does not start while the host works on an earlier call.
            let status = self.calls().status(id);
            match status {
                CallStatus::Queued => {
                    self.recall();
                    wait = remaining;
                }
                CallStatus::Running(elapsed) if elapsed < remaining => wait = remaining.saturating_sub(elapsed),
                // The response has just been received and is on its way here.
                CallStatus::Over if is_sent.load(Ordering::Relaxed) => wait = RECALL_AFTER,
                // Another call has been writing all the time to a host that does not read.
                CallStatus::Over => return CallOutcome::NotRun,
                CallStatus::Running(_) => {
                    self.remove(|calls| calls.abandon(id));
                    let worker = self.info.entry.name.clone();
                    return CallOutcome::TimedOut(Error::Timeout { worker, after: remaining });
                }
            }
        }
    }

    /// Receives the response of a call that the host streams, until the call's deadline. After the end of the call, a client
    /// that reads slowly has time.
    async fn receive(
        &self,
        id: u64,
        stream: StreamedCall,
        invocation: &Invocation,
        remaining: Duration,
    ) -> CallOutcome {
        let worker = &self.info.entry.name;
        let mut received = std::pin::pin!(stream.receive(worker, invocation.response_stream.as_deref()));
        loop {
            let status = self.calls().status(id);
            let result = match status {
                CallStatus::Running(elapsed) if elapsed < remaining => {
                    match tokio::time::timeout(remaining.saturating_sub(elapsed), received.as_mut()).await {
                        Ok(result) => result,
                        Err(_) => continue,
                    }
                }
                CallStatus::Over => received.as_mut().await,
                CallStatus::Running(_) | CallStatus::Queued => {
                    self.remove(|calls| calls.abandon(id));
                    return CallOutcome::TimedOut(Error::Timeout { worker: worker.clone(), after: remaining });
                }
            };
            return CallOutcome::Streamed(result.unwrap_or_else(|| Err(self.lost_error())));
        }
    }

    /// Asks the host to give back the calls that it has not started. If a call is being written, that call asks again.
    fn recall(&self) {
        if let Ok(writer) = self.writer.try_lock() {
            writer.try_write(&frame::RECALL);
        }
    }

    /// Reads responses until the host closes its end or writes an invalid frame. The caller then calls
    /// [`Connection::close`].
    pub(super) async fn read(&self, mut socket: Incoming) -> Result<(), frame::ProtocolError> {
        let mut reader = FrameReader::new(MAX_SYNC_PAYLOAD_BYTES);
        let mut buffer = BytesMut::with_capacity(16 * 1024);
        loop {
            while let Some(frame) = reader.next(&mut buffer)? {
                if let HostFrame::Chunk { id, bytes } = frame {
                    // The caller drops the other end when it stops waiting.
                    let chunks = self.calls().chunks(id);
                    if let Some(chunks) = chunks {
                        let _ = chunks.send(bytes).await;
                    }
                } else {
                    self.handle_frame(frame);
                }
            }
            if buffer.is_empty() && buffer.capacity() > 1024 * 1024 {
                buffer = BytesMut::with_capacity(16 * 1024);
            }
            match socket.read(&mut buffer).await {
                Ok(0) | Err(_) => return Ok(()),
                Ok(_) => {}
            }
        }
    }

    fn handle_frame(&self, frame: HostFrame) {
        let worker = &self.info.entry.name;
        match frame {
            HostFrame::Ready(contract) => {
                // A host is ready only once.
                let _ = self.contract.set(contract);
                self.state.send_replace(HostState::Ready);
            }
            HostFrame::InitError(json) => {
                let error = FunctionError::parse(&json).into_error(worker);
                self.state.send_replace(HostState::Failed(error));
            }
            HostFrame::Response { id, json } => self.reply(id, Ok(json)),
            HostFrame::Error { id, json } => self.reply(id, Err(FunctionError::parse(&json).into_error(worker))),
            HostFrame::Fatal { id, json } => {
                self.is_fatal.store(true, Ordering::Relaxed);
                self.calls().exit_after(id);
                self.reply(id, Err(FunctionError::parse(&json).into_error(worker)));
            }
            HostFrame::Stream { id, content_type } => self.calls().open_stream(id, content_type),
            // `read` passes it on.
            HostFrame::Chunk { .. } => {}
            HostFrame::TooLarge { id, bytes } => self.reply(id, Err(response_too_large(worker, bytes))),
            HostFrame::Recalled { id } => {
                if let Some(reply) = self.remove(|calls| calls.end(id)) {
                    let _ = reply.send(CallResult::NotRun);
                }
            }
        }
    }

    fn reply(&self, id: u64, result: Result<Bytes, Error>) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        // The caller has stopped waiting if the deadline has passed.
        if let Some(reply) = self.remove(|calls| calls.end(id)) {
            let _ = reply.send(CallResult::Response(result));
        }
    }

    fn remove(
        &self,
        remove: impl FnOnce(&mut PendingCalls) -> Option<oneshot::Sender<CallResult>>,
    ) -> Option<oneshot::Sender<CallResult>> {
        let mut calls = self.calls();
        let reply = remove(&mut calls);
        if calls.len() == 0 {
            self.idle.notify_one();
        }
        reply
    }

    /// Records that the host has exited. Every waiting caller gets `error`, or the result that its call was not
    /// started.
    pub(super) fn close(&self, error: &Error) {
        let waiting = self.calls().close();
        self.state.send_if_modified(|state| {
            let is_starting = matches!(state, HostState::Starting);
            if is_starting {
                *state = HostState::Failed(error.clone());
            }
            is_starting
        });
        for (reply, may_have_started) in waiting {
            let _ = reply.send(if may_have_started {
                CallResult::Response(Err(error.clone()))
            } else {
                CallResult::NotRun
            });
        }
        self.idle.notify_one();
        // Ends the task that watches for stuck calls.
        self.second_call.notify_one();
    }

    fn lost_error(&self) -> Error {
        Error::Transport {
            worker: self.info.entry.name.clone(),
            message: "its host process exited".to_owned(),
            may_have_run: true,
        }
    }
}
