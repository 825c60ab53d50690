//! Invokes a worker as Lambda's API does, but without signatures: with a new event, or with that of an earlier
//! invocation. The response is redacted, as for every reader of the API.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{Response, StatusCode};
use bedrock_model::response_stream::Written;
use bedrock_model::{FunctionInfo, Invocation, ResponseStream};
use serde::de::IgnoredAny;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::invocations::{full_event, worker_of};
use super::query_params::QueryParams;
use super::response::{ApiError, ApiResult, json_text, with_status};
use super::state::ApiState;
use crate::event_log::VERSION;
use crate::event_log::recorder::{error_text, outcome};

/// Maximum size of the event of a synchronous invocation (Lambda quota).
const MAX_SYNC_EVENT_BYTES: usize = 6 * 1024 * 1024;
/// Maximum size of the event of an asynchronous invocation (Lambda quota).
const MAX_ASYNC_EVENT_BYTES: usize = 1024 * 1024;

/// How long a client may take for an event.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// `POST /_bedrock/v1/workers/{name}/invoke`
pub(super) async fn invoke(
    State(state): State<Arc<ApiState>>,
    Path(name): Path<String>,
    query: Query<HashMap<String, String>>,
    request: Request,
) -> ApiResult {
    let is_async = is_async(query)?;
    let function = find_function(&state, &name)?;
    let event = read_event(request, if is_async { MAX_ASYNC_EVENT_BYTES } else { MAX_SYNC_EVENT_BYTES }).await?;
    call(&state, &function, event, is_async).await
}

/// `POST /_bedrock/v1/invocations/{request_id}/replay`: invokes the worker again with the original event, in full and
/// unredacted.
pub(super) async fn replay(
    State(state): State<Arc<ApiState>>,
    Path(request_id): Path<String>,
    query: Query<HashMap<String, String>>,
) -> ApiResult {
    let is_async = is_async(query)?;
    let event = full_event(&state, &request_id)?;
    if is_async && event.len() > MAX_ASYNC_EVENT_BYTES {
        return Err(too_large(MAX_ASYNC_EVENT_BYTES));
    }
    let worker = worker_of(&state, &request_id)?;
    call(&state, &find_function(&state, &worker)?, event, is_async).await
}

fn is_async(query: Query<HashMap<String, String>>) -> Result<bool, ApiError> {
    let params = QueryParams::read(query, &["mode"])?;
    Ok(params.one_of("mode", &["sync", "event"])? == Some("event"))
}

fn find_function(state: &ApiState, worker: &str) -> Result<FunctionInfo, ApiError> {
    state.backend.find(worker).map_err(|error| ApiError::not_found(error.to_string()))
}

async fn call(state: &ApiState, function: &FunctionInfo, event: Bytes, is_async: bool) -> ApiResult {
    let invocation = Invocation::new(event, None);
    if is_async { accept(state, function, invocation).await } else { Ok(run(state, function, invocation).await) }
}

/// Discards a response that is streamed: the reply of the invocation then contains what the event log gets of it.
#[derive(Debug)]
struct DiscardedStream;

impl ResponseStream for DiscardedStream {
    fn open<'a>(&'a self, _: &str) -> Written<'a> {
        Box::pin(ready(()))
    }

    fn write(&self, _: Bytes) -> Written<'_> {
        Box::pin(ready(()))
    }
}

async fn run(state: &ApiState, function: &FunctionInfo, mut invocation: Invocation) -> Response<Body> {
    let request_id = invocation.request_id.clone();
    if state.backend.streams(function) {
        invocation.response_stream = Some(Arc::new(DiscardedStream));
    }
    let result = state.backend.run(function, invocation).await;
    let outcome = outcome(&result).as_str();
    match result {
        Ok(response) => {
            let redacted = state.recorder.redacted(&function.worker, &response);
            json_text(StatusCode::OK, success_json(&request_id, outcome, &redacted))
        }
        Err(error) => {
            let (error_type, message) = error_text(&error, function, &request_id);
            with_status(
                StatusCode::OK,
                &json!({
                    "version": VERSION,
                    "request_id": request_id,
                    "outcome": outcome,
                    "error_type": error_type,
                    "message": message,
                }),
            )
        }
    }
}

/// Returns the result of a successful invocation. A response that is JSON is included unchanged, any other as a string.
fn success_json(request_id: &str, outcome: &str, response: &Bytes) -> String {
    let json = serde_json::from_slice::<&RawValue>(response).map(RawValue::get);
    let value = json.map_or_else(|_| json!(String::from_utf8_lossy(response)).to_string(), str::to_owned);
    format!(r#"{{"version":{VERSION},"request_id":"{request_id}","outcome":"{outcome}","response":{value}}}"#)
}

async fn accept(state: &ApiState, function: &FunctionInfo, invocation: Invocation) -> ApiResult {
    let request_id = invocation.request_id.clone();
    state.backend.accept(function, invocation).await.map_err(|error| ApiError::internal(&error))?;
    Ok(with_status(StatusCode::ACCEPTED, &json!({ "version": VERSION, "request_id": request_id })))
}

async fn read_event(request: Request, limit: usize) -> Result<Bytes, ApiError> {
    let event = timeout(BODY_TIMEOUT, to_bytes(request.into_body(), limit))
        .await
        .map_err(|_| ApiError::bad_request(format!("the event was not complete after {BODY_TIMEOUT:?}")))?
        .map_err(|_| too_large(limit))?;
    if event.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<IgnoredAny>(&event) {
        Ok(_) => Ok(event),
        Err(error) => Err(ApiError::bad_request(format!("the event is not valid JSON: {error}"))),
    }
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the event exceeds the limit of {limit} bytes");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}
