//! Runs a Rust worker: deserializes the event, calls the worker and serializes the response. Used on Lambda and
//! locally.

use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::caller;
use crate::executor::{Executor, Output};
use crate::{Context, RegisteredWorker, Result, Worker, WorkerError};

struct TypedExecutor<W>(W);

impl<W: Worker> Executor for TypedExecutor<W> {
    fn execute(self: Arc<Self>, event: bytes::Bytes, context: Context) -> Output {
        Box::pin(async move {
            let event = parse_event(&event)?;
            serialize_response(&caller::scope(&context, self.0.execute(event, &context)).await?)
        })
    }
}

/// Deserializes an event.
pub(crate) fn parse_event<E: DeserializeOwned>(event: &[u8]) -> Result<E> {
    serde_json::from_slice(event)
        .map_err(|error| WorkerError::new("Runtime.UnmarshalError", format!("the event is wrong: {error}")))
}

/// Serializes a response.
pub(crate) fn serialize_response<R: Serialize>(response: &R) -> Result<Vec<u8>> {
    serde_json::to_vec(response).map_err(|error| {
        WorkerError::new("Runtime.MarshalError", format!("the response cannot be written as JSON: {error}"))
    })
}

/// Constructs the one instance of an execution environment.
pub(crate) async fn construct<W: RegisteredWorker>() -> Result<Arc<dyn Executor>> {
    Ok(match W::construct().await?.into_executor() {
        Ok(executor) => executor.0,
        Err(worker) => Arc::new(TypedExecutor(worker)),
    })
}

/// Returns the error of an invocation that panicked.
pub(crate) fn panic_error(payload: &(dyn Any + Send)) -> WorkerError {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    WorkerError::new("Panic", format!("the worker panicked: {}", text.unwrap_or("no message")))
}
