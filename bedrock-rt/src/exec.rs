//! Running a Rust worker: from JSON to its types and back, on Lambda and on a laptop alike.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::caller::Caller;
use crate::{Context, Registered, Result, WorkerError};

/// What comes of one invocation: the response as JSON, or the failure.
pub(crate) type Output = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + Send>>;

/// A worker whose types are gone: what both the Lambda loop and the local runtime hold.
pub(crate) trait Executor: Send + Sync {
    fn execute(self: Arc<Self>, event: bytes::Bytes, context: Context) -> Output;
}

struct Typed<W>(W);

impl<W: Registered> Executor for Typed<W> {
    fn execute(self: Arc<Self>, event: bytes::Bytes, context: Context) -> Output {
        Box::pin(async move {
            let event = event_of(&event)?;
            response_of(&Caller::scope(&context, self.0.execute(event, &context)).await?)
        })
    }
}

/// An event as the type that a worker takes.
pub(crate) fn event_of<E: DeserializeOwned>(event: &[u8]) -> Result<E> {
    serde_json::from_slice(event)
        .map_err(|error| WorkerError::new("Runtime.UnmarshalError", format!("the event is wrong: {error}")))
}

/// A response as the JSON that callers get.
pub(crate) fn response_of<R: Serialize>(response: &R) -> Result<Vec<u8>> {
    serde_json::to_vec(response).map_err(|error| {
        WorkerError::new("Runtime.MarshalError", format!("the response cannot be written as JSON: {error}"))
    })
}

/// Makes the one instance of an environment.
pub(crate) async fn construct<W: Registered>() -> Result<Arc<dyn Executor>> {
    Ok(Arc::new(Typed(W::construct().await?)))
}

/// A panic as the failure of the one invocation it happened in.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> WorkerError {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    WorkerError::new("Panic", format!("the worker panicked: {}", text.unwrap_or("no message")))
}
