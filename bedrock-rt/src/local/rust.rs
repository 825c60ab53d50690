//! Rust workers. A worker that never blocks runs as a task of the app's own runtime, where a call costs well under a
//! microsecond; one that blocks runs on threads, where it can stall nobody. Which it is, is learned from its behaviour.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OnceCell;
use tokio::task::JoinError;
use tracing::Span;

use super::dispatch::Info;
use super::invocation::Invocation;
use crate::exec::{self, Executor, Output};
use crate::{Context, Error, Registered, Result, WorkerError};

type Constructed = Pin<Box<dyn Future<Output = Result<Arc<dyn Executor>>> + Send>>;

/// One Rust worker that is linked into this program. Made by `#[bedrock::worker]`.
pub struct Registration {
    name: &'static str,
    construct: fn() -> Constructed,
}

inventory::collect!(Registration);

impl Registration {
    /// The registration of `W`.
    pub const fn new<W: Registered>() -> Self {
        Self { name: W::NAME, construct: || Box::pin(exec::construct::<W>()) }
    }
}

/// A Rust worker, its one instance and how it behaves.
pub(super) struct RustWorker {
    registration: &'static Registration,
    instance: OnceCell<Arc<dyn Executor>>,
    pace: Arc<Pace>,
    handle: Handle,
    /// How many runtime threads may be inside workers at once, so that others remain for everything else.
    inline_limit: usize,
}

impl RustWorker {
    /// The worker of that name, if its crate is linked.
    pub(super) fn find(name: &str, handle: &Handle) -> Option<Self> {
        let registration = inventory::iter::<Registration>.into_iter().find(|r| r.name == name)?;
        let inline_limit = match handle.runtime_flavor() {
            RuntimeFlavor::MultiThread => handle.metrics().num_workers() / 2,
            _ => 0,
        };
        let (instance, pace) = (OnceCell::new(), Arc::default());
        Some(Self { registration, instance, pace, handle: handle.clone(), inline_limit })
    }

    pub(super) async fn invoke(self: Arc<Self>, info: Arc<Info>, invocation: Invocation) -> Result<Bytes, Error> {
        let name = self.registration.name;
        let instance = self.instance.get_or_try_init(|| self.construct()).await;
        let instance = Arc::clone(instance.map_err(|error| failure(name, error))?);
        let (deadline, left) = info.deadline(&invocation);
        let span = tracing::info_span!("worker", name, id = %invocation.request_id);
        let context = Context {
            request_id: invocation.request_id,
            deadline,
            function: Arc::clone(&info.function),
            trace_id: Some(invocation.trace),
        };
        let mut future = instance.execute(invocation.event, context);
        if let Some(tail) = invocation.tail {
            future = tail.scope(future);
        }
        let watched = Watched { future, pace: Arc::clone(&self.pace), span, slow: false };
        let mut task = if self.pace.is_quick() && INLINE.load(Ordering::Relaxed) < self.inline_limit {
            self.handle.spawn(watched)
        } else {
            let handle = self.handle.clone();
            self.handle.spawn_blocking(move || handle.block_on(watched))
        };
        // The timer is the caller's, so that it fires also when the worker never gives its thread back.
        if let Ok(joined) = tokio::time::timeout(left, &mut task).await {
            return settle(name, joined);
        }
        task.abort();
        self.pace.blocked();
        Err(Error::Timeout { worker: name.to_owned(), after: left })
    }

    async fn construct(&self) -> Result<Arc<dyn Executor>> {
        // Constructors read files and open connections: on a thread, where they may block.
        let (construct, handle) = (self.registration.construct, self.handle.clone());
        match self.handle.spawn_blocking(move || handle.block_on(construct())).await {
            Ok(made) => made,
            Err(error) => Err(join_failure(error)),
        }
    }
}

fn settle(name: &str, joined: Result<Result<Vec<u8>>, JoinError>) -> Result<Bytes, Error> {
    match joined {
        Ok(Ok(response)) => Ok(response.into()),
        Ok(Err(error)) => Err(failure(name, error)),
        Err(error) => Err(failure(name, join_failure(error))),
    }
}

pub(super) fn join_failure(error: JoinError) -> WorkerError {
    match error.try_into_panic() {
        Ok(payload) => exec::panicked(&*payload),
        Err(error) => WorkerError::new("Runtime.ExitError", error),
    }
}

pub(super) fn failure(worker: &str, error: WorkerError) -> Error {
    Error::Function {
        worker: worker.to_owned(),
        error_type: error.error_type,
        message: error.message,
        trace: Vec::new(),
    }
}

/// Runtime threads that are inside a worker at this moment.
static INLINE: AtomicUsize = AtomicUsize::new(0);

/// A step (one poll of a worker's future) longer than this counts as blocking. Tokio's own advice is 10 to 100 µs;
/// this is more, so that a step that was merely interrupted is not mistaken for one.
const BLOCKING: Duration = Duration::from_millis(1);

/// Whether a worker has been seen to give its thread back quickly.
#[derive(Debug)]
struct Pace {
    /// Calls in a row without a blocking step.
    good: AtomicU32,
    /// How many of those are needed; four times as many after each blocking step.
    needed: AtomicU32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { good: AtomicU32::new(0), needed: AtomicU32::new(4) }
    }
}

impl Pace {
    fn is_quick(&self) -> bool {
        self.good.load(Ordering::Relaxed) >= self.needed.load(Ordering::Relaxed)
    }

    fn finished(&self) {
        if !self.is_quick() {
            self.good.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn blocked(&self) {
        self.good.store(0, Ordering::Relaxed);
        let needed = self.needed.load(Ordering::Relaxed);
        self.needed.store(needed.saturating_mul(4).min(65_536), Ordering::Relaxed);
    }
}

/// A worker's future, with each of its steps timed.
struct Watched {
    future: Output,
    pace: Arc<Pace>,
    span: Span,
    slow: bool,
}

/// Counts a thread as inside a worker, also while a panic unwinds.
struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INLINE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Future for Watched {
    type Output = Result<Vec<u8>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        INLINE.fetch_add(1, Ordering::Relaxed);
        let inside = Inside;
        let started = Instant::now();
        let entered = this.span.enter();
        let poll = this.future.as_mut().poll(context);
        drop((entered, inside));
        if started.elapsed() > BLOCKING {
            this.slow = true;
            this.pace.blocked();
        }
        if poll.is_ready() && !this.slow {
            this.pace.finished();
        }
        poll
    }
}
