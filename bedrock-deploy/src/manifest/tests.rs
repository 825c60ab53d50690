//! What a stage replaces in a manifest.

use serde_json::{Value, json};

use super::{Manifest, SecretRef};

fn manifest(worker: &Value, stages: &Value) -> Value {
    let mut entry = json!({
        "runtime": "python3.13", "handler": "x", "architecture": "x86_64", "memory": 256, "timeout": 30,
        "environment": {}, "secrets": {}, "invokes": [], "retries": 2, "event_age": 21600, "on_failure": null,
        "recursion": "terminate", "concurrency": null, "log_retention": 30, "layers": [], "code": null, "layer": null
    });
    for (key, value) in worker.as_object().into_iter().flatten() {
        entry[key] = value.clone();
    }
    json!({
        "version": 3, "app": "shop", "profile": "release", "endpoint": null, "workers": { "counter": entry },
        "stages": stages
    })
}

fn in_stage(manifest: &Value, stage: &str) -> super::ManifestEntry {
    Manifest::parse(&manifest.to_string(), stage).expect("a manifest").workers["counter"].clone()
}

#[test]
fn stage_replaces_whole_keys() {
    let base = json!({ "memory": 256, "lambda": { "tracing": "Active" }, "environment": { "A": "1" } });
    let stages = json!({ "prod": { "counter": { "memory": 2048, "lambda": null, "environment": { "B": "2" } } } });
    let manifest = manifest(&base, &stages);
    let dev = in_stage(&manifest, "dev");
    let prod = in_stage(&manifest, "prod");
    assert_eq!((dev.memory, prod.memory), (256, 2_048));
    assert_eq!((dev.lambda.tracing.as_deref(), prod.lambda.tracing.as_deref()), (Some("Active"), None));
    assert_eq!(prod.environment.into_iter().collect::<Vec<_>>(), [("B".to_owned(), "2".to_owned())]);
}

#[test]
fn placeholder_is_replaced_in_names_and_not_in_variables() {
    let base = json!({
        "environment": { "A": "{stage}" }, "secrets": { "TOKEN": { "ssm": "/shop/{stage}/token" } },
        "on_failure": "arn:aws:sqs:eu-west-1:1:{stage}-failed", "lambda": { "tags": { "stage": "{stage}" } },
        "triggers": [{ "schedule": "rate(1 day)", "timezone": "UTC", "event": "{stage}" }]
    });
    let entry = in_stage(&manifest(&base, &json!({})), "pr-7");
    assert_eq!(entry.environment["A"], "{stage}");
    assert_eq!(entry.secrets["TOKEN"], SecretRef::Ssm("/shop/pr-7/token".to_owned()));
    assert_eq!(entry.on_failure.as_deref(), Some("arn:aws:sqs:eu-west-1:1:pr-7-failed"));
    assert_eq!(entry.lambda.tags["stage"], "pr-7");
    assert!(format!("{:?}", entry.triggers).contains("{stage}"));
}

#[test]
fn durable_worker_has_its_configuration_in_each_stage() {
    let base = json!({ "durable": { "timeout": 86_400, "retention": 14 } });
    let stages = json!({ "dev": { "counter": { "durable": { "timeout": 3600, "retention": 1 } } } });
    let manifest = manifest(&base, &stages);
    let durable = |stage: &str| in_stage(&manifest, stage).durable.map(|config| (config.timeout, config.retention));
    assert_eq!((durable("dev"), durable("prod")), (Some((3600, 1)), Some((86_400, 14))));
}

#[test]
fn manifests_of_unknown_versions_are_refused() {
    let mut newer = manifest(&json!({}), &json!({}));
    newer["version"] = json!(5);
    let error = Manifest::parse(&newer.to_string(), "dev").expect_err("newer");
    assert!(format!("{error:?}").contains("its version is 5, the supported versions are 1, 2, 3 and 4"), "{error:?}");
}
