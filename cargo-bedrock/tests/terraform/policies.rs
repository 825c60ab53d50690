//! Validates the IAM policies with a tool that knows AWS's actions and their resources.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::manifest::Manifest;
use crate::terraform_app::{TerraformApp, output_text};
use crate::tools::tool;

/// Returns the findings of the validator, or an empty text.
fn findings(parliament: &Path, policy: &str) -> String {
    let mut command = Command::new(parliament);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("parliament starts");
    child.stdin.take().expect("stdin").write_all(policy.as_bytes()).expect("write");
    let output = child.wait_with_output().expect("parliament ends");
    if output.status.success() { String::new() } else { format!("found: {}", output_text(&output)) }
}

fn policies(decisions: &Value) -> Vec<String> {
    let functions = decisions["functions"]["value"].as_object().expect("functions");
    let policies_of = |function: &Value| {
        let managed = function["managed_policies"].as_array().cloned().unwrap_or_default();
        [vec![function["own_policy"].clone()], managed].concat()
    };
    let roles = decisions["schedule_roles"]["value"].as_object().into_iter().flat_map(serde_json::Map::values);
    let schedules = roles.map(|role| role["policy"].clone());
    let all = functions.values().flat_map(policies_of).chain(schedules);
    all.map(|policy| policy.as_str().expect("a policy").to_owned()).collect()
}

#[test]
fn every_policy_has_valid_actions_and_resources() {
    let Some(app) = TerraformApp::new() else { return };
    let Some(parliament) = tool("checks/bin/parliament") else { return };
    let others = ["sns:us-east-1:123456789012:t", "events:us-east-1:123456789012:event-bus/b"].map(|arn_suffix| {
        let destination = json!(format!("arn:aws:{arn_suffix}"));
        Manifest::with_workers(&["fetcher"]).with("/workers/fetcher/on_failure", destination)
    });
    let all = [Manifest::three_functions(), Manifest::sixty_workers(), Manifest::triggers()];
    for manifest in all.into_iter().chain(others) {
        let path = app.path("manifest.json");
        manifest.write(&path);
        let policies = policies(&app.decisions(&path));
        // The policies of sixty workers only differ in a name, so check the first and the last ones.
        let count = policies.len();
        let checked = if count > 10 { [&policies[..4], &policies[count - 2..]].concat() } else { policies };
        for policy in checked {
            assert_eq!(findings(&parliament, &policy), "", "{policy}");
        }
    }
}

#[test]
fn validator_finds_wrong_actions_and_resources() {
    let Some(parliament) = tool("checks/bin/parliament") else { return };
    let policy = |action: &str, resource: &str| {
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    let queue = "arn:aws:sqs:us-east-1:123456789012:failed";
    assert_eq!(findings(&parliament, &policy("sqs:SendMessage", queue)), "");
    assert!(findings(&parliament, &policy("sqs:SendMessages", queue)).contains("Unknown action"));
    assert!(findings(&parliament, &policy("sns:Publish", queue)).contains("No resources match"));
}
