//! The policies that are written, before a validator that knows AWS's actions and the resources they take.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::folder::{Folder, said};
use crate::manifest::Manifest;
use crate::tools::tool;

/// What the validator has to say, empty if nothing.
fn findings(parliament: &Path, policy: &str) -> String {
    let mut command = Command::new(parliament);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("parliament starts");
    child.stdin.take().expect("stdin").write_all(policy.as_bytes()).expect("write");
    let output = child.wait_with_output().expect("parliament ends");
    if output.status.success() { String::new() } else { format!("found: {}", said(&output)) }
}

fn policies(decisions: &Value) -> Vec<String> {
    let functions = decisions["functions"]["value"].as_object().expect("functions");
    let of = |function: &Value| {
        let managed = function["managed_policies"].as_array().cloned().unwrap_or_default();
        [vec![function["own_policy"].clone()], managed].concat()
    };
    let roles = decisions["schedule_roles"]["value"].as_object().into_iter().flat_map(serde_json::Map::values);
    let schedules = roles.map(|role| role["policy"].clone());
    let all = functions.values().flat_map(of).chain(schedules);
    all.map(|policy| policy.as_str().expect("a policy").to_owned()).collect()
}

#[test]
fn every_policy_has_actions_that_exist_and_resources_that_they_take() {
    let (Some(folder), Some(parliament)) = (Folder::new(), tool("checks/bin/parliament")) else { return };
    let others = ["sns:us-east-1:123456789012:t", "events:us-east-1:123456789012:event-bus/b"].map(|end| {
        let destination = json!(format!("arn:aws:{end}"));
        Manifest::of(&["fetcher"]).with("/workers/fetcher/on_failure", destination)
    });
    let all = [Manifest::of_three(), Manifest::of_sixty(), Manifest::of_triggers()];
    for manifest in all.into_iter().chain(others) {
        let path = folder.path("manifest.json");
        manifest.write(&path);
        let found = policies(&folder.decisions(&path));
        // Those of sixty workers differ in a name, so the first and the last ones do.
        let some = if found.len() > 10 { [&found[..4], &found[found.len() - 2..]].concat() } else { found };
        for policy in some {
            assert_eq!(findings(&parliament, &policy), "", "{policy}");
        }
    }
}

#[test]
fn the_validator_would_find_a_wrong_action_and_a_wrong_resource() {
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
