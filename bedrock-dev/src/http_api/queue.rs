//! The asynchronous queue: lists, retries and drops events.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::Response;
use bedrock_model::date::rfc3339;
use serde::Serialize;
use serde_json::{Value, json};

use super::query_params::QueryParams;
use super::response::{ApiError, ApiResult, ok};
use super::state::ApiState;
use crate::async_queue::{EventRecord, EventState as QueueState, StoreError};
use crate::async_queue::{PageCursor, QueueCounts, QueuePage};
use crate::event_log::{MAX_STORED_BYTES, Payload, VERSION};

/// Maximum number of events in one response.
const MAX_PAGE_EVENTS: usize = 1000;

/// Serialized directly instead of through `Value`, which would change numbers and cannot represent unpaired surrogates.
#[derive(Serialize)]
struct QueueResponse<'a> {
    version: u32,
    counts: QueueCounts,
    next: Option<String>,
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
pub(super) async fn list(State(state): State<Arc<ApiState>>, query: Query<HashMap<String, String>>) -> ApiResult {
    let params = QueryParams::read(query, &["limit", "after"])?;
    let limit = params.number("limit")?.unwrap_or(MAX_PAGE_EVENTS);
    if !(1..=MAX_PAGE_EVENTS).contains(&limit) {
        return Err(ApiError::bad_request(format!("`limit` must be from 1 to {MAX_PAGE_EVENTS}, found `{limit}`")));
    }
    let cursor = |text| {
        let error = || ApiError::bad_request(format!("`after` must be the `next` of a response, found `{text}`"));
        PageCursor::parse(text).ok_or_else(error)
    };
    let after = params.text("after").map(cursor).transpose()?;
    let shared = Arc::clone(&state);
    let response = state.queue.on_thread(move |queue| {
        let page = queue.store().page(after.as_ref(), limit, MAX_STORED_BYTES + 1)?;
        Ok(response(&shared, &page, queue.store().counts()?))
    });
    response.await.map_err(|error: StoreError| ApiError::internal(&error))
}

fn response(state: &ApiState, page: &QueuePage, counts: QueueCounts) -> Response<Body> {
    let events = page.events.iter().map(|(listed, bytes)| view(state, listed, *bytes)).collect();
    ok(&QueueResponse { version: VERSION, counts, next: page.next.as_ref().map(ToString::to_string), events })
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

fn view<'a>(state: &ApiState, listed: &'a EventRecord, bytes: usize) -> QueuedEventView<'a> {
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
        event: state.recorder.payload_start(&event.worker, &event.payload, bytes),
    }
}
