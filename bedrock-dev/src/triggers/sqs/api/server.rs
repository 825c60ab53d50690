//! The routes of SQS's API and who may come in: the door of the port has kept out pages of other origins, and calls need
//! credentials, of any value.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use serde_json::Value;

use super::super::super::local_resources::SQS;
use super::super::queue::SqsQueue;
use super::error::{SqsError, answer};
use super::operations;

/// Bytes of a request: a batch of SQS's largest messages, with room for what JSON adds.
const MOST: usize = 8 * 1024 * 1024;
/// What the header begins with that names the operation.
const TARGET: &str = "AmazonSQS.";

/// All queues of an app.
pub(in super::super::super) struct Sqs {
    pub(in super::super::super) queues: Vec<Arc<SqsQueue>>,
    pub(in super::super::super) account: String,
}

/// The routes, below `/_sqs`. Clients may use the URL of a queue as the place to send to.
pub(in super::super::super) fn router(sqs: &Arc<Sqs>) -> Router {
    Router::new()
        .route(SQS, post(serve))
        .route(&format!("{SQS}/"), post(serve))
        .route(&format!("{SQS}/{{*queue}}"), post(serve))
        .with_state(Arc::clone(sqs))
}

async fn serve(State(sqs): State<Arc<Sqs>>, request: Request) -> Response<Body> {
    match called(&sqs, request).await {
        Ok(value) => answer(&value),
        Err(fault) => fault.response(),
    }
}

async fn called(sqs: &Sqs, request: Request) -> Result<Value, SqsError> {
    let (head, body) = request.into_parts();
    if !is_signed(&head.headers) {
        return Err(SqsError::no_credentials());
    }
    let target = text(&head.headers, "x-amz-target").unwrap_or_default();
    let operation = target.strip_prefix(TARGET).ok_or_else(|| SqsError::unknown(target))?;
    let body =
        to_bytes(body, MOST).await.map_err(|_| SqsError::invalid(format!("a request has {MOST} bytes at most")))?;
    let body = if body.is_empty() { b"{}" } else { &body[..] };
    let given: Value = serde_json::from_slice(body).map_err(|error| SqsError::no_json(&error))?;
    let trace = text(&head.headers, "x-amzn-trace-id");
    operations::run(sqs, operation, &given, trace).await
}

/// Whether a call brings credentials as AWS's clients do.
pub(in super::super::super) fn is_signed(headers: &HeaderMap) -> bool {
    text(headers, "authorization").is_some_and(|given| given.contains("Credential="))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
