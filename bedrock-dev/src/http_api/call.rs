//! Calling a worker, as Lambda's API does it but without signatures: with an event that is sent, or with one that it had.
//! Whoever calls is a reader, too, and gets to see of the response what readers do.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{Response, StatusCode};
use bedrock::local::Invocation;
use bedrock::local::service::FunctionInfo;
use serde::de::IgnoredAny;
use serde_json::json;
use serde_json::value::RawValue;

use super::invocations::{whole, worker};
use super::query_params::QueryParams;
use super::response::{ApiError, ApiResult, text, with};
use super::state::ApiState;
use crate::event_log::VERSION;
use crate::event_log::recorder::{outcome, said};

/// Bytes of an event (Lambda quotas: 6 MB where the answer is waited for, 1 MB where it is not).
const SYNC: usize = 6 * 1024 * 1024;
const EVENT: usize = 1024 * 1024;

/// `POST /_bedrock/v1/workers/{name}/invoke`
pub(super) async fn invoke(
    State(desk): State<Arc<ApiState>>,
    Path(name): Path<String>,
    query: Query<HashMap<String, String>>,
    request: Request,
) -> ApiResult {
    let is_event = is_event(query)?;
    let function = find(&desk, &name)?;
    let event = event(request, if is_event { EVENT } else { SYNC }).await?;
    call(&desk, &function, event, is_event).await
}

/// `POST /_bedrock/v1/invocations/{request_id}/replay`: the same event once more, whole and as it was sent, whatever readers
/// get to see of it.
pub(super) async fn replay(
    State(desk): State<Arc<ApiState>>,
    Path(request_id): Path<String>,
    query: Query<HashMap<String, String>>,
) -> ApiResult {
    let is_event = is_event(query)?;
    let event = whole(&desk, &request_id)?;
    if is_event && event.len() > EVENT {
        return Err(too_large(EVENT));
    }
    let worker = worker(&desk, &request_id)?;
    call(&desk, &find(&desk, &worker)?, event, is_event).await
}

fn is_event(query: Query<HashMap<String, String>>) -> Result<bool, ApiError> {
    let given = QueryParams::read(query, &["mode"])?;
    Ok(given.one_of("mode", &["sync", "event"])? == Some("event"))
}

fn find(desk: &ApiState, worker: &str) -> Result<FunctionInfo, ApiError> {
    desk.backend.find(worker).map_err(|error| ApiError::not_found(error.to_string()))
}

async fn call(desk: &ApiState, function: &FunctionInfo, event: Bytes, is_event: bool) -> ApiResult {
    let invocation = Invocation::new(event, None);
    if is_event { accept(desk, function, invocation).await } else { Ok(run(desk, function, invocation).await) }
}

async fn run(desk: &ApiState, function: &FunctionInfo, invocation: Invocation) -> Response<Body> {
    let request_id = invocation.request_id.clone();
    let came = desk.backend.run(function, invocation).await;
    let outcome = outcome(&came).as_str();
    match came {
        Ok(response) => {
            let shown = desk.recorder.shown(&function.worker, &response);
            text(StatusCode::OK, answered(&request_id, outcome, &shown))
        }
        Err(error) => {
            let (error_type, message) = said(&error, function, &request_id);
            with(
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

/// A response that is JSON stays as it is; any other becomes a text.
fn answered(request_id: &str, outcome: &str, response: &Bytes) -> String {
    let json = serde_json::from_slice::<&RawValue>(response).map(RawValue::get);
    let shown = json.map_or_else(|_| json!(String::from_utf8_lossy(response)).to_string(), str::to_owned);
    format!(r#"{{"version":{VERSION},"request_id":"{request_id}","outcome":"{outcome}","response":{shown}}}"#)
}

async fn accept(desk: &ApiState, function: &FunctionInfo, invocation: Invocation) -> ApiResult {
    let request_id = invocation.request_id.clone();
    desk.backend.accept(function, invocation).await.map_err(|error| ApiError::failed(&error))?;
    Ok(with(StatusCode::ACCEPTED, &json!({ "version": VERSION, "request_id": request_id })))
}

async fn event(request: Request, limit: usize) -> Result<Bytes, ApiError> {
    let event = to_bytes(request.into_body(), limit).await.map_err(|_| too_large(limit))?;
    if event.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<IgnoredAny>(&event) {
        Ok(_) => Ok(event),
        Err(error) => Err(ApiError::bad(format!("the event is no JSON: {error}"))),
    }
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the event has more than {limit} bytes, which are allowed");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}
