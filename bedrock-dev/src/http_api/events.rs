//! The event log as server-sent events, and as a list. Both contain the same JSON as the file.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};

use super::query_params::QueryParams;
use super::response::{ApiError, ApiResult, json_text};
use super::state::ApiState;
use crate::event_log::{DevEvent, Reader, StreamItem, VERSION};

/// Maximum number of events in one list.
const MAX_LIST_LENGTH: usize = 1000;
/// Interval of comments that keep an idle connection alive.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// When `GET …/happenings` was deprecated, 29 November 2026, as a date of RFC 9651.
const DEPRECATED_SINCE: &str = "@1795910400";
const SUCCESSOR: &str = r#"</_bedrock/v1/dev-events>; rel="successor-version""#;

/// `GET /_bedrock/v1/events`
pub(super) async fn stream(
    State(state): State<Arc<ApiState>>,
    query: Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> ApiResult {
    let params = QueryParams::read(query, &["after"])?;
    // A browser that reconnects sends the last id that it received, to the original URL.
    let last_event_id = headers.get("last-event-id").and_then(|last| last.to_str().ok());
    let after = match last_event_id.or(params.text("after")) {
        None | Some("") => None,
        Some("last") => Some(state.log.last_id()),
        Some(after) => Some(
            after
                .parse()
                .map_err(|_| ApiError::bad_request(format!("`after` must be an id or `last`, found `{after}`")))?,
        ),
    };
    let events = futures_util::stream::unfold(state.log.subscribe(after), next_event);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_INTERVAL)).into_response())
}

async fn next_event(mut reader: Reader) -> Option<(Result<Event, Infallible>, Reader)> {
    let item = reader.next().await?;
    let event = match &item {
        StreamItem::Event(event) => Event::default().id(event.id.to_string()).event(event.kind.name()),
        // Without an id, because a client that reconnects continues after the last real event.
        StreamItem::Lagged(_) => Event::default().event("missed"),
    };
    Some((Ok(event.data(item.json())), reader))
}

/// `GET /_bedrock/v1/dev-events`
pub(super) async fn list(State(state): State<Arc<ApiState>>, query: Query<HashMap<String, String>>) -> ApiResult {
    list_as("events", &state, query)
}

/// `GET /_bedrock/v1/happenings`: the same list under the name that it had before `dev-events`.
pub(super) async fn list_deprecated(
    State(state): State<Arc<ApiState>>,
    query: Query<HashMap<String, String>>,
) -> ApiResult {
    list_as("happenings", &state, query)
}

/// Marks every response of the deprecated route (RFC 9745), and names its successor (RFC 5829).
pub(super) async fn mark_deprecated(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert("deprecation", HeaderValue::from_static(DEPRECATED_SINCE));
    headers.insert("link", HeaderValue::from_static(SUCCESSOR));
    response
}

fn list_as(key: &str, state: &ApiState, query: Query<HashMap<String, String>>) -> ApiResult {
    let params = QueryParams::read(query, &["after", "kind", "worker", "request_id", "limit"])?;
    let limit = params.limit(MAX_LIST_LENGTH)?;
    let after = params.number::<u64>("after")?;
    let matches = |event: &&Arc<DevEvent>| {
        let kind = &event.kind;
        params.text("kind").is_none_or(|name| kind.name() == name)
            && params.text("worker").is_none_or(|worker| kind.matches_worker(worker))
            && params.text("request_id").is_none_or(|id| kind.request_id() == Some(id))
    };
    // Events that are published from now on belong to the next request.
    let until = state.log.last_id();
    let mut reader = state.log.subscribe(Some(after.unwrap_or(until)));
    let mut missed = 0;
    // Without `after`, also older events that are kept apart.
    let mut events = if after.is_none() { state.log.all() } else { Vec::new() };
    events.retain(|event| event.id <= until);
    while let Some(item) = reader.try_next() {
        match item {
            StreamItem::Event(event) if event.id > until => break,
            StreamItem::Event(event) => events.push(event),
            StreamItem::Lagged(count) => missed += count,
        }
    }
    let matching: Vec<_> = events.iter().filter(matches).collect();
    // With `after`, the events that follow it; otherwise the newest.
    let skipped = if after.is_some() { 0 } else { matching.len().saturating_sub(limit) };
    let listed: Vec<_> = matching.iter().skip(skipped).take(limit).map(|event| event.json()).collect();
    let is_all = skipped + listed.len() == matching.len();
    // Where the next request continues: after the last listed event, or after all events if there are no more.
    let last_listed = matching.get((skipped + listed.len()).saturating_sub(1));
    let last = last_listed.filter(|_| !is_all).map_or(until, |last| last.id);
    let json = format!(
        r#"{{"version":{VERSION},"last":{last},"is_all":{is_all},"missed":{missed},"{key}":[{}]}}"#,
        listed.join(",")
    );
    Ok(json_text(StatusCode::OK, json))
}
