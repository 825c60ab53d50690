//! One host from the app's side: calls out, answers in, and what it means when the answers stop.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot, watch};

use super::frame::{self, Reader, Said};
use crate::Error;
use crate::limits::SYNC_PAYLOAD;
use crate::local::dispatch::{Info, Invocation, response_too_large};

/// What happened to a call that a host was given.
pub(super) enum Outcome {
    /// The host answered, or its worker failed, or time was up; what to tell the caller.
    Done(Result<Bytes, Error>),
    /// Time was up: the host is still busy with it.
    TimedOut(Error),
    /// The host was gone before the call was sent, so it surely did not run.
    NotSent,
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
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
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
    fatal: std::sync::atomic::AtomicBool,
}

#[derive(Debug, Default)]
struct Calls {
    waiting: HashMap<u64, oneshot::Sender<Result<Bytes, Error>>>,
    closed: bool,
}

impl Conn {
    pub(super) fn new(info: Arc<Info>, writer: OwnedWriteHalf) -> Arc<Self> {
        Arc::new(Self {
            info,
            writer: writer.into(),
            calls: Mutex::default(),
            next: AtomicU64::new(1),
            stage: watch::Sender::new(Stage::Starting),
            answered: AtomicU64::new(0),
            crowded: Notify::new(),
            quiet: Notify::new(),
            fatal: false.into(),
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
        !self.fatal.load(Ordering::Relaxed) && !self.calls().closed
    }

    pub(super) fn running(&self) -> usize {
        self.calls().waiting.len()
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, Calls> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Sends one invocation and waits for its answer until its deadline.
    pub(super) async fn call(&self, invocation: &Invocation) -> Outcome {
        let (deadline, left) = invocation.deadline(&self.info);
        let deadline_ms = deadline.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, mut answered) = oneshot::channel();
        let crowd = {
            let mut calls = self.calls();
            if calls.closed {
                return Outcome::NotSent;
            }
            calls.waiting.insert(id, answer);
            calls.waiting.len()
        };
        if crowd > 1 {
            self.crowded.notify_one();
        }
        let deadline_ms = u64::try_from(deadline_ms).unwrap_or(u64::MAX);
        let frame = frame::invoke(id, deadline_ms, &invocation.request_id, &invocation.trace, &invocation.event);
        let exchange = async {
            // A failed write means that the host is gone; whoever reads finds out how it went and answers.
            let _ = self.writer.lock().await.write_all(&frame).await;
            (&mut answered).await
        };
        match tokio::time::timeout(left, exchange).await {
            Ok(Ok(result)) => Outcome::Done(result),
            Ok(Err(_)) => Outcome::Done(Err(self.lost())),
            Err(_) => {
                self.forget(id);
                Outcome::TimedOut(Error::Timeout { worker: self.info.entry.name.clone(), after: left })
            }
        }
    }

    /// Reads answers until the host closes its end or writes what is no frame. The caller then says how it ended.
    pub(super) async fn read(&self, mut socket: OwnedReadHalf) -> Result<(), frame::Nonsense> {
        let (mut reader, mut buffer) = (Reader::new(SYNC_PAYLOAD), BytesMut::with_capacity(16 * 1024));
        loop {
            while let Some(said) = reader.next(&mut buffer)? {
                self.take(said);
            }
            if buffer.is_empty() && buffer.capacity() > 1024 * 1024 {
                buffer = BytesMut::with_capacity(16 * 1024);
            }
            match socket.read_buf(&mut buffer).await {
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
                self.answer(id, Err(function_error(worker, &json)));
            }
            Said::TooLarge { id, bytes } => self.answer(id, Err(response_too_large(worker, bytes))),
        }
    }

    fn answer(&self, id: u64, result: Result<Bytes, Error>) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        // Nobody waits for an answer after its deadline.
        if let Some(answer) = self.forget(id) {
            let _ = answer.send(result);
        }
    }

    fn forget(&self, id: u64) -> Option<oneshot::Sender<Result<Bytes, Error>>> {
        let mut calls = self.calls();
        let answer = calls.waiting.remove(&id);
        if calls.waiting.is_empty() {
            self.quiet.notify_one();
        }
        answer
    }

    /// The host has ended: everybody who waits for it gets `error`.
    pub(super) fn close(&self, error: &Error) {
        let waiting = {
            let mut calls = self.calls();
            calls.closed = true;
            std::mem::take(&mut calls.waiting)
        };
        self.stage.send_if_modified(|stage| {
            let starting = matches!(stage, Stage::Starting);
            if starting {
                *stage = Stage::Failed(error.clone());
            }
            starting
        });
        for answer in waiting.into_values() {
            let _ = answer.send(Err(error.clone()));
        }
        self.quiet.notify_one();
    }

    fn lost(&self) -> Error {
        Error::Transport {
            worker: self.info.entry.name.clone(),
            message: "its host ended".to_owned(),
            may_have_run: true,
        }
    }
}

/// Python writes `stackTrace`, Node `trace`; both may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error_message: String,
    #[serde(default, alias = "stackTrace")]
    trace: Vec<String>,
}

fn function_error(worker: &str, json: &[u8]) -> Error {
    let worker = worker.to_owned();
    match serde_json::from_slice::<FunctionError>(json) {
        Ok(error) => {
            Error::Function { worker, error_type: error.error_type, message: error.error_message, trace: error.trace }
        }
        Err(_) => Error::Function {
            worker,
            error_type: "Unknown".to_owned(),
            message: String::from_utf8_lossy(json).into_owned(),
            trace: Vec::new(),
        },
    }
}
