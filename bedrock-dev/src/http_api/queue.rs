//! The queue, and what is done to it by hand.

use std::sync::Arc;

use axum::extract::{Path, State};
use bedrock::local::rfc3339;
use serde::Serialize;
use serde_json::{Value, json};

use super::response::{ApiError, ApiResult, ok};
use super::state::ApiState;
use crate::event_log::{Payload, VERSION};
use crate::queue::{Fault, Listed, State as Where};

/// Written without a `Value` in between: numbers stay as they are, and half a character is no value.
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
pub(super) async fn list(State(desk): State<Arc<ApiState>>) -> ApiResult {
    let events = desk.queue.store().list().map_err(|fault| ApiError::failed(&fault))?;
    let events = events.iter().map(|listed| shown(&desk, listed)).collect();
    Ok(ok(&QueueResponse { version: VERSION, events }))
}

/// `POST /_bedrock/v1/queue/{id}/retry`
pub(super) async fn retry(State(desk): State<Arc<ApiState>>, Path(id): Path<String>) -> ApiResult {
    done(&id, desk.queue.retry(&id))
}

/// `POST /_bedrock/v1/queue/{id}/drop`
pub(super) async fn forget(State(desk): State<Arc<ApiState>>, Path(id): Path<String>) -> ApiResult {
    done(&id, desk.queue.forget(&id))
}

fn done(id: &str, done: Result<bool, Fault>) -> ApiResult {
    if done.map_err(|fault| ApiError::failed(&fault))? {
        return Ok(ok(&json!({ "version": VERSION, "event_id": id })));
    }
    Err(ApiError::not_found(format!("no event `{id}` waits or was given up")))
}

fn shown<'a>(desk: &ApiState, listed: &'a Listed) -> QueuedEventView<'a> {
    let event = &listed.event;
    let (state, next_at, reason) = match listed.state {
        Where::Waiting(due) => ("waiting", Some(rfc3339(due)), None),
        Where::Running => ("running", None, None),
        Where::Dead(condition) => ("failed", None, Some(condition.as_str())),
    };
    QueuedEventView {
        event_id: &event.id,
        worker: &event.worker,
        state,
        next_at,
        reason,
        accepted_at: rfc3339(event.accepted),
        attempts: event.attempts,
        last_error: listed.last.as_ref(),
        event: desk.recorder.payload(&event.worker, &event.payload),
    }
}
