//! What the pools of host processes have in common.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bedrock_model::Invocation;
use bytes::Bytes;

use super::connection::CallOutcome;
use super::process::HostProcess;
use bedrock_model::Error;

/// Future of a pool's operation.
pub(crate) type PoolFuture<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// How a call of a host process ended, as far as the pool is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallEnd {
    /// The host responded.
    Responded,
    /// The call timed out. The host is still busy with it.
    TimedOut,
    /// The host did not start the call.
    NotRun,
}

/// The host processes of one worker.
pub(crate) trait HostPool: Send + Sync + 'static {
    /// Returns a process for one call, which is started if necessary.
    fn acquire(self: Arc<Self>) -> PoolFuture<AcquiredHost>;

    /// Returns a process after a call.
    fn release(self: Arc<Self>, host: &AcquiredHost, end: CallEnd);

    /// Replaces the running processes by a new one. Returns whether any were running.
    ///
    /// The old processes serve until the new one is ready. If the worker cannot be loaded any more, the old processes
    /// serve no longer: waiting callers get the error, and the next call tries to load the worker again.
    fn replace(self: Arc<Self>) -> PoolFuture<bool>;

    /// Stops the processes after their running calls. The pool is not used again.
    fn retire(&self);

    /// Starts a process before the first call.
    fn warm(self: Arc<Self>) -> PoolFuture<()> {
        Box::pin(async move {
            let host = Arc::clone(&self).acquire().await?;
            self.release(&host, CallEnd::Responded);
            Ok(())
        })
    }
}

/// A host process that serves one call.
pub(crate) struct AcquiredHost {
    pub(super) process: Arc<HostProcess>,
    /// Limits the number of concurrent calls. `None` if the pool itself limits it.
    pub(super) _permit: Option<tokio::sync::OwnedSemaphorePermit>,
}

/// What a host has responded.
pub(crate) struct HostResponse {
    pub(crate) body: Bytes,
    /// Whether the worker has written it to a stream. It has no type then.
    pub(crate) is_streamed: bool,
}

/// Runs one invocation. A process that does not start the call is replaced by another one.
///
/// The future must be polled to its end; see [`SpawnOnDrop`](crate::SpawnOnDrop).
pub(crate) async fn invoke(pool: Arc<dyn HostPool>, invocation: Invocation) -> Result<HostResponse, Error> {
    loop {
        let host = Arc::clone(&pool).acquire().await?;
        invocation.prepare_delivery().await;
        let started = Instant::now();
        let outcome = host.process.connection.call(&invocation).await;
        if !matches!(outcome, CallOutcome::NotRun) {
            host.process.record_metrics(&invocation, started.elapsed());
        }
        if invocation.tail.is_some() {
            host.process.log_reader.flush().await;
        }
        let pool = Arc::clone(&pool);
        match outcome {
            CallOutcome::Done(result) => {
                pool.release(&host, CallEnd::Responded);
                return result.map(|body| HostResponse { body, is_streamed: false });
            }
            CallOutcome::Streamed(result) => {
                pool.release(&host, CallEnd::Responded);
                return result.map(|body| HostResponse { body, is_streamed: true });
            }
            CallOutcome::TimedOut(error) => {
                pool.release(&host, CallEnd::TimedOut);
                return Err(error);
            }
            CallOutcome::NotRun => pool.release(&host, CallEnd::NotRun),
        }
    }
}
