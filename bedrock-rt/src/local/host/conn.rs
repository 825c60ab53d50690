//! One host from the app's side: calls out, answers in, and what it means when the answers stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use tokio::sync::{Notify, oneshot, watch};

use super::calls::{Calls, Came, Turn};
use super::failure::function_error;
use super::frame::{self, Reader, Said};
use super::socket::{Incoming, Outgoing};
use crate::Error;
use crate::limits::SYNC_PAYLOAD;
use crate::local::Invocation;
use crate::local::dispatch::{Info, response_too_large};

/// A call that has not been begun for so long, behind another one in the same process, is taken back.
const PATIENCE: Duration = Duration::from_millis(5);

/// What happened to a call that a host was given.
pub(super) enum Outcome {
    /// The host answered, or its worker failed; what to tell the caller.
    Done(Result<Bytes, Error>),
    /// Time was up: the host is still busy with it.
    TimedOut(Error),
    /// The host did not begin it.
    NotRun,
}

/// How far a host has come.
#[derive(Debug, Clone)]
enum Stage {
    Starting,
    Ready,
    /// The worker's module could not be loaded, or the host ended before it was.
    Failed(Error),
}

/// The connection to one host.
#[derive(Debug)]
pub(super) struct Conn {
    info: Arc<Info>,
    writer: tokio::sync::Mutex<Outgoing>,
    calls: Mutex<Calls>,
    next: AtomicU64,
    stage: watch::Sender<Stage>,
    /// Answers so far. A host whose count stands still while calls wait is stuck in one of them.
    pub(super) answered: AtomicU64,
    /// Told when a second call is sent while one is running.
    pub(super) crowded: Notify,
    /// Told when no call is running any more.
    pub(super) quiet: Notify,
    /// The worker has ended itself: no further invocation may go there.
    fatal: AtomicBool,
}

impl Conn {
    /// `one_by_one` says that the host works on its calls in their order, each after the one before.
    pub(super) fn new(info: Arc<Info>, writer: Outgoing, one_by_one: bool) -> Arc<Self> {
        Arc::new(Self {
            info,
            writer: writer.into(),
            calls: Mutex::new(Calls::new(one_by_one)),
            next: AtomicU64::new(1),
            stage: watch::Sender::new(Stage::Starting),
            answered: AtomicU64::new(0),
            crowded: Notify::new(),
            quiet: Notify::new(),
            fatal: AtomicBool::new(false),
        })
    }

    /// Waits until the worker's module is loaded, for at most `bound`.
    pub(super) async fn ready(&self, bound: Duration) -> Result<(), Error> {
        let mut stage = self.stage.subscribe();
        let done = stage.wait_for(|stage| !matches!(stage, Stage::Starting));
        match tokio::time::timeout(bound, done).await.map(|stage| stage.map(|s| s.clone())) {
            Ok(Ok(Stage::Failed(error))) => Err(error),
            Ok(_) => Ok(()),
            Err(_) => Err(Error::Timeout { worker: self.info.entry.name.clone(), after: bound }),
        }
    }

    /// Whether the host can take another call.
    pub(super) fn usable(&self) -> bool {
        !self.broken() && !self.retired()
    }

    /// Whether the host or its worker has ended.
    pub(super) fn broken(&self) -> bool {
        self.fatal.load(Ordering::Relaxed) || self.calls().closed()
    }

    /// Whether the host is gone.
    pub(super) fn ended(&self) -> bool {
        self.calls().closed()
    }

    /// Whether it only finishes the calls that it has.
    pub(super) fn retired(&self) -> bool {
        self.calls().retired()
    }

    /// Has it given no more calls: whoever is about to send one learns that it was not run.
    pub(super) fn retire(&self) {
        self.calls().retire();
    }

    pub(super) fn running(&self) -> usize {
        self.calls().len()
    }

