//! Validates `terraform/` with the real provider, if it is installed, and with a checker of another version's schema,
//! if one is configured.

use std::process::Command;

use crate::terraform_app::{TerraformApp, output_text};
use crate::tools::plugins;

#[test]
fn provider_accepts_every_file() {
    let Some(app) = TerraformApp::new() else { return };
    let Some(plugins) = plugins() else { return };
    let from = format!("-plugin-dir={}", plugins.display());
    app.terraform("terraform", &["init", "-input=false", &from]);
    app.terraform("terraform", &["validate"]);
}

#[test]
fn app_can_add_a_policy_to_a_function_s_role() {
    let Some(app) = TerraformApp::new() else { return };
    let Some(plugins) = plugins() else { return };
    let text =
        "resource \"aws_iam_role_policy\" \"own\" {\n  role   = module.function[\"x\"].role\n  policy = \"{}\"\n}\n";
    std::fs::write(app.path("terraform/permissions.tf"), text).expect("file");
    let from = format!("-plugin-dir={}", plugins.display());
    app.terraform("terraform", &["init", "-input=false", &from]);
    app.terraform("terraform", &["validate"]);
}

/// Moves the block of durable functions into the resource: the checker does not merge override files.
fn add_durable_block(app: &TerraformApp) {
    let read = |path: &str| std::fs::read_to_string(app.path(path)).expect(path);
    let resource = "resource \"aws_lambda_function\" \"this\" {\n";
    let example = read("terraform/lambda/durable_override.tf.example");
    let (_, block) = example.split_once(resource).expect("the resource");
    let block = block.trim_end().strip_suffix('}').expect("its end");
    let main = read("terraform/lambda/main.tf");
    assert!(main.contains(resource), "{main}");
    let merged = main.replace(resource, &format!("{resource}{block}"));
    std::fs::write(app.path("terraform/lambda/main.tf"), merged).expect("file");
}

/// `BEDROCK_TERRAFORM_CHECK` is a command that gets a folder and fails if the folder uses attributes that its schema
/// lacks.
#[test]
fn other_provider_version_has_all_used_attributes() {
    let Ok(command) = std::env::var("BEDROCK_TERRAFORM_CHECK") else {
        return println!("skipped: BEDROCK_TERRAFORM_CHECK names no checker");
    };
    let Some(app) = TerraformApp::new() else { return };
    add_durable_block(&app);
    let mut words = command.split_whitespace();
    let mut check = Command::new(words.next().expect("a program"));
    let output = check.args(words).arg(app.path("terraform")).output().expect("the checker starts");
    assert!(output.status.success(), "{}", output_text(&output));
}
