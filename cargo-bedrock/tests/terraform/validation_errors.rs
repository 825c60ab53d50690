//! Errors for manifests that cannot be deployed, with their complete messages. Terraform reports them before it changes
//! anything.

use std::process::Output;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::manifest::Manifest;
use crate::terraform_app::{TerraformApp, output_text};

/// Returns Terraform's error messages for an invalid manifest, without the code that Terraform shows.
fn plan_errors(app: &TerraformApp, manifest: &Manifest, variables: &[&str]) -> String {
    manifest.write(&app.path("terraform/manifest/manifest.json"));
    plan_errors_of_file(app, "manifest.json", variables)
}

fn plan_errors_of_file(app: &TerraformApp, path: &str, variables: &[&str]) -> String {
    app.terraform("terraform/manifest", &["init", "-input=false"]);
    let output = plan(app, path, variables);
    assert_eq!(output.status.code(), Some(1), "{}", output_text(&output));
    messages(&String::from_utf8_lossy(&output.stderr))
}

fn plan(app: &TerraformApp, path: &str, variables: &[&str]) -> Output {
    let path = format!("-var=path={path}");
    let stage_variables =
        ["-var=stage=dev", "-var=partition=aws", "-var=region=us-east-1", "-var=account=123456789012"];
    let arguments = [&["plan", "-no-color", "-input=false", &path][..], &stage_variables, variables].concat();
    app.command("terraform/manifest", &arguments).output().expect("Terraform starts")
}

