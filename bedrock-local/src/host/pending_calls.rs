//! The calls that a host process has not answered yet: which of them it works on, and which of them it may have
//! started.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::call_result::{CallResult, MAX_WAITING_CHUNKS, StreamedCall};

/// Maximum duration of a short call. A worker with short calls is sent further calls ahead.
const MAX_SHORT_CALL: Duration = Duration::from_millis(1);
/// Number of consecutive short calls before that.
const MIN_SHORT_CALLS: u32 = 4;

/// What a host does with a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CallStatus {
    /// It works on an earlier call.
    Queued,
    /// It has worked on the call for this time.
    Running(Duration),
    /// It has answered the call, or the call was never sent.
    Over,
}

/// A call that the host has not answered.
#[derive(Debug)]
struct WaitingCall {
    reply: oneshot::Sender<CallResult>,
    sent: Instant,
    /// Where the chunks go of a response that the host streams.
    chunks: Option<mpsc::Sender<Bytes>>,
}

/// The calls of one host process.
#[derive(Debug)]
pub(super) struct PendingCalls {
    waiting: HashMap<u64, WaitingCall>,
    /// The order in which the host works on the calls. `None` if it works on several at the same time.
    order: Option<VecDeque<u64>>,
    /// When it started to work on the first call of `order`.
    first_started: Instant,
    /// Number of consecutive short calls.
    short_calls: u32,
    /// The host has announced that it exits. It does not start any of its remaining calls.
    is_exiting: bool,
    /// The host gets no more calls. It may finish those that it has.
    is_retired: bool,
    /// The host has exited.
    is_closed: bool,
}

