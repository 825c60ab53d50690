//! Hands one invocation at a time to the process of an environment, and its reply back to the caller.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_model::{Invocation, LogTail, ResponseStream};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use crate::sync::Mutex;

/// What a process replied to an invocation.
#[derive(Debug)]
pub(super) enum RuntimeReply {
    Response(Bytes),
    /// The JSON of the runtime's error.
    Error(Bytes),
    /// The response exceeds the limit; sizes in bytes. Of a streamed response, the rest was not read.
    TooLarge {
        bytes: usize,
        limit: usize,
    },
    /// The process exited; Lambda's text.
    Exited(String),
}

/// How far the start of a process has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InitState {
    /// It has not polled for an invocation yet.
    Starting,
    /// It has polled for an invocation.
    Ready,
    /// It reported that it cannot start; the JSON of the runtime's error.
    Failed(Bytes),
    /// It has exited; Lambda's text.
    Exited(String),
}

impl InitState {
    fn is_closed(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Exited(_))
    }
}

/// An invocation that the process has not polled yet.
#[derive(Debug)]
pub(super) struct PendingInvocation {
    /// The request id of `invocation`.
    pub(super) request_id: Arc<str>,
    pub(super) invocation: Invocation,
    /// How long the invocation may take once the process has received it.
    pub(super) timeout: Duration,
    /// Receives the deadline when the process receives the invocation.
    pub(super) started: oneshot::Sender<SystemTime>,
    pub(super) reply: oneshot::Sender<RuntimeReply>,
}

/// The invocation that a process is working on.
#[derive(Debug)]
struct InFlight {
    request_id: Arc<str>,
    caller: oneshot::Sender<RuntimeReply>,
    response_stream: Option<Arc<dyn ResponseStream>>,
}

/// The slot of one process.
#[derive(Debug)]
pub(super) struct InvocationSlot {
    receiver: tokio::sync::Mutex<mpsc::Receiver<PendingInvocation>>,
    sender: mpsc::Sender<PendingInvocation>,
    in_flight: Mutex<Option<InFlight>>,
    /// The newest invocation that the process received. Log lines belong to it, even after its reply.
    newest: Mutex<Option<(Arc<str>, Option<LogTail>)>>,
    pub(super) init_state: watch::Sender<InitState>,
}

impl InvocationSlot {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        Self {
            receiver: receiver.into(),
            sender,
            in_flight: Mutex::default(),
            newest: Mutex::default(),
            init_state: watch::Sender::new(InitState::Starting),
        }
    }

    /// Offers an invocation to the process. Returns false if the process is closed.
    pub(super) async fn offer(&self, pending: PendingInvocation) -> bool {
        !self.is_closed() && self.sender.send(pending).await.is_ok() && !self.is_closed()
    }

    /// Waits for the next invocation, without a time limit, and returns it with its deadline. Called when the process
    /// polls.
    pub(super) async fn next(&self) -> Option<(Invocation, SystemTime)> {
        self.init_state.send_if_modified(|state| {
            let is_starting = *state == InitState::Starting;
            if is_starting {
                *state = InitState::Ready;
            }
            is_starting
        });
        loop {
            let pending = self.receiver.lock().await.recv().await?;
            let PendingInvocation { request_id, invocation, timeout, started, reply } = pending;
            let own_deadline = SystemTime::now() + timeout;
            let deadline = invocation.caller_deadline.map_or(own_deadline, |limit| limit.min(own_deadline));
            let response_stream = invocation.response_stream.clone();
            let in_flight = InFlight { request_id: Arc::clone(&request_id), caller: reply, response_stream };
            *self.in_flight.lock() = Some(in_flight);
            *self.newest.lock() = Some((request_id, invocation.tail.clone()));
            // Sending fails if the caller has given up: the invocation is not run then.
            if started.send(deadline).is_ok() {
                return Some((invocation, deadline));
            }
            *self.in_flight.lock() = None;
        }
    }

    /// Passes a reply to the caller. Returns false if the process does not have this invocation.
    pub(super) fn complete(&self, request_id: &str, reply: RuntimeReply) -> bool {
        let in_flight = self.in_flight.lock().take_if(|in_flight| *in_flight.request_id == *request_id);
        // The caller may have left after its deadline.
        in_flight.map(|in_flight| drop(in_flight.caller.send(reply))).is_some()
    }

    /// Returns what receives the response of an invocation as a stream. `None` if its caller wants it as a whole, or if the
    /// process does not have this invocation.
    pub(super) fn response_stream(&self, request_id: &str) -> Option<Arc<dyn ResponseStream>> {
        let in_flight = self.in_flight.lock();
        in_flight.as_ref().filter(|in_flight| *in_flight.request_id == *request_id)?.response_stream.clone()
    }

    /// Records a log line of the process, and returns the request id that it belongs to.
    pub(super) fn record_log_line(&self, text: &str) -> Option<Arc<str>> {
        let newest = self.newest.lock();
        let (request_id, tail) = newest.as_ref()?;
        if let Some(tail) = tail {
            tail.line(text);
        }
        Some(Arc::clone(request_id))
    }

    /// Closes the slot because the process reported that it cannot start.
    pub(super) fn fail_init(&self, error: Bytes) {
        self.init_state.send_replace(InitState::Failed(error));
    }

    /// Closes the slot because the process has exited, and notifies all waiting callers with Lambda's text.
    pub(super) fn close(&self, exit_text: &str) {
        self.init_state.send_if_modified(|state| {
            let is_open = !state.is_closed();
            if is_open {
                *state = InitState::Exited(exit_text.to_owned());
            }
            is_open
        });
        if let Some(in_flight) = self.in_flight.lock().take() {
            let _ = in_flight.caller.send(RuntimeReply::Exited(exit_text.to_owned()));
        }
    }

    /// Waits until the slot is closed.
    pub(super) async fn closed(&self) {
        // The sender belongs to the slot itself, so waiting cannot fail.
        let _ = self.init_state.subscribe().wait_for(InitState::is_closed).await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.init_state.borrow().is_closed()
    }
}
