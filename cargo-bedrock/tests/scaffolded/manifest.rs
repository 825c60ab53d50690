//! The manifest of a real build, compared with its schema and read by Terraform.

use std::fs;
use std::process::{Command, Stdio};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::test_app::TestApp;

const SETTINGS: &str = r#"
[package.metadata.bedrock.endpoint]
auth = "iam"

[package.metadata.bedrock.workers.counter]
concurrency = 2
env = { MODE = "fast", TOKEN = { ssm = "/shop/token" }, KEY = { secretsmanager = "key" } }
event-age = 120
layers = ["arn:aws:lambda:us-east-1:123456789012:layer:fonts:3"]
on-failure = "arn:aws:sqs:us-east-1:123456789012:failed"
recursion = "allow"
retries = 1

[package.metadata.bedrock.workers.reporter]
dead-letter = "arn:aws:sns:us-east-1:123456789012:dead"
on-failure = "counter"
on-success = "arn:aws:events:us-east-1:123456789012:event-bus/done"
timeout = 10
triggers = [
    { schedule = "rate(1 hour)", timezone = "Europe/Berlin", event = { full = true } },
    { schedule = "at(2199-12-24T09:00:00)" },
    { queue = "jobs", batch-size = 20, batch-window = 5, partial-failures = true, max-receives = 4 },
    { queue = "arn:aws:sqs:us-east-1:123456789012:others" },
    { bucket = "uploads", prefix = "images/", suffix = ".png", events = ["created", "removed"] },
    { bucket = "arn:aws:s3:::others" },
]
"#;

const LAMBDA_SETTINGS: &str = r#"
ephemeral-storage = 1024
lambda = { TenancyConfig = { TenantIsolationMode = "PER_TENANT" } }
log-format = "json"
log-level = "warn"
tags = { team = "{stage}" }
uses = [
    { table = "orders", access = "read", key = "id" },
    { statement = { Action = ["ses:SendEmail"], Resource = ["*"] } },
]
"#;

const CORS_SETTINGS: &str = r#"
cors = { allow-origins = ["https://{stage}.shop.example"], allow-methods = ["GET"], max-age = 300 }
stream = true
"#;

const STAGE_SETTINGS: &str = r#"
[package.metadata.bedrock.stages.prod.workers.counter]
memory = 1024
env.MODE = "slow"

[package.metadata.bedrock.stages.prod.workers.reporter]
triggers = [
    { queue = "jobs.fifo", content-based-deduplication = true, maximum-concurrency = 5, filters = [{ body = { n = [{ numeric = [">", 1] }] } }] },
]
"#;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/schema/manifest.v1.json")).expect("JSON")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).expect("a schema")
}

/// Returns the schema, changed to allow no additional keys.
fn closed_schema() -> Value {
    let mut schema = schema();
    for pointer in [
        "",
        "/$defs/endpoint",
        "/$defs/worker",
        "/$defs/function/properties/code/anyOf/0",
        "/$defs/layer",
        "/$defs/cors",
    ] {
        schema.pointer_mut(pointer).expect(pointer)["unevaluatedProperties"] = json!(false);
    }
    schema
}

fn validation_errors(schema: &Value, manifest: &Value) -> Vec<String> {
    let validator = validator(schema);
    validator.iter_errors(manifest).map(|error| format!("{error} at `{}`", error.instance_path())).collect()
}

