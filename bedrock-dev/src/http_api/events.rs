//! The stream as server-sent events, and as a list. Both give the very lines that are on disk.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};

use super::query_params::QueryParams;
use super::response::{ApiError, ApiResult, text};
use super::state::ApiState;
use crate::event_log::{DevEvent, Reader, StreamItem, VERSION};

/// Happenings in one list.
const MOST: usize = 1000;
/// Between two comments on a line where nothing happens.
const QUIET: Duration = Duration::from_secs(15);

/// `GET /_bedrock/v1/events`
pub(super) async fn follow(
    State(desk): State<Arc<ApiState>>,
    query: Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> ApiResult {
    let given = QueryParams::read(query, &["after"])?;
    // A browser that connects again says what it had last, with the address that it was given first.
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok());
    let after = match last.or(given.text("after")) {
        None | Some("") => None,
        Some("last") => Some(desk.stream.last()),
        Some(after) => Some(
            after.parse().map_err(|_| ApiError::bad(format!("`after` must be an id or `last`, found `{after}`")))?,
        ),
    };
    let events = futures_util::stream::unfold(desk.stream.subscribe(after), next);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(QUIET)).into_response())
}

async fn next(mut reader: Reader) -> Option<(Result<Event, Infallible>, Reader)> {
    let heard = reader.next().await?;
    let event = match &heard {
        StreamItem::Event(happening) => Event::default().id(happening.id.to_string()).event(happening.kind.name()),
        // Without an id: whoever connects again has not got past it.
        StreamItem::Lagged(_) => Event::default().event("missed"),
    };
    Some((Ok(event.data(heard.json())), reader))
}

/// `GET /_bedrock/v1/happenings`
pub(super) async fn list(State(desk): State<Arc<ApiState>>, query: Query<HashMap<String, String>>) -> ApiResult {
    let given = QueryParams::read(query, &["after", "kind", "worker", "request_id", "limit"])?;
    let (limit, after) = (given.limit(MOST)?, given.number::<u64>("after")?);
    let is_meant = |happening: &&Arc<DevEvent>| {
        let kind = &happening.kind;
        given.text("kind").is_none_or(|name| kind.name() == name)
            && given.text("worker").is_none_or(|worker| kind.concerns(worker))
            && given.text("request_id").is_none_or(|id| kind.request_id() == Some(id))
    };
    // What happens meanwhile is left for the next time.
    let until = desk.stream.last();
    let (mut reader, mut missed, mut kept) = (desk.stream.subscribe(after), 0, Vec::new());
    while let Some(heard) = reader.now() {
        match heard {
            StreamItem::Event(happening) if happening.id > until => break,
            StreamItem::Event(happening) => kept.push(happening),
            StreamItem::Lagged(count) => missed += count,
        }
    }
    let meant: Vec<_> = kept.iter().filter(is_meant).collect();
    // From where a reader was, the next ones; otherwise the newest.
    let skipped = if after.is_some() { 0 } else { meant.len().saturating_sub(limit) };
    let shown: Vec<_> = meant.iter().skip(skipped).take(limit).map(|happening| happening.json()).collect();
    let all = skipped + shown.len() == meant.len();
    // Where to go on: behind what was shown, or behind everything if there is no more of it.
    let shown_last = meant.get((skipped + shown.len()).saturating_sub(1));
    let last = shown_last.filter(|_| !all).map_or(until, |last| last.id);
    let json = format!(
        r#"{{"version":{VERSION},"last":{last},"is_all":{all},"missed":{missed},"happenings":[{}]}}"#,
        shown.join(",")
    );
    Ok(text(StatusCode::OK, json))
}
