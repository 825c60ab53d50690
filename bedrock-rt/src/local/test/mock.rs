//! What a test has run in place of a worker: a closure, or an error that calls come to.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use crate::caller::Caller;
use crate::exec::{self, Output};
use crate::limits::SYNC_PAYLOAD;
use crate::local::dispatch::{Info, response_too_large};
use crate::local::invocation::Invocation;
use crate::local::rust::{failure, join_failure};
use crate::{Context, Error, Result};

/// From an event to a response, both JSON.
type Closure = dyn Fn(Bytes) -> Output + Send + Sync;

/// Stands in for a worker.
#[derive(Clone)]
pub(super) enum Mock {
    /// On a thread, where it may block.
    Blocking(Arc<Closure>),
    /// As a task.
    Task(Arc<Closure>),
    /// Every call comes to this.
    Error(Error),
}

impl Mock {
    /// A closure that may change what it holds; one call at a time.
    pub(super) fn closure<E, R>(mock: impl FnMut(E) -> Result<R> + Send + 'static) -> Self
    where
        E: DeserializeOwned + 'static,
        R: Serialize + 'static,
    {
        let mock = Arc::new(Mutex::new(mock));
        Self::Blocking(Arc::new(move |event| {
            let mock = Arc::clone(&mock);
            Box::pin(async move {
                // One that has panicked may go on: the next call is another invocation.
                let mut mock = mock.lock().unwrap_or_else(PoisonError::into_inner);
                exec::response_of(&mock(exec::event_of(&event)?)?)
            })
        }))
    }

    /// A closure that gives a future.
    pub(super) fn future<E, R, F>(mock: impl Fn(E) -> F + Send + Sync + 'static) -> Self
    where
        E: DeserializeOwned + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        Self::Task(Arc::new(move |event| {
            let answer: Result<Pin<Box<F>>> = exec::event_of(&event).map(|event| Box::pin(mock(event)));
            Box::pin(async move { exec::response_of(&answer?.await?) })
        }))
    }

    /// Within the time that the worker has.
    pub(super) async fn answer(
        self,
        handle: &Handle,
        info: &Arc<Info>,
        invocation: Invocation,
    ) -> Result<Bytes, Error> {
        let name = &info.entry.name;
        let (deadline, left) = info.deadline(&invocation);
        let context = context(info, &invocation, deadline);
        let Invocation { event, tail, .. } = invocation;
        let within = move |closure: Arc<Closure>| {
            let future: Output = Box::pin(async move { Caller::scope(&context, closure(event)).await });
            match tail {
                Some(tail) => tail.scope(future),
                None => future,
            }
        };
        let mut task = match self {
            Self::Error(error) => return Err(error),
            Self::Task(closure) => handle.spawn(within(closure)),
            Self::Blocking(closure) => {
                let (future, handle) = (within(closure), handle.clone());
                handle.clone().spawn_blocking(move || handle.block_on(future))
            }
        };
        let Ok(joined) = tokio::time::timeout(left, &mut task).await else {
            task.abort();
            return Err(Error::Timeout { worker: name.clone(), after: left });
        };
        match joined.unwrap_or_else(|error| Err(join_failure(error))) {
            Ok(response) if response.len() > SYNC_PAYLOAD => Err(response_too_large(name, response.len())),
            Ok(response) => Ok(response.into()),
            Err(error) => Err(failure(name, error)),
        }
    }
}

fn context(info: &Info, invocation: &Invocation, deadline: SystemTime) -> Context {
    Context {
        request_id: invocation.request_id.clone(),
        deadline,
        function: Arc::clone(&info.function),
        trace_id: Some(invocation.trace.clone()),
    }
}
