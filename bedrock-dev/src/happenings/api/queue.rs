//! The queue, and what is done to it by hand.

use std::sync::Arc;

use axum::extract::{Path, State};
use bedrock::local::rfc3339;
use serde_json::{Value, json};

use super::answer::{Answer, Refused, ok};
use super::desk::Desk;
use crate::happenings::{Payload, VERSION};
use crate::queue::{Fault, Listed, State as Where};

/// `GET /_bedrock/v1/queue`
pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Answer {
    let events = desk.queue.store().list().map_err(|fault| Refused::failed(&fault))?;
    let events: Vec<_> = events.iter().map(shown).collect();
    Ok(ok(&json!({ "version": VERSION, "events": events })))
}

/// `POST /_bedrock/v1/queue/{id}/retry`
pub(super) async fn retry(State(desk): State<Arc<Desk>>, Path(id): Path<String>) -> Answer {
    done(&id, desk.queue.retry(&id))
}

/// `POST /_bedrock/v1/queue/{id}/drop`
pub(super) async fn forget(State(desk): State<Arc<Desk>>, Path(id): Path<String>) -> Answer {
    done(&id, desk.queue.forget(&id))
}

fn done(id: &str, done: Result<bool, Fault>) -> Answer {
    if done.map_err(|fault| Refused::failed(&fault))? {
        return Ok(ok(&json!({ "version": VERSION, "event_id": id })));
    }
    Err(Refused::not_found(format!("no event `{id}` waits or was given up")))
}

fn shown(listed: &Listed) -> Value {
    let event = &listed.event;
    let (state, next_at, reason) = match listed.state {
        Where::Waiting(due) => ("waiting", Some(rfc3339(due)), None),
        Where::Running => ("running", None, None),
        Where::Dead(condition) => ("failed", None, Some(condition.as_str())),
    };
    json!({
        "event_id": event.id,
        "worker": event.worker,
        "state": state,
        "next_at": next_at,
        "reason": reason,
        "accepted_at": rfc3339(event.accepted),
        "attempts": event.attempts,
        "last_error": listed.last,
        "event": Payload::of(&event.payload),
    })
}
