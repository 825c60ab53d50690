//! The app as it is on disk.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use bedrock_build::triggers::{Source, Trigger};
use bedrock_build::{App, Destination, FunctionSettings, Worker};
use serde::Serialize;
use serde_json::{Value, json};

use super::response::ok;
use super::state::ApiState;
use crate::event_log::VERSION;

/// What does not change while the app is at work.
pub(super) struct AppInfoResponse {
    name: String,
    url: String,
    endpoint: Value,
    workers: Vec<Value>,
}

/// A call that the code of one function makes of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// A worker, or `endpoint`.
    pub from: String,
    /// A worker.
    pub to: String,
}

impl AppInfoResponse {
    pub(super) fn of(app: &App, url: String) -> Self {
        Self {
            name: app.name.to_string(),
            url,
            endpoint: settings(&app.settings.endpoint),
            workers: app.workers.iter().map(worker).collect(),
        }
    }

    /// `http://127.0.0.1:PORT`
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

/// `GET /_bedrock/v1/app`
pub(super) async fn get(State(desk): State<Arc<ApiState>>) -> Response<Body> {
    let AppInfoResponse { name, url, endpoint, workers } = &desk.about;
    let edges = desk.edges.borrow().clone();
    ok(&json!({
        "version": VERSION,
        "name": name,
        "url": url,
        "endpoint": endpoint,
        "workers": workers,
        "edges": edges,
    }))
}

fn worker(worker: &Worker) -> Value {
    json!({
        "name": worker.name.as_str(),
        "language": worker.language.as_str(),
        "folder": worker.dir,
        "settings": settings(&worker.settings),
        "triggers": worker.settings.triggers.iter().map(trigger).collect::<Vec<_>>(),
    })
}

/// As the settings have it, with what is not said there.
fn trigger(trigger: &Trigger) -> Value {
    match trigger {
        Trigger::Schedule(schedule) => json!({
            "kind": "schedule",
            "source": schedule.schedule.to_string(),
            "timezone": schedule.timezone,
            // Written as JSON by those who read the settings.
            "event": schedule.event.as_ref().and_then(|event| serde_json::from_str::<Value>(event).ok()),
        }),
        Trigger::Queue(queue) => json!({
            "kind": "queue",
            "source": queue.queue.as_str(),
            "batch_size": queue.batch_size,
            "batch_window": queue.batch_window,
            "partial_failures": queue.partial_failures,
            "max_receives": matches!(queue.queue, Source::Own(_)).then_some(queue.max_receives),
        }),
        Trigger::Bucket(bucket) => json!({
            "kind": "bucket",
            "source": bucket.bucket.as_str(),
            "prefix": bucket.prefix,
            "suffix": bucket.suffix,
            "events": bucket.events.iter().map(|event| event.as_str()).collect::<Vec<_>>(),
            "folder": bucket.folder(),
        }),
    }
}

/// Of variables the names: their values may be nobody's business.
fn settings(settings: &FunctionSettings) -> Value {
    let variables: Vec<_> = settings.environment.keys().chain(settings.secrets.keys()).collect();
    json!({
        "memory": settings.memory,
        "timeout": settings.timeout,
        "concurrency": settings.concurrency,
        "retries": settings.retries,
        "event_age": settings.event_age,
        "on_failure": settings.on_failure.as_ref().map(Destination::as_str),
        "on_success": settings.on_success.as_ref().map(Destination::as_str),
        "dead_letter": settings.dead_letter,
        "variables": variables,
    })
}
