//! Runs a Rust worker: deserializes the event, calls the worker and serializes the response. Used on Lambda and
//! locally.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
#[cfg(any(bedrock_lambda, feature = "aws-sdk", test))]
use serde_json::value::RawValue;

use crate::caller;
use crate::{Context, RegisteredWorker, Result, Worker, WorkerError};

/// Future of one invocation: the response as JSON, or the error.
pub(crate) type Output = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + Send>>;

/// A worker without its event and response types, which the Lambda loop and the local runtime call.
pub(crate) trait Executor: Send + Sync {
    fn execute(self: Arc<Self>, event: bytes::Bytes, context: Context) -> Output;

    /// Runs an invocation of the Runtime API.
    #[cfg(any(bedrock_lambda, feature = "aws-sdk", test))]
    fn execute_on_lambda(self: Arc<Self>, event: lambda_runtime::LambdaEvent<Box<RawValue>>) -> Output {
        let context = Context::from(event.context);
        let event = bytes::Bytes::from(Box::<str>::from(event.payload).into_boxed_bytes().into_vec());
        self.execute(event, context)
    }
}

/// An [`Executor`] in a signature that users see.
#[doc(hidden)]
pub struct BoxedExecutor(pub(crate) Arc<dyn Executor>);

impl BoxedExecutor {
    pub(crate) fn of<W: Worker>(worker: W) -> Self {
        Self(Arc::new(TypedExecutor(worker)))
    }
}

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
    Ok(W::construct().await?.into_executor().0)
}

/// Returns the error of an invocation that panicked.
pub(crate) fn panic_error(payload: &(dyn Any + Send)) -> WorkerError {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    WorkerError::new("Panic", format!("the worker panicked: {}", text.unwrap_or("no message")))
}
