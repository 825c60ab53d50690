//! `terraform test` of `terraform/manifest/`, with manifests of one, three and sixty workers.

use std::fs;

use serde_json::json;

use crate::folder::{Folder, said};
use crate::manifest::Manifest;

#[test]
fn manifest_decides_names_rights_and_environments() {
    let Some(folder) = Folder::new() else { return };
    for (name, manifest) in [
        ("one", Manifest::of(&["fetcher"])),
        ("three", Manifest::of_three()),
        ("sixty", Manifest::of_sixty()),
        ("full", full()),
        ("destinations", destinations()),
        ("triggers", Manifest::of_triggers()),
        ("hyphen", Manifest::of_three().with("/app", json!("outer-space"))),
    ] {
        manifest.write(&folder.path(&format!("terraform/manifest/manifests/{name}.json")));
    }
    let test = include_str!("decisions.tftest.hcl");
    fs::write(folder.path("terraform/manifest/decisions.tftest.hcl"), test).expect("the test");
    folder.terraform("terraform/manifest", &["init", "-input=false"]);
    let output = folder.command("terraform/manifest", &["test", "-no-color"]).output().expect("Terraform starts");
    assert!(output.status.success(), "{}", said(&output));
    let runs = test.lines().filter(|line| line.starts_with("run ")).count();
    assert!(said(&output).contains(&format!("Success! {runs} passed, 0 failed.")), "{}", said(&output));
}

/// With a secret whose JSON has 100 bytes, the environment of `fetcher` has 4,096 bytes, its one ARN included.
fn full() -> Manifest {
    let others = json!({
        "PAD": "", "TOKEN": "x".repeat(98),
        "SPACE_WORKER_ARN_RANKER": "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker"
    });
    let room = 4096 - others.to_string().len();
    // One character of two bytes: it is bytes that are counted.
    let pad = format!("é{}", "x".repeat(room - 2));
    Manifest::of(&["fetcher", "ranker"])
        .with("/workers/fetcher/invokes", json!(["ranker"]))
        .with("/workers/fetcher/environment", json!({ "PAD": pad }))
        .with("/workers/fetcher/secrets", json!({ "TOKEN": { "ssm": "/space/token" } }))
}

fn destinations() -> Manifest {
    let kinds = [
        ("to_queue", "sqs:us-east-1:123456789012:failed"),
        ("to_topic", "sns:us-east-1:123456789012:failed"),
        ("to_function", "lambda:us-east-1:123456789012:function:failed"),
        ("to_bus", "events:us-east-1:123456789012:event-bus/failed"),
    ];
    kinds.iter().fold(Manifest::of(&kinds.map(|(name, _)| name)), |manifest, (name, end)| {
        manifest.with(&format!("/workers/{name}/on_failure"), json!(format!("arn:aws:{end}")))
    })
}
