//! Requests to the endpoint of a test's app. They need no port.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, response};
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;
use tower_service::Service;

use crate::caller;
use crate::{Context, Result, WorkerError};
use bedrock_local::correct_framing;
use bedrock_local::function_arn;
use bedrock_model::transport::FunctionContext;

/// An endpoint with its settings.
pub(super) struct Endpoint {
    pub(super) router: Router,
    pub(super) app: &'static str,
    pub(super) timeout: Duration,
    pub(super) memory: u64,
}

impl Endpoint {
    /// Sends a request to the endpoint. The request is one invocation, whose deadline its calls inherit. If the handler
    /// panics, so does the test.
    pub(super) async fn respond(mut self, request: Request<Body>, handle: &Handle) -> Result<Response> {
        let deadline = SystemTime::now() + self.timeout;
        let name = format!("{}-local-endpoint", self.app);
        let function =
            FunctionContext { arn: function_arn(&name), name, memory: self.memory, ..FunctionContext::default() };
        let context = Context {
            request_id: crate::id::new_uuid(),
            deadline,
            function: Arc::new(function),
            trace_id: Some(crate::id::new_trace_header()),
        };
        let timeout = self.timeout;
        let method = request.method().clone();
        let response = async move {
            let Ok(mut response) = self.router.call(request).await;
            correct_framing(&mut response, &method, false);
            let (head, body) = response.into_parts();
            Ok::<_, axum::Error>(Response { head, body: axum::body::to_bytes(body, usize::MAX).await? })
        };
        let mut task = handle.spawn(async move { caller::scope(&context, response).await });
        match tokio::time::timeout(timeout, &mut task).await {
            Ok(Ok(response)) => Ok(response?),
            Ok(Err(error)) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(error.into()),
            },
            Err(_) => {
                task.abort();
                let seconds = timeout.as_secs_f64();
                Err(WorkerError::new("Timeout", format!("the endpoint timed out after {seconds:.2} seconds")))
            }
        }
    }
}

/// The response of the endpoint.
#[derive(Debug)]
pub struct Response {
    head: response::Parts,
    body: Bytes,
}

impl Response {
    /// Returns the status, which can be compared with a number: `assert_eq!(response.status(), 200)`.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Returns all headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Returns the header with this name. `None` if it does not exist or is not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// Returns the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body as text. Bytes that are not valid UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Deserializes the body. The error contains the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let status = self.head.status;
            let body = super::invocations::shorten(&self.text());
            WorkerError::new("BadBody", format!("the body cannot be read: {error}\n  {status}: {body}"))
        })
    }
}
