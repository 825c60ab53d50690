//! Requests to the endpoint of a test's app, without a port.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, response};
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use crate::caller::Caller;
use crate::context::Function;
use crate::local::dispatch::arn;
use crate::{Context, Result, WorkerError, serve};

/// An endpoint, and what it has of a Lambda function.
pub(super) struct Endpoint {
    pub(super) router: Router,
    pub(super) app: &'static str,
    pub(super) timeout: Duration,
    pub(super) memory: u64,
}

impl Endpoint {
    /// One request is one invocation, whose deadline its calls inherit. A handler that panics has the test panic.
    pub(super) async fn answer(self, request: Request<Body>, handle: &Handle) -> Result<Response> {
        let deadline = SystemTime::now() + self.timeout;
        let name = format!("{}-local-endpoint", self.app);
        let function = Function { arn: arn(&name), name, memory: self.memory, ..Function::default() };
        let context = Context {
            request_id: crate::id::request_id(),
            deadline,
            function: Arc::new(function),
            trace_id: Some(crate::id::trace_header()),
        };
        let answer = async move {
            let (head, body) = serve::answer(self.router, request).await.into_parts();
            Ok::<_, axum::Error>(Response { head, body: axum::body::to_bytes(body, usize::MAX).await? })
        };
        let mut task = handle.spawn(async move { Caller::scope(&context, answer).await });
        match tokio::time::timeout(self.timeout, &mut task).await {
            Ok(Ok(response)) => Ok(response?),
            Ok(Err(error)) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(error.into()),
            },
            Err(_) => {
                task.abort();
                let seconds = self.timeout.as_secs_f64();
                Err(WorkerError::new("Timeout", format!("the endpoint timed out after {seconds:.2} seconds")))
            }
        }
    }
}

/// What the endpoint answered.
#[derive(Debug)]
pub struct Response {
    head: response::Parts,
    body: Bytes,
}

impl Response {
    /// Can be compared with a number: `assert_eq!(response.status(), 200)`.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The header of that name, if there is one and it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as a type; the error shows the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let (status, body) = (self.head.status, super::invocations::cut(&self.text()));
            WorkerError::new("BadBody", format!("the body cannot be read: {error}\n  {status}: {body}"))
        })
    }
}
