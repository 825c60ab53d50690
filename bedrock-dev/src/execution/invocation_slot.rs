//! What passes between an invocation and the process that asks for it: the event one way, what came of it the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bedrock::local::{Invocation, Tail};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

/// What a process said of an invocation.
#[derive(Debug)]
pub(super) enum RuntimeReply {
    Response(Bytes),
    /// In the words of its runtime, JSON.
    Error(Bytes),
    /// Its response has so many bytes, which are too many.
    TooLarge(usize),
    /// It ended, in Lambda's words.
    Ended(String),
}

/// How far a process has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InitState {
    /// It has not asked for an invocation yet.
    Starting,
    /// It has asked.
    Ready,
    /// It could not start, in the words of its runtime.
    Failed(Bytes),
    /// It is gone, in Lambda's words.
    Ended(String),
}

/// An invocation on its way to a process.
#[derive(Debug)]
pub(super) struct PendingInvocation {
    /// That of the invocation.
    pub(super) request_id: Arc<str>,
    pub(super) invocation: Invocation,
    /// How long it may take from the moment at which the process gets it.
    pub(super) time: Duration,
    /// Told the deadline when the process gets it.
    pub(super) begun: oneshot::Sender<SystemTime>,
    pub(super) answer: oneshot::Sender<RuntimeReply>,
}

/// Of one process.
#[derive(Debug)]
pub(super) struct InvocationSlot {
    letters: tokio::sync::Mutex<mpsc::Receiver<PendingInvocation>>,
    slot: mpsc::Sender<PendingInvocation>,
    /// The request id of the invocation that it has, and who waits for its answer.
    current: Mutex<Option<(Arc<str>, oneshot::Sender<RuntimeReply>)>>,
    /// The invocation that it was given last: what it prints belongs to it, also behind its answer.
    latest: Mutex<Option<(Arc<str>, Option<Tail>)>>,
    pub(super) stage: watch::Sender<InitState>,
}

impl InvocationSlot {
    pub(super) fn new() -> Self {
        let (slot, letters) = mpsc::channel(1);
        let stage = watch::Sender::new(InitState::Starting);
        Self { letters: letters.into(), slot, current: Mutex::default(), latest: Mutex::default(), stage }
    }

    /// Puts an invocation in; false if the process is gone.
    pub(super) async fn put(&self, letter: PendingInvocation) -> bool {
        !self.is_over() && self.slot.send(letter).await.is_ok() && !self.is_over()
    }

    /// What the process gets when it asks: the next invocation and its deadline. It waits for ever.
    pub(super) async fn next(&self) -> Option<(Invocation, SystemTime)> {
        self.stage.send_if_modified(|stage| {
            let starting = *stage == InitState::Starting;
            if starting {
                *stage = InitState::Ready;
            }
            starting
        });
        loop {
            let PendingInvocation { request_id, invocation, time, begun, answer } =
                self.letters.lock().await.recv().await?;
            let own = SystemTime::now() + time;
            let deadline = invocation.limit.map_or(own, |limit| limit.min(own));
            *self.current() = Some((Arc::clone(&request_id), answer));
            *self.latest() = Some((request_id, invocation.tail.clone()));
            // Nobody waits for it any more: it is not begun.
            if begun.send(deadline).is_ok() {
                return Some((invocation, deadline));
            }
            *self.current() = None;
        }
    }

    /// Hands an answer on; false if the process has no such invocation.
    pub(super) fn answer(&self, request_id: &str, said: RuntimeReply) -> bool {
        let taken = self.current().take_if(|(id, _)| **id == *request_id);
        // Nobody waits for an answer after its deadline.
        taken.map(|(_, answer)| drop(answer.send(said))).is_some()
    }

    /// Takes a line that the process printed; gives the request that it belongs to.
    pub(super) fn printed(&self, text: &str) -> Option<Arc<str>> {
        let latest = self.latest();
        let (id, tail) = latest.as_ref()?;
        if let Some(tail) = tail {
            tail.line(text);
        }
        Some(Arc::clone(id))
    }

    /// The process could not start.
    pub(super) fn fail(&self, error: Bytes) {
        self.stage.send_replace(InitState::Failed(error));
    }

    /// The process is gone: whoever waits for it learns how.
    pub(super) fn end(&self, how: &str) {
        self.stage.send_if_modified(|stage| {
            let open = !matches!(stage, InitState::Failed(_) | InitState::Ended(_));
            if open {
                *stage = InitState::Ended(how.to_owned());
            }
            open
        });
        if let Some((_, answer)) = self.current().take() {
            let _ = answer.send(RuntimeReply::Ended(how.to_owned()));
        }
    }

    /// Waits until the process is gone or could not start.
    pub(super) async fn over(&self) {
        let over = |stage: &InitState| matches!(stage, InitState::Failed(_) | InitState::Ended(_));
        // The sender is the mailbox's own.
        let _ = self.stage.subscribe().wait_for(over).await;
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(&*self.stage.borrow(), InitState::Failed(_) | InitState::Ended(_))
    }

    fn latest(&self) -> MutexGuard<'_, Option<(Arc<str>, Option<Tail>)>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> MutexGuard<'_, Option<(Arc<str>, oneshot::Sender<RuntimeReply>)>> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
