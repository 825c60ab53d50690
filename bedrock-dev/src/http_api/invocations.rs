//! Invocations put together: a list, one, one's event, and all that one call led to.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::query_params::QueryParams;
use super::response::{ApiError, ApiResult, ok, text};
use super::state::ApiState;
use crate::event_log::invocation_view::{self, InvocationSummary};
use crate::event_log::{DevEvent, DevEventKind, Mode, VERSION, search, trace_view};

/// Invocations in one list.
const MOST: usize = 1000;
const OUTCOMES: [&str; 6] = ["running", "ok", "error", "timeout", "throttled", "denied"];

/// What is wanted of a list.
struct ListQuery {
    limit: usize,
    before: Option<String>,
    worker: Option<String>,
    outcome: Option<String>,
    mode: Option<Mode>,
    search: Option<String>,
}

/// Written without a `Value` in between: numbers stay as they are, and half a character is no value.
#[derive(Serialize)]
struct InvocationResponse<'a> {
    version: u32,
    invocation: InvocationSummary<'a>,
}

/// `GET /_bedrock/v1/invocations`
pub(super) async fn list(State(desk): State<Arc<ApiState>>, query: Query<HashMap<String, String>>) -> ApiResult {
    let given = QueryParams::read(query, &["limit", "before", "worker", "outcome", "mode", "search"])?;
    let owned = |name| given.text(name).map(str::to_owned);
    let wanted = ListQuery {
        limit: given.limit(MOST)?,
        before: owned("before"),
        worker: owned("worker"),
        outcome: given.one_of("outcome", &OUTCOMES)?.map(str::to_owned),
        mode: given
            .one_of("mode", &["sync", "event"])?
            .map(|mode| if mode == "event" { Mode::Event } else { Mode::Sync }),
        search: owned("search"),
    };
    let kept = desk.stream.all();
    aside(move || Ok(listed(&kept, &wanted))).await
}

/// Reading all that is kept takes milliseconds, for which nothing else of the program should wait.
async fn aside(read: impl FnOnce() -> ApiResult + Send + 'static) -> ApiResult {
    tokio::task::spawn_blocking(read).await.map_err(|error| ApiError::failed(&error))?
}

fn listed(kept: &[Arc<DevEvent>], wanted: &ListQuery) -> Response<Body> {
    let found = wanted.search.as_deref().map(|text| search::found(kept, text));
    let mut invocations = invocation_view::all(kept);
    if let Some(before) = &wanted.before {
        // If it is not kept any more, nothing is that began before it.
        let place = invocations.iter().position(|one| one.request_id() == before);
        invocations.drain(..place.map_or(invocations.len(), |place| place + 1));
    }
    invocations.retain(|one| {
        wanted.worker.as_ref().is_none_or(|worker| one.worker() == worker)
            && wanted.outcome.as_ref().is_none_or(|outcome| one.outcome() == outcome)
            && wanted.mode.is_none_or(|mode| one.mode() == mode)
            && found.as_ref().is_none_or(|found| found.contains(one.request_id()))
    });
    let is_more = invocations.len() > wanted.limit;
    invocations.truncate(wanted.limit);
    let next = invocations.last().filter(|_| is_more).map(InvocationSummary::request_id);
    ok(&json!({ "version": VERSION, "invocations": invocations, "next": next }))
}

/// `GET /_bedrock/v1/invocations/{request_id}`
pub(super) async fn get(State(desk): State<Arc<ApiState>>, Path(request_id): Path<String>) -> ApiResult {
    let kept = desk.stream.all();
    let invocation = invocation_view::one(&kept, &request_id);
    let invocation = invocation.ok_or_else(|| ApiError::not_found(format!("no invocation `{request_id}` is kept")))?;
    Ok(ok(&InvocationResponse { version: VERSION, invocation }))
}

/// `GET /_bedrock/v1/invocations/{request_id}/event`
pub(super) async fn event(State(desk): State<Arc<ApiState>>, Path(request_id): Path<String>) -> ApiResult {
    let event = whole(&desk, &request_id)?;
    let worker = worker(&desk, &request_id)?;
    Ok(text(StatusCode::OK, desk.recorder.shown(&worker, &event)))
}

/// `GET /_bedrock/v1/traces/{trace}`
pub(super) async fn trace(State(desk): State<Arc<ApiState>>, Path(trace): Path<String>) -> ApiResult {
    let kept = desk.stream.all();
    aside(move || {
        let found = trace_view::one(&kept, &trace);
        let found =
            found.ok_or_else(|| ApiError::not_found(format!("no invocation of the trace `{trace}` is kept")))?;
        Ok(ok(&found))
    })
    .await
}

/// The event as it was sent. Events are kept apart from what happened with them, and not as long.
pub(super) fn whole(desk: &ApiState, request_id: &str) -> Result<Bytes, ApiError> {
    desk.recorder.event(request_id).ok_or_else(|| {
        let is_known = desk.stream.all().iter().any(|happening| happening.kind.request_id() == Some(request_id));
        if is_known {
            let message = format!("the event of the invocation `{request_id}` is not kept any more");
            return ApiError::new(StatusCode::GONE, message);
        }
        ApiError::not_found(format!("no invocation `{request_id}` is kept"))
    })
}

/// Whose invocation it is.
pub(super) fn worker(desk: &ApiState, request_id: &str) -> Result<String, ApiError> {
    let kept = desk.stream.all();
    let worker = kept.iter().find_map(|happening| match &happening.kind {
        DevEventKind::InvocationStarted(started) if &*started.request_id == request_id => {
            Some(started.worker.to_string())
        }
        _ => None,
    });
    worker.ok_or_else(|| ApiError::not_found(format!("no invocation `{request_id}` is kept")))
}
