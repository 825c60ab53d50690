//! The manifest of a real build, before its schema and before the Terraform that reads it.

use std::fs;
use std::process::{Command, Stdio};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::app::App;

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
"#;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/schema/manifest.v1.json")).expect("JSON")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).expect("a schema")
}

/// The same schema, which takes no key that it does not list.
fn closed() -> Value {
    let mut schema = schema();
    for pointer in ["", "/$defs/endpoint", "/$defs/worker", "/$defs/function/properties/code/anyOf/0", "/$defs/layer"] {
        schema.pointer_mut(pointer).expect(pointer)["unevaluatedProperties"] = json!(false);
    }
    schema
}

fn faults(schema: &Value, manifest: &Value) -> Vec<String> {
    let validator = validator(schema);
    validator.iter_errors(manifest).map(|error| format!("{error} at `{}`", error.instance_path())).collect()
}

/// An app with a worker in each language, built; and its manifest.
fn built() -> (App, Value) {
    let app = App::new();
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    let cargo_toml = fs::read_to_string(app.path("Cargo.toml")).expect("the manifest of cargo");
    app.write("Cargo.toml", &(cargo_toml + SETTINGS));
    let answer = app.bedrock(&["build"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let text = fs::read_to_string(app.path("target/bedrock/manifest.json")).expect("the manifest");
    (app, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn the_manifest_of_a_build_is_as_its_schema_says_and_what_the_app_s_terraform_reads() {
    let (app, manifest) = built();
    assert_eq!(faults(&closed(), &manifest), [""; 0], "{manifest:#}");
    assert!(manifest["workers"]["counter"]["layer"].is_object() && manifest["workers"]["reporter"]["layer"].is_null());
    the_schema_refuses_what_is_no_manifest(&manifest);
    terraform_reads(&app, &manifest);
}

fn the_schema_refuses_what_is_no_manifest(manifest: &Value) {
    let mut newer = manifest.clone();
    newer["made_on"] = json!("a Tuesday");
    newer["workers"]["counter"]["tmp"] = json!(512);
    assert_eq!(faults(&schema(), &newer), [""; 0]);
    assert_eq!(faults(&closed(), &newer).len(), 2);
    for (pointer, value) in [
        ("/version", json!(2)),
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
        ("/workers/counter/timeout", json!(901)),
        ("/workers/counter/architecture", json!("aarch64")),
    ] {
        let mut other = manifest.clone();
        *other.pointer_mut(pointer).expect(pointer) = value;
        assert_ne!(faults(&schema(), &other), [""; 0], "{pointer}");
    }
    for key in manifest["workers"]["counter"].as_object().expect("a worker").keys() {
        let mut other = manifest.clone();
        other["workers"]["counter"].as_object_mut().expect("a worker").remove(key);
        assert_ne!(faults(&schema(), &other), [""; 0], "without {key}");
    }
}

/// Skipped where Terraform is not installed; `tests/terraform` fails in CI if it is not.
fn terraform_reads(app: &App, manifest: &Value) {
    let terraform = |arguments: &[&str]| {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(app.path("terraform/manifest")).stdin(Stdio::null());
        command.env("CHECKPOINT_DISABLE", "1").output()
    };
    if terraform(&["version"]).is_err() {
        return; // without `terraform` there is nobody to read it
    }
    let read = |arguments: &[&str]| {
        let output = terraform(arguments).expect("Terraform starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    read(&["init", "-input=false"]);
    let place = ["-var=stage=dev", "-var=partition=aws", "-var=region=us-east-1", "-var=account=123456789012"];
    let path = "-var=path=../../target/bedrock/manifest.json";
    read(&[&["plan", "-input=false", "-out=tfplan", path][..], &place].concat());
    let plan: Value = serde_json::from_slice(&read(&["show", "-json", "tfplan"])).expect("JSON");
    let functions = &plan["planned_values"]["outputs"]["functions"]["value"];
    let names =
        |functions: &Value| functions.as_object().map(|functions| functions.keys().cloned().collect::<Vec<_>>());
    assert_eq!(names(functions), Some(["counter", "endpoint", "greeter", "reporter"].map(str::to_owned).to_vec()));
    for name in ["counter", "endpoint", "greeter", "reporter"] {
        let of = if name == "endpoint" { &manifest["endpoint"] } else { &manifest["workers"][name] };
        // What is passed on as it is.
        for key in [
            "architecture",
            "concurrency",
            "event_age",
            "handler",
            "layers",
            "log_retention",
            "memory",
            "on_failure",
            "recursion",
            "retries",
            "runtime",
            "timeout",
        ] {
            assert_eq!(functions[name][key], of[key], "{key} of {name}");
        }
        for key in ["code", "layer"] {
            assert_eq!(functions[name][key]["sha256_base64"], of[key]["sha256_base64"], "{key} of {name}");
        }
    }
    assert_eq!(functions["endpoint"]["url_auth"], "iam");
    assert_eq!(functions["counter"]["layer"]["name"], "shop-dev-counter");
    assert_eq!(
        plan["planned_values"]["outputs"]["secrets"]["value"]["counter"],
        json!({ "KEY": "secretsmanager:key", "TOKEN": "ssm:/shop/token" })
    );
    assert_eq!(
        functions["endpoint"]["environment"],
        json!({ "SHOP_WORKER_ARN_GREETER": "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-greeter" })
    );
}
