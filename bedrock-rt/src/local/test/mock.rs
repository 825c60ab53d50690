//! Mocks of workers: a closure, a future or an error.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bedrock_model::Invocation;
use bedrock_model::function_error::response_too_large;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use super::super::log_capture::with_log_tail;
use super::super::rust_worker::{join_error, worker_failure};
use crate::caller;
use crate::exec;
use crate::executor::Output;
use crate::limits::MAX_SYNC_PAYLOAD_BYTES;
use crate::{Context, Error, Result};
use bedrock_local::{Deadline, WorkerInfo};

/// Maps an event to a response, both JSON.
type MockFn = dyn Fn(Bytes) -> Output + Send + Sync;

/// Replaces a worker.
#[derive(Clone)]
pub(super) enum Mock {
    /// Runs on a thread, where it may block.
    Blocking(Arc<MockFn>),
    /// Runs as a task.
    Task(Arc<MockFn>),
    /// Every call fails with this error.
    Error(Error),
}

impl Mock {
    /// Returns a mock for a closure with mutable state, which runs one call at a time.
    pub(super) fn closure<E, R>(mock: impl FnMut(E) -> Result<R> + Send + 'static) -> Self
    where
        E: DeserializeOwned + 'static,
        R: Serialize + 'static,
    {
        let mock = Arc::new(Mutex::new(mock));
        Self::Blocking(Arc::new(move |event| {
            let mock = Arc::clone(&mock);
            Box::pin(async move {
                // A mock that has panicked continues to work: the next call is another invocation.
                let mut mock = mock.lock().unwrap_or_else(PoisonError::into_inner);
                exec::serialize_response(&mock(exec::parse_event(&event)?)?)
            })
        }))
    }

    /// Returns a mock for a closure that returns a future.
    pub(super) fn future<E, R, F>(mock: impl Fn(E) -> F + Send + Sync + 'static) -> Self
    where
        E: DeserializeOwned + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        Self::Task(Arc::new(move |event| {
            let response: Result<Pin<Box<F>>> = exec::parse_event(&event).map(|event| Box::pin(mock(event)));
            Box::pin(async move { exec::serialize_response(&response?.await?) })
        }))
    }

    /// Responds to one invocation, within the timeout of the worker.
    pub(super) async fn respond(
        self,
        handle: &Handle,
        info: &Arc<WorkerInfo>,
        invocation: Invocation,
    ) -> Result<Bytes, Error> {
        let name = &info.entry.name;
        let deadline = info.deadline(&invocation);
        let context = context(info, &invocation, deadline);
        let Invocation { event, tail, .. } = invocation;
        let run = move |closure: Arc<MockFn>| {
            let future: Output = Box::pin(async move { caller::scope(&context, closure(event)).await });
            match tail {
                Some(tail) => with_log_tail(tail, future),
                None => future,
            }
        };
        let mut task = match self {
            Self::Error(error) => return Err(error),
            Self::Task(closure) => handle.spawn(run(closure)),
            Self::Blocking(closure) => {
                let future = run(closure);
                let handle = handle.clone();
                handle.clone().spawn_blocking(move || handle.block_on(future))
            }
        };
        let Ok(joined) = tokio::time::timeout(deadline.remaining, &mut task).await else {
            task.abort();
            return Err(Error::Timeout { worker: name.clone(), after: deadline.remaining });
        };
        match joined.unwrap_or_else(|error| Err(join_error(error))) {
            Ok(response) if response.len() > MAX_SYNC_PAYLOAD_BYTES => Err(response_too_large(name, response.len())),
            Ok(response) => Ok(response.into()),
            Err(error) => Err(worker_failure(name, error)),
        }
    }
}

fn context(info: &WorkerInfo, invocation: &Invocation, deadline: Deadline) -> Context {
    Context {
        request_id: invocation.request_id.clone(),
        deadline: deadline.at,
        function: Arc::clone(&info.function),
        trace_id: Some(invocation.trace.clone()),
    }
}
