//! What cannot be deployed, in whole answers: Terraform stops before anything is changed, and says what to do.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::folder::{Folder, said};
use crate::manifest::Manifest;

/// What Terraform says of a manifest that it must refuse, without the lines of code that it shows.
fn refused(folder: &Folder, manifest: &Manifest, variables: &[&str]) -> String {
    manifest.write(&folder.path("terraform/manifest/manifest.json"));
    plan(folder, "manifest.json", variables)
}

fn plan(folder: &Folder, path: &str, variables: &[&str]) -> String {
    folder.terraform("terraform/manifest", &["init", "-input=false"]);
    let path = format!("-var=path={path}");
    let place = ["-var=stage=dev", "-var=partition=aws", "-var=region=us-east-1", "-var=account=123456789012"];
    let arguments = [&["plan", "-no-color", "-input=false", &path][..], &place, variables].concat();
    let output = folder.command("terraform/manifest", &arguments).output().expect("Terraform starts");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    messages(&String::from_utf8_lossy(&output.stderr))
}

/// The text of each error below its place; Terraform breaks its lines.
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
fn a_manifest_that_is_missing_or_none_is_refused() {
    let Some(folder) = Folder::new() else { return };
    assert_snapshot!(plan(&folder, "../../target/bedrock/manifest.json", &[]), @"there is no manifest at `../../target/bedrock/manifest.json`: run `cargo bedrock build --release`");
    std::fs::write(folder.path("terraform/manifest/odd.json"), "{").expect("file");
    assert_snapshot!(plan(&folder, "odd.json", &[]), @"`odd.json` is not valid JSON: run `cargo bedrock build --release`");
    assert_snapshot!(refused(&folder, &Manifest::of(&[]).with("/version", json!(3)), &[]), @"`manifest.json` is not a manifest of version 1 or 2: run `cargo bedrock terraform upgrade`");
}

#[test]
fn what_is_not_built_is_named_with_the_command_that_builds_it() {
    let Some(folder) = Folder::new() else { return };
    let manifest = Manifest::of_three().with("/workers/ranker/code", Value::Null).with("/endpoint/code", Value::Null);
    assert_snapshot!(refused(&folder, &manifest, &[]), @"not built yet: the endpoint, worker `ranker`: run `cargo bedrock build --release`");
}

#[test]
fn files_that_are_missing_or_changed_are_named() {
    let Some(folder) = Folder::new() else { return };
    let manifest = Manifest::of_three();
    manifest.write(&folder.path("terraform/manifest/manifest.json"));
    std::fs::write(folder.path("terraform/manifest/workers/fetcher.zip"), "another").expect("file");
    std::fs::remove_file(folder.path("terraform/manifest/layers/ranker.zip")).expect("file");
    assert_snapshot!(plan(&folder, "manifest.json", &[]), @"
    files of the manifest are missing: `./layers/ranker.zip`: run `cargo bedrock build --release`
    files have changed since the manifest was written: `./workers/fetcher.zip`: run `cargo bedrock build --release`
    ");
}

#[test]
fn limits_of_lambda_come_with_the_number_found_and_the_number_allowed() {
    let Some(folder) = Folder::new() else { return };
    let layers: Vec<String> = (0..5).map(|number| format!("arn:aws:lambda:us-east-1:1:layer:x:{number}")).collect();
    let manifest = set(
        Manifest::of_three(),
        &[
            ("/workers/ranker/layers", json!(layers)),
            ("/workers/fetcher/environment", json!({ "PAD": "x".repeat(4096) })),
        ],
    );
    assert_snapshot!(refused(&folder, &manifest, &[]), @"
    the environment variables and secrets of a function have at most 4096 bytes as JSON: worker `fetcher` (4126)
    a function has at most 5 layers: worker `ranker` (6)
    ");
    let stage = format!("-var=stage={}", "long".repeat(13));
    assert_snapshot!(refused(&folder, &Manifest::of_three(), &[&stage]), @"function names have at most 64 characters: `space-longlonglonglonglonglonglonglonglonglonglonglonglong-endpoint` (67), `space-longlonglonglonglonglonglonglonglonglonglonglonglong-fetcher` (66), `space-longlonglonglonglonglonglonglonglonglonglonglonglong-ranker` (65): shorten the stage, or rename the worker");
}

#[test]
fn odd_values_are_all_named_at_once() {
    let Some(folder) = Folder::new() else { return };
    let queue = json!({
        "queue": "q".repeat(66), "batch_size": 10, "batch_window": 0, "partial_failures": false, "max_receives": 3,
        "visibility_timeout": 180
    });
    let manifest = set(
        Manifest::of(&["endpoint", "fetcher"]),
        &[
            ("/workers/fetcher/invokes", json!(["nobody"])),
            ("/workers/fetcher/on_failure", json!("arn:aws:dynamodb:us-east-1:123456789012:table/x")),
            ("/workers/fetcher/on_success", json!("nobody")),
            ("/workers/fetcher/triggers", json!([queue])),
            ("/workers/fetcher/log_retention", json!(31)),
        ],
    );
    assert_snapshot!(refused(&folder, &manifest, &[]), @"
    a worker cannot be named `endpoint`: rename its folder
    no such worker: `nobody`, called by worker `fetcher`: run `cargo bedrock build --release`
    a destination must be a queue, a topic, a function or an event bus: `arn:aws:dynamodb:us-east-1:123456789012:table/x` of worker `fetcher`
    no such worker: `nobody`, destination of worker `fetcher`: run `cargo bedrock build --release`
    queue names have at most 80 characters: `space-dev-qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq-dead` (81): shorten the stage, or rename the queue
    the log retention in days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653: worker `fetcher` (31)
    ");
}

#[test]
fn odd_names_of_stages_and_odd_overrides_are_refused() {
    let Some(folder) = Folder::new() else { return };
    let manifest = Manifest::of_three();
    for stage in ["Prod", "-dev", "dev-", "a b", ""] {
        let shown = refused(&folder, &manifest, &[&format!("-var=stage={stage}")]);
        assert!(shown.starts_with(&format!("`{stage}` is not a valid stage name")), "{stage}: {shown}");
    }
    assert_snapshot!(refused(&folder, &manifest, &["-var=url_auth=all"]), @"`url_auth` must be `none` or `iam`");
    assert_snapshot!(refused(&folder, &manifest, &["-var=log_retention=2"]), @"the log retention in days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653: `log_retention` (2)");
}
