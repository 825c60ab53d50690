//! The queues of messages, and firing a schedule by hand.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use super::response::{ApiError, ApiResult, ok, with};
use super::state::ApiState;
use crate::event_log::VERSION;
use crate::triggers::FireError;

/// `GET /_bedrock/v1/queues`
pub(super) async fn queues(State(desk): State<Arc<ApiState>>) -> ApiResult {
    let queues = desk.triggers.get().map(|triggers| triggers.queues()).transpose();
    let queues = queues.map_err(|error| ApiError::failed(&error))?.unwrap_or_default();
    Ok(ok(&json!({ "version": VERSION, "queues": queues })))
}

/// `POST /_bedrock/v1/workers/{name}/triggers/{number}/fire`
pub(super) async fn fire(State(desk): State<Arc<ApiState>>, Path((name, number)): Path<(String, String)>) -> ApiResult {
    let none = || ApiError::not_found(format!("worker `{name}` has no trigger `{number}`"));
    let (Some(triggers), Ok(place)) = (desk.triggers.get(), number.parse()) else { return Err(none()) };
    match triggers.fire(&name, place).await {
        Ok(request_id) => Ok(with(StatusCode::ACCEPTED, &json!({ "version": VERSION, "request_id": request_id }))),
        Err(FireError::NoTrigger) => Err(none()),
        Err(FireError::NoSchedule) => Err(ApiError::bad(format!(
            "trigger `{number}` of worker `{name}` is no schedule: send a message, or write a file"
        ))),
        Err(FireError::NotAccepted(message)) => Err(ApiError::failed(&message)),
    }
}
