//! Manifests in the format of `cargo bedrock build`, and the files that they name.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// Contents of artifacts that are never unpacked.
const CONTENTS: &str = "no zip\n";
/// SHA-256 of the contents, in base64.
const DIGEST: &str = "mcFEaBRLg6l6jDYIrl4gRAZ4Ey2aDDlAo7MoXQOfwA0=";
/// SHA-256 of the contents, in hexadecimal.
const HEX: &str = "99c14468144b83a97a8c3608ae5e20440678132d9a0c3940a3b3285d039fc00d";

/// A manifest under construction.
#[derive(Debug, Clone)]
pub(crate) struct Manifest(Value);

impl Manifest {
    /// Returns an app without an endpoint. All workers are built and have default settings.
    pub(crate) fn with_workers(workers: &[&str]) -> Self {
        let workers: serde_json::Map<String, Value> =
            workers.iter().map(|name| ((*name).to_owned(), function(name))).collect();
        let manifest =
            json!({ "version": 1, "bedrock": "0.1.0", "app": "space", "profile": "release", "endpoint": null });
        Self(manifest).with("/workers", Value::Object(workers))
    }

    /// Adds an endpoint that calls these workers.
    pub(crate) fn with_endpoint(self, invokes: &[&str]) -> Self {
        let mut endpoint = function("endpoint");
        endpoint["language"] = json!("rust");
        endpoint["url_auth"] = json!("none");
        endpoint["invokes"] = json!(invokes);
        self.with("/endpoint", endpoint)
    }

    /// Sets the value at a JSON pointer. The last key may be new.
    pub(crate) fn with(mut self, pointer: &str, value: Value) -> Self {
        if let Some(target) = self.0.pointer_mut(pointer) {
            *target = value;
            return self;
        }
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        self.0.pointer_mut(parent).expect(pointer)[key] = value;
        self
    }

