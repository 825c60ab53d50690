//! The policy that `deploy --print-policy --terraform` prints permits exactly what `terraform apply` and `terraform destroy` do
//! with the real provider. A proxy records the requests.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use testbed::AwsAction;

use crate::emulator::Emulator;
use crate::manifest::Manifest;
use crate::proxy::{Proxy, ProxyAction};
use crate::terraform_app::{TerraformApp, output_text};
use crate::tools::plugins;

const ACCOUNT: &str = "123456789012";
const CODE: &str = "def handler(event, context):\n    return {}\n";
/// Actions that the app of the test does not need: policies that are too large for a role, boundaries, changed stacks.
const OTHER_ACTIONS: [&str; 17] = [
    "cloudformation:UpdateStack",
    "iam:AttachRolePolicy",
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DetachRolePolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListPolicyVersions",
    "iam:PutRolePermissionsBoundary",
    "iam:TagPolicy",
    "iam:UntagPolicy",
    "iam:UpdateAssumeRolePolicy",
    // CloudFormation uses them with the caller's permissions.
    "lambda:GetFunctionConfiguration",
    // AWS checks it during `CreateFunction`.
    "iam:PassRole",
];

/// Returns two workers and an endpoint that have everything but settings of Lambda.
fn manifest(emulator: &mut Emulator, app: &TerraformApp) -> Manifest {
    let artifact = |path: &str| app.path("target/bedrock").join(path);
    let queue = json!({
        "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": false, "max_receives": 4,
        "visibility_timeout": 185
    });
    let schedule = json!({ "schedule": "rate(5 minutes)", "timezone": "UTC", "event": null });
    let topic = |name: &str, filter: Value| json!({ "topic": name, "filter": filter, "filter_scope": "body" });
    let bus = |bus: &str| json!({ "bus": bus, "pattern": r#"{"source":["space"]}"# });
    let bucket = |name: &str| json!({ "bucket": name, "prefix": "", "suffix": ".png", "events": ["removed"] });
    let triggers = json!([
        schedule,
        queue,
        bucket("uploads"),
        topic("alerts", json!(r#"{"kind":["order"]}"#)),
        topic("arn:aws:sns:us-east-1:123456789012:theirs", Value::Null),
        bus("orders"),
        bus("default"),
        bus("arn:aws:events:us-east-1:123456789012:event-bus/theirs")
    ]);
    let table = json!({
        "kind": "table", "name": "orders", "access": "x", "is_of_app": true, "variable": "SPACE_TABLE",
        "arn": "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}orders", "value": "{prefix}orders",
        "grants": [{ "actions": ["dynamodb:GetItem"], "suffixes": [""] }],
        "key": { "partition": { "name": "id", "type": "S" }, "sort": null }
    });
    let mut zip = |path: &str, name: &str, text: &str| emulator.pack(&artifact(path), name, text);
    Manifest::three_functions()
        .with("/version", json!(4))
        .with("/workers/ranker/layers", json!([]))
        .with("/workers/fetcher/code/sha256_base64", zip("workers/fetcher.zip", "main.py", CODE))
        .with("/workers/ranker/code/sha256_base64", zip("workers/ranker.zip", "main.py", CODE))
        .with("/endpoint/code/sha256_base64", zip("workers/endpoint.zip", "main.py", CODE))
        .with("/workers/ranker/layer/sha256_base64", zip("layers/ranker.zip", "python/ranks.py", "NAME = 1\n"))
        .with("/workers/ranker/concurrency", json!(1))
        .with("/workers/ranker/uses", json!([table]))
        .with("/workers/ranker/triggers", json!([bucket("arn:aws:s3:::theirs")]))
        .with("/workers/fetcher/triggers", triggers)
}

/// Changes everything that an app can change.
fn changed(emulator: &mut Emulator, app: &TerraformApp, manifest: Manifest) -> Manifest {
    let zip = app.path("target/bedrock/workers/fetcher.zip");
    manifest
        .with("/workers/fetcher/code/sha256_base64", emulator.pack(&zip, "main.py", &format!("{CODE}# changed\n")))
        .with("/workers/fetcher/memory", json!(512))
        .with("/workers/fetcher/log_retention", json!(7))
        .with("/workers/fetcher/retries", json!(2))
        .with("/workers/fetcher/event_age", json!(21_600))
        .with("/workers/fetcher/on_failure", Value::Null)
        .with("/workers/fetcher/triggers/0/schedule", json!("rate(9 minutes)"))
        .with("/workers/fetcher/triggers/1/batch_size", json!(5))
        .with("/workers/fetcher/triggers/1/visibility_timeout", json!(300))
        .with("/workers/fetcher/triggers/2/prefix", json!("in/"))
        .with("/workers/fetcher/triggers/3/filter", json!(r#"{"kind":["other"]}"#))
        .with("/workers/ranker/concurrency", Value::Null)
        .with("/workers/ranker/recursion", json!("terminate"))
        .with("/endpoint/url_auth", json!("iam"))
        .with("/endpoint/invokes", json!(["ranker"]))
}

fn create_resources_of_others(emulator: &mut Emulator) {
    let parameter = json!({ "Name": "/space/token", "Value": "x", "Type": "SecureString" });
    emulator.call("ssm", "put_parameter", &parameter);
    emulator.call("secretsmanager", "create_secret", &json!({ "Name": "key", "SecretString": "key" }));
    emulator.call("sqs", "create_queue", &json!({ "QueueName": "failed" }));
    emulator.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    emulator.call("sns", "create_topic", &json!({ "Name": "theirs" }));
    emulator.call("events", "create_event_bus", &json!({ "Name": "theirs" }));
}

fn printed_policy(app: &TerraformApp) -> Value {
    // The workers of the manifest.
    fs::remove_dir_all(app.path("workers/greeter")).expect("a worker");
    for worker in ["fetcher", "ranker"] {
        fs::create_dir_all(app.path("workers").join(worker)).expect("a folder");
        fs::write(app.path("workers").join(worker).join("main.py"), CODE).expect("a file");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    command.args(["bedrock", "deploy", "--print-policy", "--terraform", "--stage", "dev", "--region", "us-east-1"]);
    let output = command.current_dir(app.path("")).output().expect("the command starts");
    assert!(output.status.success(), "{}", output_text(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn printed_policy_permits_exactly_what_apply_and_destroy_do() {
    let Some(app) = TerraformApp::new() else { return };
    let Some(plugins) = plugins() else { return };
    let Some(mut emulator) = Emulator::start() else { return };
    create_resources_of_others(&mut emulator);
    let path = app.path("target/bedrock/manifest.json");
    let manifest = manifest(&mut emulator, &app);
    manifest.write(&path);
    let policy = printed_policy(&app);
    let actions = Arc::new(Mutex::new(BTreeSet::new()));
    let log = Arc::clone(&actions);
    let proxy = Proxy::start(emulator.environment()[0].1, move |request| {
        log.lock().expect("lock").insert(AwsAction::of_request(request.bytes(), ACCOUNT));
        ProxyAction::Forward
    });
    let run = |emulator: &Emulator, arguments: &[&str]| {
        let common = ["-auto-approve", "-input=false", "-no-color", "-var=stage=dev"];
        let mut command = app.command("terraform", &[arguments, &common].concat());
        command.envs(emulator.environment()).env("AWS_ENDPOINT_URL", &proxy.endpoint);
        let output = command.output().expect("Terraform starts");
        assert!(output.status.success(), "{arguments:?}: {}", output_text(&output));
    };
    app.terraform("terraform", &["init", "-input=false", &format!("-plugin-dir={}", plugins.display())]);
    run(&emulator, &["apply"]);
    changed(&mut emulator, &app, manifest).write(&path);
    run(&emulator, &["apply", r#"-var=tags={team="a"}"#]);
    run(&emulator, &["apply", "-var=keep_tables=false"]);
    run(&emulator, &["destroy", "-var=keep_tables=false"]);

    let actions = actions.lock().expect("lock").clone();
    let statements = policy["Statement"].as_array().expect("statements");
    let is_denied = |action: &&AwsAction| !statements.iter().any(|statement| action.is_allowed_by(statement));
    // Everybody may ask for the own identity.
    let restricted = actions.iter().filter(|action| action.action != "sts:GetCallerIdentity");
    assert_eq!(restricted.filter(is_denied).collect::<Vec<_>>(), Vec::<&AwsAction>::new());
    let used: BTreeSet<&str> = actions.iter().map(|action| action.action.as_str()).chain(OTHER_ACTIONS).collect();
    let permitted = statements.iter().flat_map(|statement| statement["Action"].as_array().expect("actions"));
    let unused: BTreeSet<&str> = permitted.filter_map(Value::as_str).filter(|action| !used.contains(action)).collect();
    assert_eq!(unused, BTreeSet::new());
}
