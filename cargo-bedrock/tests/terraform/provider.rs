//! The whole of `terraform/` before the real provider, where a folder of plugins has it; and before a checker of
//! another version's schema, where one is named.

use std::process::Command;

use crate::folder::{Folder, said};
use crate::tools::plugins;

#[test]
fn the_provider_takes_every_file() {
    let (Some(folder), Some(plugins)) = (Folder::new(), plugins()) else { return };
    let from = format!("-plugin-dir={}", plugins.display());
    folder.terraform("terraform", &["init", "-input=false", &from]);
    folder.terraform("terraform", &["validate"]);
}

#[test]
fn a_right_of_the_app_s_own_is_given_to_the_role_of_a_function() {
    let (Some(folder), Some(plugins)) = (Folder::new(), plugins()) else { return };
    let text =
        "resource \"aws_iam_role_policy\" \"own\" {\n  role   = module.function[\"x\"].role\n  policy = \"{}\"\n}\n";
    std::fs::write(folder.path("terraform/rights.tf"), text).expect("file");
    let from = format!("-plugin-dir={}", plugins.display());
    folder.terraform("terraform", &["init", "-input=false", &from]);
    folder.terraform("terraform", &["validate"]);
}

/// A command that is given a folder and fails if something in it is not in the schema it knows.
#[test]
fn a_schema_of_another_version_has_all_that_is_used() {
    let Ok(command) = std::env::var("BEDROCK_TERRAFORM_CHECK") else {
        return println!("skipped: BEDROCK_TERRAFORM_CHECK names no checker");
    };
    let Some(folder) = Folder::new() else { return };
    let mut words = command.split_whitespace();
    let mut check = Command::new(words.next().expect("a program"));
    let output = check.args(words).arg(folder.path("terraform")).output().expect("the checker starts");
    assert!(output.status.success(), "{}", said(&output));
}
