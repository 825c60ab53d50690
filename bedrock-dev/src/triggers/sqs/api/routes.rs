//! The routes of SQS_PATH's API. Requests need credentials, of any value; the access check of the port has already
//! rejected pages of other origins.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use axum::routing::any;
use serde_json::Value;
use tokio::time::timeout;

use super::super::super::aws_api::{SQS_PATH, has_credentials};
use super::error::{SqsError, json_response};
use super::operations;
use super::state::Sqs;

/// Maximum size of a request: a batch of SQS_PATH's largest messages, plus the overhead of JSON.
const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;
/// How long a client may take for a request.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// Prefix of the header that names the operation.
const TARGET_PREFIX: &str = "AmazonSQS.";

/// Returns the routes, all below `/_sqs`. Clients may send requests to the URL of a queue.
pub(in super::super::super) fn router(sqs: &Arc<Sqs>) -> Router {
    Router::new()
        .route(SQS_PATH, any(serve))
        .route(&format!("{SQS_PATH}/"), any(serve))
        .route(&format!("{SQS_PATH}/{{*queue}}"), any(serve))
        .with_state(Arc::clone(sqs))
}

async fn serve(State(sqs): State<Arc<Sqs>>, request: Request) -> Response<Body> {
    match handle(&sqs, request).await {
        Ok(value) => json_response(&value),
        Err(error) => error.to_response(),
    }
}

async fn handle(sqs: &Arc<Sqs>, request: Request) -> Result<Value, SqsError> {
    let (head, body) = request.into_parts();
    if !has_credentials(&head.headers) {
        return Err(SqsError::missing_credentials());
    }
    let target = header(&head.headers, "x-amz-target").unwrap_or_default();
    let operation = target.strip_prefix(TARGET_PREFIX).ok_or_else(SqsError::no_operation)?;
    let body = timeout(BODY_TIMEOUT, to_bytes(body, MAX_REQUEST_BYTES))
        .await
        .map_err(|_| SqsError::invalid_value(format!("the request was not complete after {BODY_TIMEOUT:?}")))?
        .map_err(|_| SqsError::invalid_value(format!("a request may have at most {MAX_REQUEST_BYTES} bytes")))?;
    let body = if body.is_empty() { b"{}" } else { &body[..] };
    let params: Value = serde_json::from_slice(body).map_err(|error| SqsError::invalid_json(&error))?;
    let trace = header(&head.headers, "x-amzn-trace-id").map(str::to_owned);
    operations::run(sqs, operation, params, trace).await
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
