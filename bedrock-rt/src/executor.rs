//! A worker without its event and response types.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

#[cfg(any(bedrock_lambda, feature = "aws-sdk", test))]
use serde_json::value::RawValue;

use crate::{Context, Result};

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