    pub(crate) fn get(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).expect(pointer)
    }

    /// Returns an endpoint and two workers that call each other, with all settings.
    pub(crate) fn three_functions() -> Self {
        let layer = json!({
            "name": "ranker", "path": "layers/ranker.zip", "sha256": HEX, "sha256_base64": DIGEST,
            "content_sha256": HEX, "bytes": 7, "unzipped_bytes": 7
        });
        Self::with_workers(&["fetcher", "ranker"])
            .with_endpoint(&["ranker", "fetcher", "fetcher"])
            .with("/workers/fetcher/invokes", json!(["ranker"]))
            .with("/workers/fetcher/environment", json!({ "GREETING": "hello" }))
            .with(
                "/workers/fetcher/secrets",
                json!({ "TOKEN": { "ssm": "/space/token" }, "KEY": { "secretsmanager": "key" } }),
            )
            .with("/workers/fetcher/on_failure", json!("arn:aws:sqs:us-east-1:123456789012:failed"))
            .with("/workers/fetcher/retries", json!(1))
            .with("/workers/fetcher/event_age", json!(120))
            .with("/workers/ranker/invokes", json!(["fetcher"]))
            .with("/workers/ranker/layers", json!(["arn:aws:lambda:us-east-1:123456789012:layer:fonts:3"]))
            .with("/workers/ranker/layer", layer)
            .with("/workers/ranker/recursion", json!("allow"))
    }

    /// Returns two workers with triggers of each kind. One is a destination of the other.
    pub(crate) fn triggers() -> Self {
        let queue = |name: &str, visibility: u64| {
            json!({
                "queue": name, "batch_size": 10, "batch_window": 0, "partial_failures": false, "max_receives": 4,
                "visibility_timeout": visibility
            })
        };
        let others = "arn:aws:sqs:us-east-1:123456789012:others";
        let mut jobs = queue("jobs", 185);
        jobs["batch_size"] = json!(20);
        jobs["batch_window"] = json!(5);
        jobs["partial_failures"] = json!(true);
        let fetcher = json!([
            { "schedule": "rate(5 minutes)", "timezone": "UTC", "event": null },
            jobs,
            { "bucket": "uploads", "prefix": "a/", "suffix": "", "events": ["created", "removed"] },
            { "schedule": "cron(0 9 * * ? *)", "timezone": "Europe/Berlin", "event": "{\"a\":\"<b>\"}" },
        ]);
        let ranker = json!([
            { "bucket": "uploads", "prefix": "b/", "suffix": "", "events": ["created"] },
            { "bucket": "arn:aws:s3:::theirs", "prefix": "", "suffix": ".png", "events": ["removed"] },
            queue(others, 180),
        ]);
        Self::with_workers(&["fetcher", "ranker"])
            .with("/version", json!(2))
            .with("/workers/fetcher/on_success", json!("ranker"))
            .with("/workers/fetcher/dead_letter", json!(others))
            .with("/workers/fetcher/triggers", fetcher)
            .with("/workers/ranker/triggers", ranker)
    }

    /// Returns a worker with subscriptions of topics, and rules of each kind of event bus.
    pub(crate) fn topics_and_buses() -> Self {
        let bus = |bus: &str| json!({ "bus": bus, "pattern": r#"{"source":["space"]}"# });
        let triggers = json!([
            { "topic": "alerts", "filter": r#"{"kind":["order"]}"#, "filter_scope": "body" },
            { "topic": "arn:aws:sns:us-east-1:123456789012:theirs", "filter": null, "filter_scope": "attributes" },
            bus("orders"), bus("default"), bus("arn:aws:events:us-east-1:123456789012:event-bus/theirs"),
        ]);
        Self::with_workers(&["fetcher"]).with("/version", json!(3)).with("/workers/fetcher/triggers", triggers)
    }

    /// Returns a worker that is invoked by a table and a stream of the app, and by a stream that exists.
    pub(crate) fn streams() -> Self {
        let stream = |kind: &str, name: &str, view_type: Option<&str>| {
            let mut stream = json!({
                "starting_position": "TRIM_HORIZON", "batch_size": 100, "batch_window": 0, "parallelization_factor": 1,
                "maximum_retry_attempts": -1, "maximum_record_age": -1, "bisect_batch_on_function_error": false,
                "tumbling_window": 0, "partial_failures": true, "on_failure": "arn:aws:s3:::failed-batches"
            });
            stream[kind] = json!(name);
            if let Some(view_type) = view_type {
                stream["stream_view_type"] = json!(view_type);
            }
            stream
        };
        let triggers = json!([
            stream("dynamodb", "orders", Some("NEW_IMAGE")),
            stream("kinesis", "clicks", None),
            stream("kinesis", "arn:aws:kinesis:us-east-1:123456789012:stream/theirs", None),
        ]);
        Self::uses().with("/workers/fetcher/triggers", triggers)
    }

    /// Returns a worker with a FIFO queue whose messages are filtered, and an endpoint that streams, with a CORS configuration.
    pub(crate) fn fifo_and_cors() -> Self {
        let queue = json!({
            "queue": "jobs.fifo", "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
            "visibility_timeout": 180, "content_based_deduplication": true, "maximum_concurrency": 2,
            "filters": [r#"{"body":{"kind":["a"]}}"#]
        });
        let cors = json!({
            "allow_credentials": true, "allow_headers": ["content-type"], "allow_methods": ["GET"],
            "allow_origins": ["https://{stage}.shop.example"], "expose_headers": [], "max_age": 300
        });
        Self::with_workers(&["fetcher"])
            .with("/version", json!(3))
            .with("/workers/fetcher/triggers", json!([queue]))
            .with_endpoint(&[])
            .with("/endpoint/cors", cors)
            .with("/endpoint/stream", json!(true))
    }

    /// Returns an endpoint with an HTTP API instead of a URL.
    pub(crate) fn http_api() -> Self {
        let api = json!({
            "routes": [
                { "key": "$default", "auth": "jwt", "scopes": ["read"] },
                { "key": "GET /health", "auth": "none", "scopes": [] },
                { "key": "ANY /admin/{path+}", "auth": "iam", "scopes": [] }
            ],
            "jwt": { "issuer": "https://login.example", "audience": ["shop"], "identity_source": "$request.header.Authorization" },
            "domain": { "name": "api.{stage}.shop.example", "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a" },
            "throttling": { "burst": 20, "rate": 10 }
        });
        let mut manifest = Self::with_workers(&["fetcher"])
            .with("/version", json!(3))
            .with_endpoint(&[])
            .with("/endpoint/http_api", api);
        manifest.0["endpoint"].as_object_mut().expect("an endpoint").remove("url_auth");
        manifest
    }

    /// Returns two workers with alarms. One has queues for dead letters, and fewer alarms in the stage `prod`.
    pub(crate) fn alarms() -> Self {
        let alarms = |notify: Option<&str>, throttles: Option<u64>| {
            json!({
                "notify": notify, "errors": 5, "throttles": throttles, "dead_letters": 1, "period": 60,
                "evaluation_periods": 3, "datapoints_to_alarm": 2
            })
        };
        Self::triggers()
            .with("/version", json!(3))
            .with("/workers/fetcher/alarms", alarms(Some("ops"), Some(1)))
            .with("/workers/ranker/alarms", alarms(Some("arn:aws:sns:us-east-1:123456789012:theirs"), None))
            .with("/workers/ranker/on_failure", json!("arn:aws:sqs:eu-west-1:123456789012:far"))
            .with(
                "/stages",
                json!({ "prod": { "fetcher": { "alarms": alarms(None, None) }, "ranker": { "alarms": null } } }),
            )
    }

    /// Returns two workers. One has all settings of Lambda, but not in the stage `prod`.
    pub(crate) fn lambda_settings() -> Self {
        let access_point = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0";
        let lambda = json!({
            "code_signing": "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0",
            "description": "fetches", "ephemeral_storage": 2048, "kms_key": "arn:aws:kms:us-east-1:123456789012:key/0a",
            "file_system": { "arn": access_point, "path": "/mnt/data" },
            "logging": { "format": "JSON", "level": "WARN", "system_level": "INFO", "group": "/shop/{stage}" },
            "provisioned_concurrency": 2, "runtime_management": { "mode": "FunctionUpdate", "version": null },
            "tags": { "team": "{stage}-media" }, "tracing": "Active",
            "vpc": { "subnets": ["subnet-1a", "subnet-2b"], "security_groups": ["sg-1"], "ipv6": false }
        });
        let schedule = json!([{ "schedule": "rate(5 minutes)", "timezone": "UTC", "event": null }]);
        Self::with_workers(&["fetcher", "ranker"])
            .with("/version", json!(3))
            .with("/workers/fetcher/environment", json!({ "MODE": "{stage}" }))
            .with("/workers/fetcher/secrets", json!({ "TOKEN": { "ssm": "/space/{stage}/token" } }))
            .with("/workers/fetcher/lambda", lambda)
            .with("/workers/fetcher/triggers", schedule)
            .with("/stages", json!({ "prod": { "fetcher": { "memory": 2048, "lambda": null, "triggers": null } } }))
    }

    /// Returns two workers that use a table of the app, and other resources.
    pub(crate) fn uses() -> Self {
        let used = |kind: &str, name: &str, arn: Option<&str>, value: Option<&str>, actions: &[&str]| {
            json!({
                "kind": kind, "name": name, "access": "x", "is_of_app": kind != "secret", "arn": arn,
                "grants": [{ "actions": actions, "suffixes": [if kind == "bucket" { "/*" } else { "" }] }],
                "variable": format!("SPACE_{}", kind.to_uppercase()), "value": value
            })
        };
        let table = "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}orders";
        let topic = "arn:{partition}:sns:{region}:{account}:{prefix}alerts";
        let bus = "arn:{partition}:events:{region}:{account}:event-bus/{prefix}orders";
        let queue = "arn:{partition}:sqs:{region}:{account}:{prefix}jobs";
        let secret = "arn:{partition}:secretsmanager:{region}:{account}:secret:{stage}/stripe-??????";
        let mut with_key = used("table", "orders", Some(table), Some("{prefix}orders"), &["dynamodb:PutItem"]);
        with_key["key"] = json!({ "partition": { "name": "id", "type": "S" }, "sort": { "name": "at", "type": "N" } });
        let fetcher = json!([
            used("table", "orders", Some(table), Some("{prefix}orders"), &["dynamodb:GetItem"]),
            used("bucket", "pictures", None, None, &["s3:PutObject"]),
            used("queue", "jobs", Some(queue), None, &["sqs:SendMessage"]),
            used("topic", "alerts", Some(topic), Some(topic), &["sns:Publish"]),
            used("bus", "orders", Some(bus), Some("{prefix}orders"), &["events:PutEvents"]),
            used("secret", "{stage}/stripe", Some(secret), Some("{stage}/stripe"), &["secretsmanager:GetSecretValue"]),
            { "statement": { "Action": ["ses:SendEmail"], "Resource": ["*"] } }
        ]);
        let trigger = json!([{ "bucket": "uploads", "prefix": "in/", "suffix": ".png", "events": ["created"] }]);
        Self::with_workers(&["fetcher", "ranker"])
            .with("/version", json!(3))
            .with("/workers/fetcher/uses", fetcher)
            .with("/workers/ranker/uses", json!([with_key]))
            .with("/workers/ranker/triggers", trigger)
    }

    /// Returns three workers, of which `fetcher` in Python and `settler` in Rust are durable.
    pub(crate) fn durable() -> Self {
        Self::with_workers(&["fetcher", "ranker", "settler"])
            .with("/version", json!(4))
            .with("/workers/settler/language", json!("rust"))
            .with("/workers/settler/runtime", json!("provided.al2023"))
            .with("/workers/settler/handler", json!("bootstrap"))
            .with("/workers/settler/durable", json!({ "timeout": 600, "retention": 1 }))
            .with("/workers/fetcher/durable", json!({ "timeout": 86_400, "retention": 14 }))
            .with("/stages", json!({ "prod": { "fetcher": { "durable": { "timeout": 3600, "retention": 1 } } } }))
    }

    /// Returns sixty workers with long names. The endpoint calls all of them, and the last one calls the first.
    pub(crate) fn sixty_workers() -> Self {
        let names: Vec<String> =
            (1..=60).map(|number| format!("a_worker_with_a_rather_long_name_{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pointer = format!("/workers/{}/invokes", names[59]);
        Self::with_workers(&names).with_endpoint(&names).with(&pointer, json!([names[0]]))
    }

    /// Writes the manifest, and the files that it names unless they exist.
    pub(crate) fn write(&self, path: &Path) {
        let folder = path.parent().expect("a folder");
        fs::create_dir_all(folder).expect("a folder");
        fs::write(path, self.0.to_string()).expect("the manifest");
        let workers = self.0["workers"].as_object().into_iter().flat_map(serde_json::Map::values);
        let artifacts =
            workers.chain([&self.0["endpoint"]]).flat_map(|function| [&function["code"], &function["layer"]]);
        for artifact in artifacts.filter_map(|artifact| artifact["path"].as_str()) {
            let file = folder.join(artifact);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            if !file.exists() {
                fs::write(file, CONTENTS).expect("an artifact");
            }
        }
    }
}

#[test]
fn manifests_of_these_tests_match_the_schema() {
    let schema = serde_json::from_str(include_str!("../../../docs/schema/manifest.v1.json")).expect("JSON");
    let schema = jsonschema::draft202012::new(&schema).expect("a schema");
    // Without the repeated worker, which the schema does not allow.
    let three_functions = Manifest::three_functions().with("/endpoint/invokes", json!(["fetcher", "ranker"]));
    for manifest in [
        three_functions,
        Manifest::sixty_workers(),
        Manifest::triggers().with_endpoint(&["fetcher"]),
        Manifest::lambda_settings().with_endpoint(&[]),
        Manifest::durable().with_endpoint(&[]),
        Manifest::fifo_and_cors(),
        Manifest::http_api(),
        Manifest::alarms().with_endpoint(&[]),
    ] {
        let errors: Vec<_> =
            schema.iter_errors(&manifest.0).map(|error| format!("{error} at `{}`", error.instance_path())).collect();
        assert_eq!(errors, [""; 0]);
    }
}

fn function(name: &str) -> Value {
    json!({
        "name": name, "language": "python", "runtime": "python3.13", "handler": "main.handler",
        "architecture": "x86_64", "memory": 256, "timeout": 30, "environment": {}, "secrets": {}, "invokes": [],
        "retries": 2, "event_age": 21600, "on_failure": null, "recursion": "terminate", "concurrency": null,
        "log_retention": 30, "layers": [], "layer": null,
        "code": {
            "path": format!("workers/{name}.zip"), "sha256": HEX, "sha256_base64": DIGEST, "content_sha256": HEX,
            "bytes": 7, "unzipped_bytes": 7
        }
    })
}