/// Creates and builds an app with a worker in each language. Returns it with its manifest.
fn built_app() -> (TestApp, Value) {
    let app = TestApp::compilable();
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    let cargo_toml = fs::read_to_string(app.path("Cargo.toml")).expect("the manifest of cargo");
    app.write("Cargo.toml", &(cargo_toml + SETTINGS));
    let output = app.bedrock(&["build"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let text = fs::read_to_string(app.path("target/bedrock/manifest.json")).expect("the manifest");
    (app, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn manifest_matches_its_schema_and_terraform() {
    let (app, manifest) = built_app();
    assert_eq!(validation_errors(&closed_schema(), &manifest), [""; 0], "{manifest:#}");
    assert!(manifest["workers"]["counter"]["layer"].is_object() && manifest["workers"]["reporter"]["layer"].is_null());
    check_triggers(&manifest);
    check_invalid_manifests(&manifest);
    check_terraform(&app, &manifest);
    check_stages_and_uses(&app);
    check_durable(&app);
}

/// Adds settings that only version 3 of the manifest can express, and builds again.
fn check_stages_and_uses(app: &TestApp) {
    let cargo_toml = fs::read_to_string(app.path("Cargo.toml")).expect("the manifest of cargo");
    let cargo_toml = cargo_toml.replace("concurrency = 2\n", &format!("concurrency = 2\n{LAMBDA_SETTINGS}"));
    let cargo_toml = cargo_toml.replace("auth = \"iam\"\n", &format!("auth = \"iam\"\n{CORS_SETTINGS}"));
    app.write("Cargo.toml", &(cargo_toml + STAGE_SETTINGS));
    let output = app.bedrock(&["build"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let text = fs::read_to_string(app.path("target/bedrock/manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(validation_errors(&closed_schema(), &manifest), [""; 0], "{manifest:#}");
    assert_eq!(manifest["version"], 3);
    let counter = &manifest["workers"]["counter"];
    assert_eq!(
        counter["lambda"],
        json!({
            "ephemeral_storage": 1024, "members": { "TenancyConfig": { "TenantIsolationMode": "PER_TENANT" } },
            "logging": { "format": "JSON", "level": "WARN", "system_level": "INFO", "group": null },
            "tags": { "team": "{stage}" }
        })
    );
    let app_variable = counter["uses"][0]["variable"].as_str().expect("a variable");
    assert!(app_variable.ends_with("_TABLE_ORDERS"), "{app_variable}");
    assert_eq!(counter["uses"][0]["arn"], "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}orders");
    assert_eq!(counter["uses"][0]["key"], json!({ "partition": { "name": "id", "type": "S" }, "sort": null }));
    assert_eq!(counter["uses"][1], json!({ "statement": { "Action": ["ses:SendEmail"], "Resource": ["*"] } }));
    assert_eq!(
        manifest["endpoint"]["cors"],
        json!({
            "allow_credentials": false, "allow_headers": [], "allow_methods": ["GET"],
            "allow_origins": ["https://{stage}.shop.example"], "expose_headers": [], "max_age": 300
        })
    );
    let environment = json!({ "BEDROCK_INVOKE_MODE": "RESPONSE_STREAM" });
    assert_eq!((&manifest["endpoint"]["stream"], &manifest["endpoint"]["environment"]), (&json!(true), &environment));
    assert_eq!(
        manifest["stages"],
        json!({ "prod": {
            "counter": { "memory": 1024, "environment": { "MODE": "slow" } },
            "reporter": { "triggers": [{
                "queue": "jobs.fifo", "batch_size": 10, "batch_window": 0, "partial_failures": false, "max_receives": 5,
                "visibility_timeout": 60, "content_based_deduplication": true, "maximum_concurrency": 5,
                "filters": [r#"{"body":{"n":[{"numeric":[">",1]}]}}"#]
            }] }
        } })
    );
}

/// Makes a worker durable, which only version 4 of the manifest can express, and builds again.
fn check_durable(app: &TestApp) {
    let durable = "concurrency = 2\ndurable = { timeout = \"30d\" }\nruntime = \"python3.12\"\n";
    app.edit("Cargo.toml", "concurrency = 2\n", durable);
    insta::assert_snapshot!(app.bedrock(&["build"]).stderr, @r#"
    error: worker `counter` is durable, and Lambda has no durable functions for `python3.12`
      caused by: AWS documents them for Python 3.13, Node.js 22 and `provided.al2023`, and newer ones, among the runtimes of workers
    help: set `runtime = "python3.13"` in `[package.metadata.bedrock.workers.counter]` in `Cargo.toml`
    help: the list is in https://docs.aws.amazon.com/lambda/latest/dg/durable-supported-runtimes.html
    "#);
    app.edit("Cargo.toml", "runtime = \"python3.12\"\n", "");
    let stage =
        "\n[package.metadata.bedrock.stages.dev.workers.counter]\ndurable = { timeout = \"1h\", retention = \"1d\" }\n";
    app.append("Cargo.toml", stage);
    let output = app.bedrock(&["build", "--worker=counter"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let text = fs::read_to_string(app.path("target/bedrock/manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(validation_errors(&closed_schema(), &manifest), [""; 0], "{manifest:#}");
    assert_eq!(manifest["version"], 4);
    assert_eq!(manifest["workers"]["counter"]["durable"], json!({ "timeout": 2_592_000, "retention": 14 }));
    assert!(manifest["workers"]["reporter"].get("durable").is_none());
    let of_stage = &manifest["stages"]["dev"]["counter"];
    assert_eq!(of_stage, &json!({ "durable": { "timeout": 3600, "retention": 1 } }));
}

fn check_triggers(manifest: &Value) {
    assert_eq!(manifest["version"], 2);
    let reporter = &manifest["workers"]["reporter"];
    assert_eq!(
        json!([reporter["on_failure"], reporter["on_success"], reporter["dead_letter"]]),
        json!([
            "counter",
            "arn:aws:events:us-east-1:123456789012:event-bus/done",
            "arn:aws:sns:us-east-1:123456789012:dead"
        ])
    );
    assert_eq!(
        reporter["triggers"],
        json!([
            { "schedule": "rate(1 hour)", "timezone": "Europe/Berlin", "event": "{\"full\":true}" },
            { "schedule": "at(2199-12-24T09:00:00)", "timezone": "UTC", "event": null },
            {
                "queue": "jobs", "batch_size": 20, "batch_window": 5, "partial_failures": true, "max_receives": 4,
                "visibility_timeout": 65
            },
            {
                "queue": "arn:aws:sqs:us-east-1:123456789012:others", "batch_size": 10, "batch_window": 0,
                "partial_failures": false, "max_receives": 5, "visibility_timeout": 60
            },
            { "bucket": "uploads", "prefix": "images/", "suffix": ".png", "events": ["created", "removed"] },
            { "bucket": "arn:aws:s3:::others", "prefix": "", "suffix": "", "events": ["created"] }
        ])
    );
    assert!(manifest["workers"]["counter"].get("triggers").is_none());
}

fn check_invalid_manifests(manifest: &Value) {
    let mut newer = manifest.clone();
    newer["made_on"] = json!("a Tuesday");
    newer["workers"]["counter"]["tmp"] = json!(512);
    assert_eq!(validation_errors(&schema(), &newer), [""; 0]);
    assert_eq!(validation_errors(&closed_schema(), &newer).len(), 2);
    for (pointer, value) in [
        ("/version", json!(5)),
        ("/endpoint", json!(null)),
        ("/endpoint/name", json!("api")),
        ("/endpoint/url_auth", json!("open")),
        ("/workers/counter/name", json!("endpoint")),
        ("/workers/counter/code/path", json!("/workers/counter.zip")),
        ("/workers/counter/code/sha256_base64", json!("")),
        ("/workers/counter/layer/name", json!(null)),
        ("/workers/counter/secrets/TOKEN", json!("the secret itself")),
        ("/workers/counter/secrets/TOKEN", json!({ "ssm": "/shop/token", "secretsmanager": "token" })),
        ("/workers/counter/invokes", json!(["endpoint"])),
        ("/workers/counter/timeout", json!(1_801)),
        ("/workers/counter/architecture", json!("aarch64")),
        ("/workers/reporter/triggers", json!([])),
        ("/workers/reporter/triggers/0/schedule", json!("hourly")),
        ("/workers/reporter/triggers/2/batch_size", json!(0)),
        ("/workers/reporter/triggers/4/events", json!(["renamed"])),
        ("/workers/reporter/dead_letter", json!("arn:aws:s3:::dead")),
    ] {
        let mut other = manifest.clone();
        *other.pointer_mut(pointer).expect(pointer) = value;
        assert_ne!(validation_errors(&schema(), &other), [""; 0], "{pointer}");
    }
    for key in manifest["workers"]["counter"].as_object().expect("a worker").keys() {
        let mut other = manifest.clone();
        other["workers"]["counter"].as_object_mut().expect("a worker").remove(key);
        assert_ne!(validation_errors(&schema(), &other), [""; 0], "without {key}");
    }
}

/// Does nothing without Terraform. In CI, `tests/terraform` fails in that case.
fn check_terraform(app: &TestApp, manifest: &Value) {
    let terraform = |arguments: &[&str]| {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(app.path("terraform/manifest")).stdin(Stdio::null());
        command.env("CHECKPOINT_DISABLE", "1").output()
    };
    if terraform(&["version"]).is_err() {
        return; // Terraform is not installed
    }
    let run = |arguments: &[&str]| {
        let output = terraform(arguments).expect("Terraform starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    run(&["init", "-input=false"]);
    let stage_variables =
        ["-var=stage=dev", "-var=partition=aws", "-var=region=us-east-1", "-var=account=123456789012"];
    let path = "-var=path=../../target/bedrock/manifest.json";
    run(&[&["plan", "-input=false", "-out=tfplan", path][..], &stage_variables].concat());
    let plan: Value = serde_json::from_slice(&run(&["show", "-json", "tfplan"])).expect("JSON");
    let functions = &plan["planned_values"]["outputs"]["functions"]["value"];
    assert_eq!(names(functions), Some(["counter", "endpoint", "greeter", "reporter"].map(str::to_owned).to_vec()));
    for name in ["counter", "endpoint", "greeter", "reporter"] {
        let function = if name == "endpoint" { &manifest["endpoint"] } else { &manifest["workers"][name] };
        // Values that are passed on unchanged.
        for key in [
            "architecture",
            "concurrency",
            "event_age",
            "handler",
            "layers",
            "log_retention",
            "memory",
            "recursion",
            "retries",
            "runtime",
            "timeout",
        ] {
            assert_eq!(functions[name][key], function[key], "{key} of {name}");
        }
        for key in ["code", "layer"] {
            assert_eq!(functions[name][key]["sha256_base64"], function[key]["sha256_base64"], "{key} of {name}");
        }
    }
    check_terraform_triggers(&plan["planned_values"]["outputs"], manifest);
    assert_eq!(functions["endpoint"]["url_auth"], "iam");
    assert_eq!(functions["counter"]["layer"]["name"], "shop-dev-counter");
    assert_eq!(
        plan["planned_values"]["outputs"]["secrets"]["value"]["counter"],
        json!({ "KEY": "secretsmanager:key", "TOKEN": "ssm:/shop/token" })
    );
    assert_eq!(functions["endpoint"]["environment"], endpoint_environment());
}

fn endpoint_environment() -> Value {
    json!({
        "SHOP_BUCKET_OTHERS": "others",
        "SHOP_BUCKET_UPLOADS": "shop-dev-uploads-123456789012-us-east-1",
        "SHOP_QUEUE_URL_JOBS": "https://sqs.us-east-1.amazonaws.com/123456789012/shop-dev-jobs",
        "SHOP_QUEUE_URL_OTHERS": "https://sqs.us-east-1.amazonaws.com/123456789012/others",
        "SHOP_WORKER_ARN_GREETER": "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-greeter:live",
    })
}

fn names(functions: &Value) -> Option<Vec<String>> {
    functions.as_object().map(|functions| functions.keys().cloned().collect())
}

fn check_terraform_triggers(outputs: &Value, manifest: &Value) {
    let functions = &outputs["functions"]["value"];
    assert_eq!(functions["counter"]["on_failure"], manifest["workers"]["counter"]["on_failure"]);
    let counter = functions["counter"]["arn"].as_str().expect("an ARN");
    assert_eq!(functions["reporter"]["on_failure"], format!("{counter}:live"));
    for key in ["on_success", "dead_letter"] {
        assert_eq!(functions["reporter"][key], manifest["workers"]["reporter"][key]);
        assert_eq!(functions["counter"][key], json!(null));
    }
    let created = ["schedules", "mappings", "queues", "buckets"].map(|output| names(&outputs[output]["value"]));
    assert_eq!(
        created.map(Option::unwrap_or_default),
        [
            vec!["reporter-1", "reporter-2"],
            vec!["arn:aws:sqs:us-east-1:123456789012:others", "jobs"],
            vec!["jobs"],
            vec!["arn:aws:s3:::others", "uploads"]
        ]
    );
}
