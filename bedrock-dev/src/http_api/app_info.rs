//! The app as the API describes it: name, URL, functions with their settings, and the calls between them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bedrock_build::contract::{self, describe, type_text};
use bedrock_build::settings::Auth;
use bedrock_build::triggers::{Trigger, TriggerSource};
use bedrock_build::uses::{KeyAttribute, UsedResource, used_resources};
use bedrock_build::{App, Destination, FunctionSettings, Worker};
use bedrock_local::event_sources::ResourceNames;
use bedrock_local::function_arn;
use serde::Serialize;
use serde_json::{Value, json};

/// The part of the app's description that does not change while the server runs.
pub(super) struct AppInfo {
    pub(super) name: String,
    /// `http://127.0.0.1:PORT`
    pub(super) url: String,
    pub(super) endpoint: Value,
    pub(super) workers: Vec<WorkerInfo>,
    /// What functions use, by the setting `uses`.
    pub(super) resources: Vec<Value>,
    /// What invokes workers besides calls.
    pub(super) triggers: Vec<Value>,
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
        let names = TriggerNames::new(app);
        Self {
            resources: resources(app),
            triggers: triggers(app),
            name: app.name.to_string(),
            url,
            endpoint: endpoint(&app.settings.endpoint),
            workers: app
                .workers
                .iter()
                .map(|one| WorkerInfo { description: worker(one, &names), folder: app.root.join(&one.dir) })
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

/// Returns the resources of all functions, with the keys of `cargo bedrock graph --format json`, and how functions find them.
fn resources(app: &App) -> Vec<Value> {
    let workers = app.workers.iter().map(|worker| (worker.name.as_str(), &worker.settings));
    let functions = std::iter::once(("endpoint", &app.settings.endpoint)).chain(workers);
    let resource = |from: &str, UsedResource { used, access }: UsedResource<'_>| {
        let key = used.key.as_ref().map(|key| {
            let attributes = [Some(&key.partition), key.sort.as_ref()];
            let described = |attribute: &KeyAttribute| format!("{} ({})", attribute.name, attribute.kind);
            attributes.into_iter().flatten().map(described).collect::<Vec<_>>()
        });
        json!({
            "from": from,
            "kind": used.kind.as_str(),
            "name": used.name,
            "access": access,
            "variable": used.variable(&app.name),
            "key": key,
        })
    };
    let all = functions.flat_map(|(from, settings)| {
        let used = used_resources(settings.uses.as_deref().unwrap_or_default());
        used.into_iter().map(move |used| resource(from, used)).collect::<Vec<_>>()
    });
    all.collect()
}

/// Returns what invokes workers, with the keys of `cargo bedrock graph --format json`.
fn triggers(app: &App) -> Vec<Value> {
    let of_worker = |worker: &Worker| {
        let triggers: BTreeSet<(&str, String)> = worker.settings.triggers.iter().map(Trigger::kind_and_name).collect();
        let edge = |(kind, name): (&str, String)| json!({ "kind": kind, "name": name, "to": worker.name.as_str() });
        triggers.into_iter().map(edge).collect::<Vec<_>>()
    };
    app.workers.iter().flat_map(of_worker).collect()
}

/// The names of what invokes workers, as dev events of the kind `trigger` have them.
struct TriggerNames {
    app: String,
    region: String,
    account: String,
}

impl TriggerNames {
    fn new(app: &App) -> Self {
        let any = function_arn("any");
        let mut parts = any.split(':').skip(3).map(str::to_owned);
        let region = parts.next().unwrap_or_default();
        let account = parts.next().unwrap_or_default();
        Self { app: app.name.to_string(), region, account }
    }

    fn of(&self, trigger: &Trigger) -> String {
        let names = ResourceNames { app: &self.app, region: &self.region, account: &self.account };
        match trigger {
            Trigger::Schedule(schedule) => schedule.schedule.to_string(),
            Trigger::Queue(queue) => names.queue_name(&queue.queue),
            Trigger::Bucket(bucket) => names.bucket_name(&bucket.bucket),
            Trigger::Topic(topic) => names.queue_name(&topic.topic),
            Trigger::Bus(bus) => names.bus_name(&bus.bus),
            Trigger::Stream(stream) => names.stream_name(stream),
        }
    }
}

fn worker(worker: &Worker, names: &TriggerNames) -> Value {
    let trigger = |one: &Trigger| {
        let mut described = trigger(one);
        described["local_name"] = names.of(one).into();
        described
    };
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
            "maximum_concurrency": queue.maximum_concurrency,
            "filters": patterns(&queue.filters),
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
            "on_failure": stream.on_failure,
            "filters": patterns(&stream.filters),
        }),
    }
}

/// Returns event patterns, which the reader of the settings has written as JSON. `Value::Null` if there are none.
fn patterns(texts: &[String]) -> Value {
    let patterns: Vec<Value> = texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
    if patterns.is_empty() { Value::Null } else { patterns.into() }
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
    fn resources_and_triggers_have_the_keys_of_the_graph() {
        let dir = tempfile::tempdir().expect("a folder");
        let manifest = "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n\
            endpoint.uses = [{ queue = 'jobs', access = 'send' }]\n\
            workers.one = { uses = [{ table = 'orders', access = 'write' }, { table = 'orders', access = 'read', key = 'id' }], \
            triggers = [{ queue = 'jobs', filters = [{ body = { a = [1] } }] }, { dynamodb = 'orders' }, { schedule = 'rate(1 day)' }] }\n";
        std::fs::write(dir.path().join("Cargo.toml"), manifest).expect("a file");
        std::fs::create_dir_all(dir.path().join("workers/one")).expect("a folder");
        std::fs::write(dir.path().join("workers/one/main.py"), "").expect("a file");
        let app = App::open(dir.path()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let info = AppInfo::new(&app, String::new());
        assert_eq!(
            info.resources,
            [
                json!({ "from": "endpoint", "kind": "queue", "name": "jobs", "access": ["send"],
                        "variable": "SHOP_QUEUE_URL_JOBS", "key": null }),
                json!({ "from": "one", "kind": "table", "name": "orders", "access": ["read", "write"],
                        "variable": "SHOP_TABLE_ORDERS", "key": ["id (S)"] }),
            ]
        );
        assert_eq!(
            info.triggers,
            [
                json!({ "kind": "queue", "name": "jobs", "to": "one" }),
                json!({ "kind": "schedule", "name": "rate(1 day)", "to": "one" }),
                json!({ "kind": "table", "name": "orders", "to": "one" }),
            ]
        );
        let triggers = &info.workers[0].describe()["triggers"];
        let names: Vec<_> = triggers.as_array().into_iter().flatten().map(|one| one["local_name"].clone()).collect();
        assert_eq!(names, ["shop-local-jobs", "shop-local-orders", "rate(1 day)"]);
        assert_eq!(triggers[0]["filters"], json!([{ "body": { "a": [1] } }]));
    }

    #[test]
    fn endpoint_says_whether_its_url_needs_signatures() {
        let url_auth =
            |url, auth| endpoint(&FunctionSettings { url, auth, ..FunctionSettings::default() })["url_auth"].clone();
        assert_eq!(url_auth(None, Auth::None), "none");
        assert_eq!(url_auth(None, Auth::Iam), "iam");
        assert_eq!(url_auth(Some(false), Auth::Iam), Value::Null);
    }
}
