//! Input and result of a single Invoke request, independent of the client that sends it. `retry` and `response`
//! interpret the result.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;

use bedrock_model::transport::InvocationType;

/// One request of the Invoke API.
#[derive(Debug)]
pub(super) struct InvokeInput {
    /// A name, partial ARN or ARN, with or without a qualifier.
    pub(super) function: String,
    pub(super) event: Bytes,
    pub(super) kind: InvocationType,
    /// Value of the header `X-Amzn-Trace-Id`, from which AWS detects recursive loops of functions.
    pub(super) trace: Option<String>,
}

/// A complete response of the Lambda service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct InvokeResponse {
    pub(super) status: u16,
    /// Whether the function itself failed, and not the request.
    pub(super) function_failed: bool,
    /// Error code of the service, for example `TooManyRequestsException`.
    pub(super) code: Option<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Bytes,
}

/// Error of a request that got no complete response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SendError {
    /// No byte of the request was written.
    NotSent {
        message: String,
        /// Whether another attempt may succeed.
        is_retryable: bool,
    },
    /// There are no credentials to sign the request with.
    NoCredentials(String),
    /// At least a part of the request was written: the function may be running, or may have run.
    MaybeSent(String),
}

pub(super) type InvokeResult = Result<InvokeResponse, SendError>;

/// Sends requests to the Lambda service, each exactly once.
pub(super) trait InvokeClient: Send + Sync {
    fn send(&self, request: &InvokeInput) -> impl Future<Output = InvokeResult> + Send;

    /// Prepares for the first request in the background.
    fn open(&self) {}
}
