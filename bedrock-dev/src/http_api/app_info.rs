//! The app as the API describes it: name, URL, functions with their settings, and the calls between them.

use std::path::PathBuf;

use bedrock_build::contract::{self, describe, type_text};
use bedrock_build::settings::Auth;
use bedrock_build::triggers::{Trigger, TriggerSource};
use bedrock_build::{App, Destination, FunctionSettings, Worker};
use serde::Serialize;
use serde_json::{Value, json};

/// The part of the app's description that does not change while the server runs.
pub(super) struct AppInfo {
    pub(super) name: String,
    /// `http://127.0.0.1:PORT`
    pub(super) url: String,
    pub(super) endpoint: Value,
    pub(super) workers: Vec<WorkerInfo>,
}

/// A worker, and where its contract is, which may change while the server runs.
pub(super) struct WorkerInfo {
    description: Value,
    folder: PathBuf,
}

impl WorkerInfo {
    /// Returns the description with the types of the contract as text. A contract that cannot be read is left out: each
    /// call fails with the reason.
    pub(super) fn describe(&self) -> Value {
        let mut description = self.description.clone();
        if let Ok(Some(contract)) = contract::read_file(&self.folder, contract::FILE_NAME) {
            description["contract"] = json!({
                "event": type_text(&contract.event),
                "response": type_text(&contract.response),
                "types": describe(&contract),
            });
        }
        description
    }
}

/// An edge of the call graph: the code of `from` calls `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Name of a worker, or `endpoint`.
    pub from: String,
    /// Name of a worker.
    pub to: String,
}

impl AppInfo {
    pub(super) fn new(app: &App, url: String) -> Self {
        Self {
            name: app.name.to_string(),
            url,
            endpoint: endpoint(&app.settings.endpoint),
            workers: app
                .workers
                .iter()
                .map(|one| WorkerInfo { description: worker(one), folder: app.root.join(&one.dir) })
                .collect(),
        }
    }
}

fn endpoint(endpoint: &FunctionSettings) -> Value {
    let mut described = settings(endpoint);
    described["url_auth"] = match endpoint.auth {
        _ if !endpoint.has_http_address() => Value::Null,
        Auth::None => json!("none"),
        Auth::Iam => json!("iam"),
    };
    described
}

fn worker(worker: &Worker) -> Value {
    json!({
        "name": worker.name.as_str(),
        "language": worker.language.as_str(),
        "folder": worker.dir,
        "settings": settings(&worker.settings),
        "triggers": worker.settings.triggers.iter().map(trigger).collect::<Vec<_>>(),
        "durable": worker.settings.durable.is_some(),
    })
}

/// Returns a trigger with its settings, including defaults.
fn trigger(trigger: &Trigger) -> Value {
    match trigger {
        Trigger::Schedule(schedule) => json!({
            "kind": "schedule",
            "source": schedule.schedule.to_string(),
            "timezone": schedule.timezone,
            // The reader of the settings has written this JSON.
            "event": schedule.event.as_ref().and_then(|event| serde_json::from_str::<Value>(event).ok()),
        }),
        Trigger::Queue(queue) => json!({
            "kind": "queue",
            "source": queue.queue.as_str(),
            "batch_size": queue.batch_size,
            "batch_window": queue.batch_window,
            "partial_failures": queue.partial_failures,
            "max_receives": matches!(queue.queue, TriggerSource::Own(_)).then_some(queue.max_receives),
        }),
        Trigger::Bucket(bucket) => json!({
            "kind": "bucket",
            "source": bucket.bucket.as_str(),
            "prefix": bucket.prefix,
            "suffix": bucket.suffix,
            "events": bucket.events.iter().map(|event| event.as_str()).collect::<Vec<_>>(),
            "folder": bucket.folder(),
        }),
        Trigger::Topic(topic) => json!({
            "kind": "topic",
            "source": topic.topic.as_str(),
            "filter": topic.filter.as_ref().and_then(|filter| serde_json::from_str::<Value>(filter).ok()),
            "filter_scope": topic.filter_scope.as_str(),
        }),
        Trigger::Bus(bus) => json!({
            "kind": "bus",
            "source": bus.bus.as_str(),
            "pattern": serde_json::from_str::<Value>(&bus.pattern).ok(),
        }),
        Trigger::Stream(stream) => json!({
            "kind": stream.service.as_str(),
            "source": stream.source.as_str(),
            "batch_size": stream.batch_size,
            "batch_window": stream.batch_window,
            "partial_failures": stream.partial_failures,
            "starting_position": stream.starting_position.as_str(),
            "maximum_retry_attempts": stream.maximum_retry_attempts,
            "maximum_record_age": stream.maximum_record_age,
            "bisect_batch_on_function_error": stream.bisect_batch_on_function_error,
        }),
    }
}

/// Returns the settings of a function. Of environment variables, only the names: the values may be confidential.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_says_whether_its_url_needs_signatures() {
        let url_auth =
            |url, auth| endpoint(&FunctionSettings { url, auth, ..FunctionSettings::default() })["url_auth"].clone();
        assert_eq!(url_auth(None, Auth::None), "none");
        assert_eq!(url_auth(None, Auth::Iam), "iam");
        assert_eq!(url_auth(Some(false), Auth::Iam), Value::Null);
    }
}
