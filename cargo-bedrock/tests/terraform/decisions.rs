//! `terraform test` of `terraform/manifest/`, with manifests of one, three and sixty workers.

use std::fs;

use serde_json::json;

use crate::manifest::Manifest;
use crate::terraform_app::{TerraformApp, output_text};

#[test]
fn manifest_decides_names_rights_and_environments() {
    let Some(app) = TerraformApp::new() else { return };
    for (name, manifest) in [
        ("one", Manifest::with_workers(&["fetcher"])),
        ("three", Manifest::three_functions()),
        ("sixty", Manifest::sixty_workers()),
        ("full", full_environment()),
        ("destinations", destinations()),
        ("triggers", Manifest::triggers()),
        ("fifo", Manifest::fifo_and_cors()),
        ("http_api", Manifest::http_api()),
        ("alarms", Manifest::alarms()),
        ("events", Manifest::topics_and_buses()),
        ("streams", Manifest::streams()),
        ("lambda", Manifest::lambda_settings()),
        ("uses", Manifest::uses()),
        ("durable", Manifest::durable()),
        (
            "no_url",
            Manifest::with_workers(&["fetcher"])
                .with("/version", json!(3))
                .with_endpoint(&[])
                .with("/endpoint/url_auth", json!(null)),
        ),
        (
            "members",
            Manifest::with_workers(&["fetcher"])
                .with("/version", json!(3))
                .with("/workers/fetcher/lambda", json!({ "members": { "TenancyConfig": {} } })),
        ),
        ("hyphen", Manifest::three_functions().with("/app", json!("outer-space"))),
    ] {
        manifest.write(&app.path(&format!("terraform/manifest/manifests/{name}.json")));
    }
    app.copy_durable_block();
    let test = include_str!("decisions.tftest.hcl");
    fs::write(app.path("terraform/manifest/decisions.tftest.hcl"), test).expect("the test");
    app.terraform("terraform/manifest", &["init", "-input=false"]);
    let output = app.command("terraform/manifest", &["test", "-no-color"]).output().expect("Terraform starts");
    assert!(output.status.success(), "{}", output_text(&output));
    let runs = test.lines().filter(|line| line.starts_with("run ")).count();
    assert!(output_text(&output).contains(&format!("Success! {runs} passed, 0 failed.")), "{}", output_text(&output));
}

/// Returns a manifest in which the environment of `fetcher` has exactly 4,096 bytes, including a secret of 100 bytes
/// and an ARN.
fn full_environment() -> Manifest {
    let others = json!({
        "PAD": "", "TOKEN": "x".repeat(98),
        "SPACE_WORKER_ARN_RANKER": "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker:live"
    });
    let available = 4096 - others.to_string().len();
    // One character has two bytes, because the limit counts bytes.
    let pad = format!("é{}", "x".repeat(available - 2));
    Manifest::with_workers(&["fetcher", "ranker"])
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
        ("to_bucket", "s3:::failed"),
    ];
    kinds.iter().fold(Manifest::with_workers(&kinds.map(|(name, _)| name)), |manifest, (name, arn_suffix)| {
        manifest.with(&format!("/workers/{name}/on_failure"), json!(format!("arn:aws:{arn_suffix}")))
    })
}