/// Returns the text of each error on one line. Terraform wraps the lines.
fn messages(stderr: &str) -> String {
    let errors = stderr.split("Error: ").skip(1);
    let message = |error: &str| {
        let paragraphs: Vec<&str> = error.trim_end().split("\n\n").collect();
        let text = paragraphs.iter().skip(2).filter(|text| !text.starts_with("This was checked by")).copied();
        text.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    errors.map(message).collect::<Vec<_>>().join("\n")
}

fn set(manifest: Manifest, changes: &[(&str, Value)]) -> Manifest {
    changes.iter().fold(manifest, |manifest, (pointer, value)| manifest.with(pointer, value.clone()))
}

#[test]
fn missing_or_invalid_manifest_is_an_error() {
    let Some(app) = TerraformApp::new() else { return };
    assert_snapshot!(plan_errors_of_file(&app, "../../target/bedrock/manifest.json", &[]), @"there is no manifest at `../../target/bedrock/manifest.json`: run `cargo bedrock build --release`");
    std::fs::write(app.path("terraform/manifest/odd.json"), "{").expect("file");
    assert_snapshot!(plan_errors_of_file(&app, "odd.json", &[]), @"`odd.json` is not valid JSON: run `cargo bedrock build --release`");
    assert_snapshot!(plan_errors(&app, &Manifest::with_workers(&[]).with("/version", json!(5)), &[]), @"`manifest.json` is not a manifest of version 1, 2, 3 or 4: run `cargo bedrock terraform upgrade`");
}

#[test]
fn unbuilt_functions_are_named_with_the_build_command() {
    let Some(app) = TerraformApp::new() else { return };
    let manifest =
        Manifest::three_functions().with("/workers/ranker/code", Value::Null).with("/endpoint/code", Value::Null);
    assert_snapshot!(plan_errors(&app, &manifest, &[]), @"not built yet: the endpoint, worker `ranker`: run `cargo bedrock build --release`");
}

#[test]
fn zips_that_are_too_large_for_a_request_are_named() {
    let Some(app) = TerraformApp::new() else { return };
    let manifest = Manifest::three_functions().with("/workers/ranker/code/bytes", json!(50_000_001));
    let errors = plan_errors(&app, &manifest, &[]);
    assert!(errors.contains("zips have at most 50000000 bytes: `") && errors.contains("(50000001)"), "{errors}");
    assert!(errors.contains("or set `upload_bucket` to the name of an existing bucket"), "{errors}");
    let planned = plan(&app, "manifest.json", &["-var=upload_bucket=my-zips"]);
    let text = String::from_utf8_lossy(&planned.stdout).into_owned();
    // Only the large zip is uploaded.
    assert!(planned.status.success() && text.matches("\"my-zips\"").count() == 1, "{}", output_text(&planned));
}

#[test]
fn durable_workers_need_the_block_of_newer_providers() {
    let Some(app) = TerraformApp::new() else { return };
    assert_snapshot!(plan_errors(&app, &Manifest::durable(), &[]), @"durable functions need version 6.25 or newer of the AWS provider: copy terraform/lambda/durable_override.tf.example to terraform/lambda/durable_override.tf: worker `fetcher`, worker `settler`");
    app.copy_durable_block();
    let decisions = app.decisions(&app.path("terraform/manifest/manifest.json"));
    let functions = &decisions["functions"]["value"];
    assert_eq!(functions["fetcher"]["durable"], json!({ "timeout": 86_400, "retention": 14 }));
    assert_eq!(functions["settler"]["durable"], json!({ "timeout": 600, "retention": 1 }));
    assert_eq!(functions["ranker"]["durable"], Value::Null);
}

#[test]
fn files_that_are_missing_or_changed_are_named() {
    let Some(app) = TerraformApp::new() else { return };
    let manifest = Manifest::three_functions();
    manifest.write(&app.path("terraform/manifest/manifest.json"));
    std::fs::write(app.path("terraform/manifest/workers/fetcher.zip"), "another").expect("file");
    std::fs::remove_file(app.path("terraform/manifest/layers/ranker.zip")).expect("file");
    assert_snapshot!(plan_errors_of_file(&app, "manifest.json", &[]), @"
    files of the manifest are missing: `./layers/ranker.zip`: run `cargo bedrock build --release`
    files have changed since the manifest was written: `./workers/fetcher.zip`: run `cargo bedrock build --release`
    ");
}

#[test]
fn lambda_limits_are_reported_with_both_numbers() {
    let Some(app) = TerraformApp::new() else { return };
    let layers: Vec<String> = (0..5).map(|number| format!("arn:aws:lambda:us-east-1:1:layer:x:{number}")).collect();
    let manifest = set(
        Manifest::three_functions(),
        &[
            ("/workers/ranker/layers", json!(layers)),
            ("/workers/fetcher/environment", json!({ "PAD": "x".repeat(4096) })),
        ],
    );
    assert_snapshot!(plan_errors(&app, &manifest, &[]), @"
    the environment variables and secrets of a function have at most 4096 bytes as JSON: worker `fetcher` (4126)
    a function has at most 5 layers: worker `ranker` (6)
    ");
    let stage = format!("-var=stage={}", "long".repeat(13));
    assert_snapshot!(plan_errors(&app, &Manifest::three_functions(), &[&stage]), @"function names have at most 64 characters: `space-longlonglonglonglonglonglonglonglonglonglonglonglong-endpoint` (67), `space-longlonglonglonglonglonglonglonglonglonglonglonglong-fetcher` (66), `space-longlonglonglonglonglonglonglonglonglonglonglonglong-ranker` (65): shorten the stage, or rename the worker");
}

#[test]
fn all_invalid_values_are_reported_at_once() {
    let Some(app) = TerraformApp::new() else { return };
    let queue = json!({
        "queue": "q".repeat(66), "batch_size": 10, "batch_window": 0, "partial_failures": false, "max_receives": 3,
        "visibility_timeout": 180
    });
    let manifest = set(
        Manifest::with_workers(&["endpoint", "fetcher"]),
        &[
            ("/workers/fetcher/invokes", json!(["unknown"])),
            ("/workers/fetcher/on_failure", json!("arn:aws:dynamodb:us-east-1:123456789012:table/x")),
            ("/workers/fetcher/on_success", json!("unknown")),
            ("/workers/fetcher/dead_letter", json!("arn:aws:s3:::dead")),
            ("/workers/fetcher/triggers", json!([queue])),
            ("/workers/fetcher/log_retention", json!(31)),
        ],
    );
    assert_snapshot!(plan_errors(&app, &manifest, &[]), @"
    a worker cannot be named `endpoint`: rename its folder
    no such worker: `unknown`, called by worker `fetcher`: run `cargo bedrock build --release`
    a destination must be a queue, a topic, a function or an event bus: `arn:aws:dynamodb:us-east-1:123456789012:table/x` of worker `fetcher`
    a bucket receives only records of failed events, as `on-failure`: `arn:aws:s3:::dead` of worker `fetcher`
    no such worker: `unknown`, destination of worker `fetcher`: run `cargo bedrock build --release`
    queue names have at most 80 characters: `space-dev-qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq-dead` (81): shorten the stage, or rename the queue
    the log retention in days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653: worker `fetcher` (31)
    ");
}

#[test]
fn invalid_stage_names_and_overrides_are_errors() {
    let Some(app) = TerraformApp::new() else { return };
    let manifest = Manifest::three_functions();
    for stage in ["Prod", "-dev", "dev-", "a b", ""] {
        let shown = plan_errors(&app, &manifest, &[&format!("-var=stage={stage}")]);
        assert!(shown.starts_with(&format!("`{stage}` is not a valid stage name")), "{stage}: {shown}");
    }
    assert_snapshot!(plan_errors(&app, &manifest, &["-var=url_auth=all"]), @"`url_auth` must be `none` or `iam`");
    assert_snapshot!(plan_errors(&app, &manifest, &["-var=log_retention=2"]), @"the log retention in days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653: `log_retention` (2)");
}