    /// Whether the worker has lately been answering within a millisecond.
    pub(super) fn quick(&self) -> bool {
        self.calls().quick()
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one invocation and waits for its answer until its deadline.
    ///
    /// Must be polled to its end, or a large event may be written by half; see [`Detach`](crate::local::detach::Detach).
    pub(super) async fn call(&self, invocation: &Invocation) -> Outcome {
        let (deadline, left) = self.info.deadline(invocation);
        let deadline_ms = deadline.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
        let deadline_ms = u64::try_from(deadline_ms).unwrap_or(u64::MAX);
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let frame = frame::invoke(id, deadline_ms, invocation);
        let (answer, answered) = oneshot::channel();
        let begun = AtomicBool::new(false);
        let mut exchange = std::pin::pin!(async {
            let mut writer = self.writer.lock().await;
            // Under the writer's lock, so that the order here is the order on the wire.
            let Some(crowd) = self.calls().begin(id, answer) else { return Ok(Came::NotRun) };
            begun.store(true, Ordering::Relaxed);
            if crowd > 1 {
                self.crowded.notify_one();
            }
            // A failed write means that the host is gone; whoever reads finds out how it went and answers.
            let _ = writer.write_all(&frame).await;
            drop(writer);
            answered.await
        });
        let mut patience = left;
        if self.running() > 0 && self.calls().one_by_one() {
            patience = PATIENCE.min(left);
        }
        loop {
            match tokio::time::timeout(patience, exchange.as_mut()).await {
                Ok(Ok(Came::Answer(result))) => return Outcome::Done(result),
                Ok(Ok(Came::NotRun)) => return Outcome::NotRun,
                Ok(Err(_)) => return Outcome::Done(Err(self.lost())),
                Err(_) => {}
            }
            // The time of a call that waits behind another one in its process has not begun.
            let turn = self.calls().turn(id);
            match turn {
                Turn::Queued => {
                    self.recall();
                    patience = left;
                }
                Turn::Since(so_far) if so_far < left => patience = left.saturating_sub(so_far),
                // Its answer was taken a moment ago and is on its way here.
                Turn::Over if begun.load(Ordering::Relaxed) => patience = PATIENCE,
                // Another call has been writing all the time, to a host that does not read.
                Turn::Over => return Outcome::NotRun,
                Turn::Since(_) => {
                    self.forget(|calls| calls.abandon(id));
                    let worker = self.info.entry.name.clone();
                    return Outcome::TimedOut(Error::Timeout { worker, after: left });
                }
            }
        }
    }

    /// Asks for what the host has not begun. If a write is under way, the call behind it asks again.
    fn recall(&self) {
        if let Ok(writer) = self.writer.try_lock() {
            writer.try_write(&frame::RECALL);
        }
    }

    /// Reads answers until the host closes its end or writes what is no frame. The caller then says how it ended.
    pub(super) async fn read(&self, mut socket: Incoming) -> Result<(), frame::Nonsense> {
        let (mut reader, mut buffer) = (Reader::new(SYNC_PAYLOAD), BytesMut::with_capacity(16 * 1024));
        loop {
            while let Some(said) = reader.next(&mut buffer)? {
                self.take(said);
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

    fn take(&self, said: Said) {
        let worker = &self.info.entry.name;
        match said {
            Said::Ready => drop(self.stage.send_replace(Stage::Ready)),
            Said::InitError(json) => drop(self.stage.send_replace(Stage::Failed(function_error(worker, &json)))),
            Said::Response { id, json } => self.answer(id, Ok(json)),
            Said::Error { id, json } => self.answer(id, Err(function_error(worker, &json))),
            Said::Fatal { id, json } => {
                self.fatal.store(true, Ordering::Relaxed);
                self.calls().no_more_begun_after(id);
                self.answer(id, Err(function_error(worker, &json)));
            }
            Said::TooLarge { id, bytes } => self.answer(id, Err(response_too_large(worker, bytes))),
            Said::Recalled { id } => {
                if let Some(answer) = self.forget(|calls| calls.end(id)) {
                    let _ = answer.send(Came::NotRun);
                }
            }
        }
    }

    fn answer(&self, id: u64, result: Result<Bytes, Error>) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        // Nobody waits for an answer after its deadline.
        if let Some(answer) = self.forget(|calls| calls.end(id)) {
            let _ = answer.send(Came::Answer(result));
        }
    }

    fn forget(&self, how: impl FnOnce(&mut Calls) -> Option<oneshot::Sender<Came>>) -> Option<oneshot::Sender<Came>> {
        let mut calls = self.calls();
        let answer = how(&mut calls);
        if calls.len() == 0 {
            self.quiet.notify_one();
        }
        answer
    }

    /// The host has ended: everybody who waits for it gets `error`, or learns that the call was not begun.
    pub(super) fn close(&self, error: &Error) {
        let waiting = self.calls().close();
        self.stage.send_if_modified(|stage| {
            let starting = matches!(stage, Stage::Starting);
            if starting {
                *stage = Stage::Failed(error.clone());
            }
            starting
        });
        for (answer, begun) in waiting {
            let _ = answer.send(if begun { Came::Answer(Err(error.clone())) } else { Came::NotRun });
        }
        self.quiet.notify_one();
        // Whoever keeps an eye on the host has nothing to look at any more.
        self.crowded.notify_one();
    }

    fn lost(&self) -> Error {
        Error::Transport {
            worker: self.info.entry.name.clone(),
            message: "its host ended".to_owned(),
            may_have_run: true,
        }
    }
}
