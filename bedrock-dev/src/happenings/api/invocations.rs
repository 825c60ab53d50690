//! Invocations put together.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use serde_json::json;

use super::answer::{Answer, Refused, ok};
use super::desk::Desk;
use super::parameters::Parameters;
use crate::happenings::{VERSION, joined};

/// Invocations in one list.
const MOST: usize = 1000;
const OUTCOMES: [&str; 6] = ["running", "ok", "error", "timeout", "throttled", "denied"];

/// `GET /_bedrock/v1/invocations`
pub(super) async fn list(State(desk): State<Arc<Desk>>, query: Query<HashMap<String, String>>) -> Answer {
    let given = Parameters::read(query, &["limit", "worker", "outcome"])?;
    let (limit, outcome) = (given.limit(MOST)?, given.text("outcome"));
    if let Some(odd) = outcome.filter(|outcome| !OUTCOMES.contains(outcome)) {
        return Err(Refused::bad(format!("`outcome` must be one of `{}`, found `{odd}`", OUTCOMES.join("`, `"))));
    }
    let kept = desk.stream.all();
    let mut invocations = joined::all(&kept);
    invocations.retain(|one| {
        given.text("worker").is_none_or(|worker| one.worker() == worker)
            && outcome.is_none_or(|outcome| one.outcome() == outcome)
    });
    invocations.truncate(limit);
    Ok(ok(&json!({ "version": VERSION, "invocations": invocations })))
}

/// `GET /_bedrock/v1/invocations/{request_id}`
pub(super) async fn get(State(desk): State<Arc<Desk>>, Path(request_id): Path<String>) -> Answer {
    let kept = desk.stream.all();
    let invocation = joined::one(&kept, &request_id);
    let invocation = invocation.ok_or_else(|| Refused::not_found(format!("no invocation `{request_id}` is kept")))?;
    Ok(ok(&json!({ "version": VERSION, "invocation": invocation })))
}
