//! The asynchronous queue: lists, retries and drops events.

use std::sync::Arc;

use axum::extract::{Path, State};
use bedrock_model::date::rfc3339;
use serde::Serialize;
use serde_json::{Value, json};

use super::response::{ApiError, ApiResult, ok};
use super::state::ApiState;
use crate::async_queue::{EventRecord, EventState as QueueState, StoreError};
use crate::event_log::{Payload, VERSION};

/// Serialized directly instead of through `Value`, which would change numbers and cannot represent unpaired surrogates.
#[derive(Serialize)]
struct QueueResponse<'a> {
    version: u32,
    events: Vec<QueuedEventView<'a>>,
}

#[derive(Serialize)]
struct QueuedEventView<'a> {
    event_id: &'a str,
    worker: &'a str,
    state: &'static str,
    next_at: Option<String>,
    reason: Option<&'static str>,
    accepted_at: String,
    attempts: u32,
    last_error: Option<&'a Value>,
    event: Payload,
}

/// `GET /_bedrock/v1/queue`
pub(super) async fn list(State(state): State<Arc<ApiState>>) -> ApiResult {
    let events = state.queue.store().list().map_err(|error| ApiError::internal(&error))?;
    let events = events.iter().map(|listed| view(&state, listed)).collect();
    Ok(ok(&QueueResponse { version: VERSION, events }))
}

/// `POST /_bedrock/v1/queue/{id}/retry`
pub(super) async fn retry(State(state): State<Arc<ApiState>>, Path(id): Path<String>) -> ApiResult {
    let changed = id.clone();
    change_result(&id, state.queue.on_thread(move |queue| queue.retry(&changed)).await)
}

/// `POST /_bedrock/v1/queue/{id}/drop`
pub(super) async fn drop_event(State(state): State<Arc<ApiState>>, Path(id): Path<String>) -> ApiResult {
    let changed = id.clone();
    change_result(&id, state.queue.on_thread(move |queue| queue.forget(&changed)).await)
}

fn change_result(id: &str, is_changed: Result<bool, StoreError>) -> ApiResult {
    if is_changed.map_err(|error| ApiError::internal(&error))? {
        return Ok(ok(&json!({ "version": VERSION, "event_id": id })));
    }
    Err(ApiError::not_found(format!("no event `{id}` is pending or a dead letter")))
}

fn view<'a>(state: &ApiState, listed: &'a EventRecord) -> QueuedEventView<'a> {
    let event = &listed.event;
    let (state_name, next_at, reason) = match listed.state {
        QueueState::Waiting(due) => ("waiting", Some(rfc3339(due)), None),
        QueueState::Running => ("running", None, None),
        QueueState::Dead(condition) => ("failed", None, Some(condition.as_str())),
    };
    QueuedEventView {
        event_id: &event.id,
        worker: &event.worker,
        state: state_name,
        next_at,
        reason,
        accepted_at: rfc3339(event.accepted),
        attempts: event.attempts,
        last_error: listed.last.as_ref(),
        event: state.recorder.payload(&event.worker, &event.payload),
    }
}
