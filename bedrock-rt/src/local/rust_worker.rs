//! Rust workers. A worker that never blocks runs as a task of the app's own runtime, where a call takes well under a
//! microsecond. A worker that blocks runs on separate threads, so that it cannot stall other tasks. Whether a worker
//! blocks is detected from its behaviour.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use bedrock_local::{LinkedWorker, WorkerInfo};
use bedrock_model::{Invocation, Reply};
use bytes::Bytes;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OnceCell;
use tokio::task::JoinError;
use tracing::Span;

use super::log_capture::with_log_tail;
use crate::exec;
use crate::executor::{Executor, Output};
use crate::{Context, Error, RegisteredWorker, Result, WorkerError};

type Constructed = Pin<Box<dyn Future<Output = Result<Arc<dyn Executor>>> + Send>>;

/// A Rust worker that is linked into this program. `#[bedrock::worker]` registers it.
pub struct Registration {
    name: &'static str,
    construct: fn() -> Constructed,
}

inventory::collect!(Registration);

impl Registration {
    /// Returns the registration of `W`.
    pub const fn new<W: RegisteredWorker>() -> Self {
        Self { name: W::NAME, construct: || Box::pin(exec::construct::<W>()) }
    }
}

/// A Rust worker with its one instance.
pub(super) struct RustWorker {
    registration: &'static Registration,
    instance: OnceCell<Arc<dyn Executor>>,
    blocking: Arc<BlockingDetector>,
    handle: Handle,
    /// Number of runtime threads that may run workers at the same time, so that others remain for everything else.
    inline_limit: usize,
}

impl RustWorker {
    fn find(name: &str, handle: &Handle) -> Option<Self> {
        let registration = inventory::iter::<Registration>.into_iter().find(|r| r.name == name)?;
        let inline_limit = match handle.runtime_flavor() {
            RuntimeFlavor::MultiThread => handle.metrics().num_workers() / 2,
            _ => 0,
        };
        let instance = OnceCell::new();
        Some(Self { registration, instance, blocking: Arc::default(), handle: handle.clone(), inline_limit })
    }

    async fn run(self: Arc<Self>, info: Arc<WorkerInfo>, invocation: Invocation) -> Result<Bytes, Error> {
        let name = self.registration.name;
        let instance = self.instance.get_or_try_init(|| self.construct()).await;
        let instance = Arc::clone(instance.map_err(|error| worker_failure(name, error))?);
        let deadline = info.deadline(&invocation);
        let span = tracing::info_span!("worker", name, id = %invocation.request_id);
        let context = Context {
            request_id: invocation.request_id,
            deadline: deadline.at,
            function: Arc::clone(&info.function),
            trace_id: Some(invocation.trace),
        };
        let mut future = instance.execute(invocation.event, context);
        if let Some(tail) = invocation.tail {
            future = with_log_tail(tail, future);
        }
        let timed = TimedFuture { future, blocking: Arc::clone(&self.blocking), span, is_slow: false };
        let mut task = if self.blocking.may_run_inline() && INLINE_THREADS.load(Ordering::Relaxed) < self.inline_limit {
            self.handle.spawn(timed)
        } else {
            let handle = self.handle.clone();
            self.handle.spawn_blocking(move || handle.block_on(timed))
        };
        // The timer runs in the task of the caller, so that it fires even if the worker never returns its thread.
        if let Ok(joined) = tokio::time::timeout(deadline.remaining, &mut task).await {
            return response_of_task(name, joined);
        }
        task.abort();
        self.blocking.record_blocking();
        Err(Error::Timeout { worker: name.to_owned(), after: deadline.remaining })
    }

    async fn construct(&self) -> Result<Arc<dyn Executor>> {
        // Constructors read files and open connections, so they run on a thread where they may block.
        let construct = self.registration.construct;
        let handle = self.handle.clone();
        match self.handle.spawn_blocking(move || handle.block_on(construct())).await {
            Ok(instance) => instance,
            Err(error) => Err(join_error(error)),
        }
    }
}

impl LinkedWorker for RustWorker {
    fn invoke(self: Arc<Self>, info: Arc<WorkerInfo>, invocation: Invocation) -> Reply {
        Box::pin(self.run(info, invocation))
    }
}

/// Returns the worker with this name. `None` if its crate is not linked.
pub(super) fn find_linked_worker(name: &str, handle: &Handle) -> Option<Arc<dyn LinkedWorker>> {
    Some(Arc::new(RustWorker::find(name, handle)?))
}

fn response_of_task(name: &str, joined: Result<Result<Vec<u8>>, JoinError>) -> Result<Bytes, Error> {
    match joined {
        Ok(Ok(response)) => Ok(response.into()),
        Ok(Err(error)) => Err(worker_failure(name, error)),
        Err(error) => Err(worker_failure(name, join_error(error))),
    }
}

/// Returns the error of a task that panicked or was cancelled.
pub(super) fn join_error(error: JoinError) -> WorkerError {
    match error.try_into_panic() {
        Ok(payload) => exec::panic_error(&*payload),
        Err(error) => WorkerError::new("Runtime.ExitError", error),
    }
}

/// Returns the error that the caller of a failed worker gets.
pub(super) fn worker_failure(worker: &str, error: WorkerError) -> Error {
    Error::Function {
        worker: worker.to_owned(),
        error_type: error.error_type,
        message: error.message,
        trace: Vec::new(),
    }
}

/// Number of runtime threads that run a worker at this moment.
static INLINE_THREADS: AtomicUsize = AtomicUsize::new(0);

/// A poll of a worker's future that takes longer than this counts as blocking. Tokio recommends 10 to 100 µs; the limit
/// is higher here, so that a poll during which the thread was descheduled does not count.
const BLOCKING_THRESHOLD: Duration = Duration::from_millis(1);

/// Detects workers that block their thread.
#[derive(Debug)]
struct BlockingDetector {
    /// Number of consecutive calls without a blocking poll.
    good: AtomicU32,
    /// Number of such calls after which the worker may run inline. It quadruples after each blocking poll.
    needed: AtomicU32,
}

impl Default for BlockingDetector {
    fn default() -> Self {
        Self { good: AtomicU32::new(0), needed: AtomicU32::new(4) }
    }
}

impl BlockingDetector {
    fn may_run_inline(&self) -> bool {
        self.good.load(Ordering::Relaxed) >= self.needed.load(Ordering::Relaxed)
    }

    fn record_success(&self) {
        if !self.may_run_inline() {
            self.good.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn record_blocking(&self) {
        self.good.store(0, Ordering::Relaxed);
        let needed = self.needed.load(Ordering::Relaxed);
        self.needed.store(needed.saturating_mul(4).min(65_536), Ordering::Relaxed);
    }
}

/// A worker's future that measures the duration of each poll.
struct TimedFuture {
    future: Output,
    blocking: Arc<BlockingDetector>,
    span: Span,
    is_slow: bool,
}

/// Stops counting a thread as running a worker, also while a panic unwinds.
struct EnteredGuard;

impl Drop for EnteredGuard {
    fn drop(&mut self) {
        INLINE_THREADS.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Future for TimedFuture {
    type Output = Result<Vec<u8>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        INLINE_THREADS.fetch_add(1, Ordering::Relaxed);
        let guard = EnteredGuard;
        let started = Instant::now();
        let entered = this.span.enter();
        let poll = this.future.as_mut().poll(context);
        drop((entered, guard));
        if started.elapsed() > BLOCKING_THRESHOLD {
            this.is_slow = true;
            this.blocking.record_blocking();
        }
        if poll.is_ready() && !this.is_slow {
            this.blocking.record_success();
        }
        poll
    }
}
