//! The SQS queues of the app, and firing a schedule manually.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use super::response::{ApiError, ApiResult, ok, with_status};
use super::state::ApiState;
use crate::event_log::VERSION;
use crate::triggers::FireError;

/// `GET /_bedrock/v1/queues`
pub(super) async fn queues(State(state): State<Arc<ApiState>>) -> ApiResult {
    let queues = match &state.triggers {
        Some(triggers) => triggers.queues().await.map_err(|error| ApiError::internal(&error))?,
        None => Vec::new(),
    };
    Ok(ok(&json!({ "version": VERSION, "queues": queues })))
}

/// `GET /_bedrock/v1/queues/{name}/messages`
pub(super) async fn messages(State(state): State<Arc<ApiState>>, Path(name): Path<String>) -> ApiResult {
    let found = match &state.triggers {
        Some(triggers) => {
            triggers.messages(&name, &state.recorder).await.map_err(|error| ApiError::internal(&error))?
        }
        None => None,
    };
    let messages = found.ok_or_else(|| ApiError::not_found(format!("no queue `{name}`; see `GET queues`")))?;
    Ok(ok(&json!({ "version": VERSION, "messages": messages })))
}

/// `POST /_bedrock/v1/queues/{name}/messages/{id}/redrive`
pub(super) async fn redrive(State(state): State<Arc<ApiState>>, Path((name, id)): Path<(String, String)>) -> ApiResult {
    let Some(triggers) = &state.triggers else { return Err(no_message(&name, &id)) };
    changed(&name, &id, triggers.redrive(&name, &id).await)
}

/// `POST /_bedrock/v1/queues/{name}/messages/{id}/drop`
pub(super) async fn drop_message(
    State(state): State<Arc<ApiState>>,
    Path((name, id)): Path<(String, String)>,
) -> ApiResult {
    let Some(triggers) = &state.triggers else { return Err(no_message(&name, &id)) };
    changed(&name, &id, triggers.drop_message(&name, &id).await)
}

fn changed(name: &str, id: &str, is_changed: Result<bool, impl std::fmt::Display>) -> ApiResult {
    if is_changed.map_err(|error| ApiError::internal(&error))? {
        return Ok(ok(&json!({ "version": VERSION, "message_id": id })));
    }
    Err(no_message(name, id))
}

fn no_message(name: &str, id: &str) -> ApiError {
    ApiError::not_found(format!("queue `{name}` has no message `{id}` that could be changed"))
}

/// `POST /_bedrock/v1/workers/{name}/triggers/{number}/fire`
pub(super) async fn fire(
    State(state): State<Arc<ApiState>>,
    Path((name, number)): Path<(String, String)>,
) -> ApiResult {
    let not_found = || ApiError::not_found(format!("worker `{name}` has no trigger `{number}`"));
    let (Some(triggers), Ok(index)) = (&state.triggers, number.parse()) else { return Err(not_found()) };
    match triggers.fire(&name, index).await {
        Ok(request_id) => {
            Ok(with_status(StatusCode::ACCEPTED, &json!({ "version": VERSION, "request_id": request_id })))
        }
        Err(FireError::NoTrigger) => Err(not_found()),
        Err(FireError::NotASchedule) => Err(ApiError::bad_request(format!(
            "trigger `{number}` of worker `{name}` is not a schedule: send a message or write a file instead"
        ))),
        Err(FireError::NotAccepted(message)) => Err(ApiError::internal(&message)),
    }
}
