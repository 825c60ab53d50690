//! Invocations: a list, a single one, its full event, and traces.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::query_params::QueryParams;
use super::response::{ApiError, ApiResult, json_text, ok};
use super::state::ApiState;
use crate::event_log::invocation_view::{self, InvocationSummary};
use crate::event_log::{DevEvent, DevEventKind, Mode, VERSION, search, trace_view};

/// Maximum number of invocations in one list.
const MAX_LIST_LENGTH: usize = 1000;
const OUTCOMES: [&str; 7] = ["running", "ok", "error", "timeout", "throttled", "denied", FAILED];
/// Every outcome of a function that failed, and responses with a status of 5xx.
const FAILED: &str = "failed";

/// Filter of a list of invocations.
struct ListQuery {
    limit: usize,
    before: Option<String>,
    worker: Option<String>,
    outcome: Option<String>,
    mode: Option<Mode>,
    search: Option<String>,
}

/// Serialized directly instead of through `Value`, which would change numbers and cannot represent unpaired surrogates.
#[derive(Serialize)]
struct InvocationResponse<'a> {
    version: u32,
    invocation: InvocationSummary<'a>,
}

/// `GET /_bedrock/v1/invocations`
pub(super) async fn list(State(state): State<Arc<ApiState>>, query: Query<HashMap<String, String>>) -> ApiResult {
    let params = QueryParams::read(query, &["limit", "before", "worker", "outcome", "mode", "search"])?;
    let owned = |name| params.text(name).map(str::to_owned);
    let filter = ListQuery {
        limit: params.limit(MAX_LIST_LENGTH)?,
        before: owned("before"),
        worker: owned("worker"),
        outcome: params.one_of("outcome", &OUTCOMES)?.map(str::to_owned),
        mode: params
            .one_of("mode", &["sync", "event"])?
            .map(|mode| if mode == "event" { Mode::Event } else { Mode::Sync }),
        search: owned("search"),
    };
    let events = state.log.all();
    run_blocking(move || Ok(filtered_list(&events, &filter))).await
}

/// Reading the whole log takes milliseconds, which must not block other tasks.
async fn run_blocking(read: impl FnOnce() -> ApiResult + Send + 'static) -> ApiResult {
    tokio::task::spawn_blocking(read).await.map_err(|error| ApiError::internal(&error))?
}

fn filtered_list(events: &[Arc<DevEvent>], filter: &ListQuery) -> Response<Body> {
    let matching_ids = filter.search.as_deref().map(|text| search::matching_ids(events, text));
    let mut invocations = invocation_view::all(events);
    if let Some(before) = &filter.before {
        // If it has been evicted, all invocations that started before it have been, too.
        let index = invocations.iter().position(|invocation| invocation.request_id() == before);
        invocations.drain(..index.map_or(invocations.len(), |index| index + 1));
    }
    invocations.retain(|invocation| {
        filter.worker.as_ref().is_none_or(|worker| invocation.worker() == worker)
            && filter.outcome.as_ref().is_none_or(|outcome| match outcome.as_str() {
                FAILED => invocation.is_failure(),
                outcome => invocation.outcome() == outcome,
            })
            && filter.mode.is_none_or(|mode| invocation.mode() == mode)
            && matching_ids.as_ref().is_none_or(|ids| ids.contains(invocation.request_id()))
    });
    let has_more = invocations.len() > filter.limit;
    invocations.truncate(filter.limit);
    let next = invocations.last().filter(|_| has_more).map(InvocationSummary::request_id);
    ok(&json!({ "version": VERSION, "invocations": invocations, "next": next }))
}

/// `GET /_bedrock/v1/invocations/{request_id}`
pub(super) async fn get(State(state): State<Arc<ApiState>>, Path(request_id): Path<String>) -> ApiResult {
    let events = state.log.all();
    let invocation = invocation_view::one(&events, &request_id);
    let invocation =
        invocation.ok_or_else(|| ApiError::not_found(format!("no invocation `{request_id}` is stored")))?;
    Ok(ok(&InvocationResponse { version: VERSION, invocation }))
}

/// `GET /_bedrock/v1/invocations/{request_id}/event`
pub(super) async fn event(State(state): State<Arc<ApiState>>, Path(request_id): Path<String>) -> ApiResult {
    let event = full_event(&state, &request_id)?;
    let worker = worker_of(&state, &request_id)?;
    Ok(json_text(StatusCode::OK, state.recorder.redacted(&worker, &event)))
}

/// `GET /_bedrock/v1/traces/{trace}`
pub(super) async fn trace(State(state): State<Arc<ApiState>>, Path(trace): Path<String>) -> ApiResult {
    let events = state.log.all();
    run_blocking(move || {
        let found = trace_view::one(&events, &trace);
        let found =
            found.ok_or_else(|| ApiError::not_found(format!("no invocation of the trace `{trace}` is stored")))?;
        Ok(ok(&found))
    })
    .await
}

/// Returns the full event of an invocation. Full events are stored separately from the event log, and evicted earlier.
pub(super) fn full_event(state: &ApiState, request_id: &str) -> Result<Bytes, ApiError> {
    state.recorder.event(request_id).ok_or_else(|| {
        let is_known = state.log.all().iter().any(|event| event.kind.request_id() == Some(request_id));
        if is_known {
            let message = format!("the event of the invocation `{request_id}` is no longer stored");
            return ApiError::new(StatusCode::GONE, message);
        }
        ApiError::not_found(format!("no invocation `{request_id}` is stored"))
    })
}

/// Returns the worker of an invocation.
pub(super) fn worker_of(state: &ApiState, request_id: &str) -> Result<String, ApiError> {
    let events = state.log.all();
    let worker = events.iter().find_map(|event| match &event.kind {
        DevEventKind::InvocationStarted(started) if &*started.request_id == request_id => {
            Some(started.worker.to_string())
        }
        _ => None,
    });
    worker.ok_or_else(|| ApiError::not_found(format!("no invocation `{request_id}` is stored")))
}