impl PendingCalls {
    pub(super) fn new(is_sequential: bool) -> Self {
        Self {
            waiting: HashMap::new(),
            order: is_sequential.then(VecDeque::new),
            first_started: Instant::now(),
            short_calls: 0,
            is_exiting: false,
            is_retired: false,
            is_closed: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(super) fn is_retired(&self) -> bool {
        self.is_retired
    }

    /// Accepts no more calls.
    pub(super) fn retire(&mut self) {
        self.is_retired = true;
    }

    pub(super) fn is_sequential(&self) -> bool {
        self.order.is_some()
    }

    /// Whether another call may be sent ahead: the last calls were short, and the current one is not long either.
    pub(super) fn has_short_calls(&self) -> bool {
        let is_long = self.order.as_ref().is_some_and(|order| !order.is_empty())
            && self.first_started.elapsed() >= MAX_SHORT_CALL;
        self.short_calls >= MIN_SHORT_CALLS && !is_long
    }

    /// Adds a call that is about to be sent. Returns the number of calls, or `None` if the host has exited or is
    /// retired.
    pub(super) fn start(&mut self, id: u64, reply: oneshot::Sender<CallResult>) -> Option<usize> {
        if self.is_closed || self.is_retired {
            return None;
        }
        let now = Instant::now();
        if let Some(order) = &mut self.order {
            if order.is_empty() {
                self.first_started = now;
            }
            order.push_back(id);
        }
        self.waiting.insert(id, WaitingCall { reply, sent: now, chunks: None });
        Some(self.waiting.len())
    }

    /// Removes a call that the host has answered or given back.
    pub(super) fn end(&mut self, id: u64) -> Option<oneshot::Sender<CallResult>> {
        if let Some(order) = &mut self.order {
            if order.front() == Some(&id) {
                order.pop_front();
                let duration = self.first_started.elapsed();
                self.first_started += duration;
                self.short_calls = if duration < MAX_SHORT_CALL { self.short_calls.saturating_add(1) } else { 0 };
            } else {
                order.retain(|other| *other != id);
            }
        }
        self.abandon(id)
    }

    /// Removes a call whose caller has stopped waiting. The call stays in the order, because the host does not start
    /// the next one before it has answered this one.
    pub(super) fn abandon(&mut self, id: u64) -> Option<oneshot::Sender<CallResult>> {
        self.waiting.remove(&id).map(|call| call.reply)
    }

    /// Notifies the caller that the host streams the response.
    pub(super) fn open_stream(&mut self, id: u64, content_type: Bytes) {
        let Some(call) = self.waiting.get_mut(&id) else { return };
        let (end, ended) = oneshot::channel();
        let (sender, chunks) = mpsc::channel(MAX_WAITING_CHUNKS);
        call.chunks = Some(sender);
        let reply = std::mem::replace(&mut call.reply, end);
        let _ = reply.send(CallResult::Streams(StreamedCall { content_type, chunks, ended }));
    }

    /// Returns where the chunks of a streamed response go. `None` if its caller has stopped waiting.
    pub(super) fn chunks(&self, id: u64) -> Option<mpsc::Sender<Bytes>> {
        self.waiting.get(&id)?.chunks.clone()
    }

    /// Returns what the host does with a call.
    pub(super) fn status(&self, id: u64) -> CallStatus {
        let Some(call) = self.waiting.get(&id) else { return CallStatus::Over };
        match &self.order {
            None => CallStatus::Running(call.sent.elapsed()),
            Some(order) if order.front() == Some(&id) => CallStatus::Running(self.first_started.elapsed()),
            Some(_) => CallStatus::Queued,
        }
    }

    /// Records that the host exits because of the call `id`, if that is still pending.
    pub(super) fn exit_after(&mut self, id: u64) {
        self.is_exiting |= self.order.is_some() && self.waiting.contains_key(&id);
    }

    /// Records that the host has exited. Returns the waiting callers, each with whether its call may have been started.
    pub(super) fn close(&mut self) -> Vec<(oneshot::Sender<CallResult>, bool)> {
        self.is_closed = true;
        let first = self.order.as_ref().map(|order| order.front().copied());
        let is_exiting = self.is_exiting;
        let may_have_started = |id: u64| first.is_none_or(|first| first == Some(id) && !is_exiting);
        self.waiting.drain().map(|(id, call)| (call.reply, may_have_started(id))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{CallStatus, PendingCalls};
    use crate::host::call_result::CallResult;
    use tokio::sync::oneshot::channel;

    #[test]
    fn sequential_host_may_have_started_only_the_first_call() {
        let mut calls = PendingCalls::new(true);
        for id in 1..=3 {
            calls.start(id, channel().0);
        }
        assert!(matches!(calls.status(1), CallStatus::Running(_)));
        assert_eq!((calls.status(2), calls.status(9)), (CallStatus::Queued, CallStatus::Over));
        calls.end(1);
        assert!(matches!(calls.status(2), CallStatus::Running(_)));
        let started: Vec<bool> = calls.close().into_iter().map(|(_, is_started)| is_started).collect();
        assert_eq!(started.iter().filter(|is_started| **is_started).count(), 1);
        assert!(calls.start(4, channel().0).is_none());
    }

    #[test]
    fn abandoned_call_blocks_the_next_until_it_is_answered() {
        let mut calls = PendingCalls::new(true);
        for id in 1..=2 {
            calls.start(id, channel().0);
        }
        calls.abandon(1);
        assert_eq!(calls.status(2), CallStatus::Queued);
        // The answer arrives after all.
        calls.end(1);
        assert!(matches!(calls.status(2), CallStatus::Running(_)));
        assert!(calls.close().into_iter().all(|(_, is_started)| is_started));
    }

    #[test]
    fn exiting_host_starts_no_queued_calls() {
        let mut calls = PendingCalls::new(true);
        for id in 1..=3 {
            calls.start(id, channel().0);
        }
        calls.exit_after(1);
        calls.end(1);
        assert!(calls.close().into_iter().all(|(_, is_started)| !is_started));
    }

    #[test]
    fn retired_host_accepts_no_calls_and_keeps_pending_ones() {
        let mut calls = PendingCalls::new(false);
        let (reply, mut replied) = channel();
        calls.start(1, reply);
        calls.retire();
        assert!(calls.start(2, channel().0).is_none());
        assert_eq!((calls.len(), calls.is_closed()), (1, false));
        assert!(calls.end(1).is_some_and(|reply| reply.send(CallResult::NotRun).is_ok()));
        assert!(replied.try_recv().is_ok());
    }

    #[test]
    fn threaded_host_may_have_started_every_call() {
        let mut calls = PendingCalls::new(false);
        for id in 1..=3 {
            calls.start(id, channel().0);
        }
        assert!(matches!(calls.status(3), CallStatus::Running(_)));
        calls.exit_after(1);
        assert!(calls.close().into_iter().all(|(_, is_started)| is_started));
    }
}
