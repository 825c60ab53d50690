//! What is sent for one attempt and what can come of it, whoever carries it. Judging it is left to `retry` and `answer`.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;

use crate::transport::Kind;

/// One request of the Invoke API.
#[derive(Debug)]
pub(super) struct Request {
    /// A name, partial ARN or ARN, with or without a qualifier.
    pub(super) function: String,
    pub(super) event: Bytes,
    pub(super) kind: Kind,
    /// The value of `X-Amzn-Trace-Id`, by which AWS stops functions that call each other in a circle.
    pub(super) trace: Option<String>,
}

/// What the service answered, completely.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether it is the function that failed, and not the call.
    pub(super) function_failed: bool,
    /// The service's error: `TooManyRequestsException`.
    pub(super) code: Option<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Bytes,
}

/// No answer, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// Nothing of the request was written.
    NotSent {
        message: String,
        /// Whether another attempt may fare better.
        again: bool,
    },
    /// Nobody to sign for.
    NoCredentials(String),
    /// The request was on its way: the function may be running, or done.
    Sent(String),
}

pub(super) type Outcome = Result<Answer, Lost>;

/// Carries requests to the service, each exactly once.
pub(super) trait Wire: Send + Sync {
    fn send(&self, request: &Request) -> impl Future<Output = Outcome> + Send;

    /// Gets ready for the first request in the background.
    fn open(&self) {}
}
