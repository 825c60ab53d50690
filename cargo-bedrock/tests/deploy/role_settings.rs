//! What an organization demands of all stages: a permissions boundary and a path of roles, and tags of all resources.

use serde_json::{Value, json};

use crate::alarms::alarms;
use crate::emulated_aws::EmulatedAws;
use crate::test_app::TestApp;

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/boundary";

pub(crate) fn set_deploy_settings(app: &TestApp, deploy: &str) {
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    app.write("Cargo.toml", &format!("{manifest}[package.metadata.bedrock.deploy]\n{deploy}\n[workspace]\n"));
}

fn app() -> TestApp {
    let schedule = json!({ "schedule": "rate(1 hour)", "timezone": "UTC", "event": null });
    let queue = json!({
        "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 5,
        "visibility_timeout": 180
    });
    TestApp::new(&["counter"]).with("/version", json!(2)).with("/workers/counter/triggers", json!([schedule, queue]))
}

fn start() -> Option<EmulatedAws> {
    let aws = EmulatedAws::start(false)?;
    let document =
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    aws.call("iam", "create_policy", &json!({ "PolicyName": "boundary", "PolicyDocument": document.to_string() }));
    Some(aws)
}

fn role(aws: &EmulatedAws, name: &str) -> Value {
    aws.call("iam", "get_role", &json!({ "RoleName": name }))["Role"].clone()
}

fn boundary(role: &Value) -> Option<&str> {
    role["PermissionsBoundary"]["PermissionsBoundaryArn"].as_str()
}

#[test]
fn roles_and_resources_have_what_the_settings_say() {
    let Some(aws) = start() else { return };
    let mut app = app().with("/version", json!(3));
    app.set("/workers/counter/alarms", alarms(&json!({ "notify": "arn:aws:sns:us-east-1:123456789012:ops" })));
    set_deploy_settings(
        &app,
        &format!(
            "permissions-boundary = \"{BOUNDARY}\"\nrole-path = \"/teams/{{stage}}/\"\ntags = {{ team = \"shop\" }}"
        ),
    );
    aws.deploy(&app);
    for name in ["shop-dev-counter-us-east-1", "shop-dev-counter-schedule-us-east-1"] {
        let role = role(&aws, name);
        assert_eq!(role["Arn"], format!("arn:aws:iam::123456789012:role/teams/dev/{name}"));
        assert_eq!(boundary(&role), Some(BOUNDARY), "{role}");
        let tags = role["Tags"].as_array().expect("tags");
        assert!(tags.contains(&json!({ "Key": "team", "Value": "shop" })), "{role}");
    }
    let function = aws.call("lambda", "get_function", &json!({ "FunctionName": "shop-dev-counter" }));
    assert_eq!(function["Tags"]["team"], "shop");
    assert_eq!(function["Configuration"]["Role"], role(&aws, "shop-dev-counter-us-east-1")["Arn"]);
    let url = aws.call("sqs", "get_queue_url", &json!({ "QueueName": "shop-dev-jobs" }))["QueueUrl"].clone();
    assert_eq!(aws.call("sqs", "list_queue_tags", &json!({ "QueueUrl": url }))["Tags"]["team"], "shop");
    let schedule = aws.call("scheduler", "get_schedule", &json!({ "GroupName": "shop-dev", "Name": "counter-1" }));
    assert_eq!(schedule["Target"]["RoleArn"], role(&aws, "shop-dev-counter-schedule-us-east-1")["Arn"]);
    let alarm = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:shop-dev-counter-errors";
    let tags = aws.call("cloudwatch", "list_tags_for_resource", &json!({ "ResourceARN": alarm }))["Tags"].clone();
    assert!(tags.as_array().expect("tags").contains(&json!({ "Key": "team", "Value": "shop" })), "{tags}");
    assert!(aws.deploy_refreshed(&app).contains("unchanged"));
    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(aws.list_resources("shop-"), Vec::<String>::new());
}

#[test]
fn deployed_roles_get_a_boundary_and_keep_their_path() {
    let Some(aws) = start() else { return };
    let app = app();
    aws.deploy(&app);
    set_deploy_settings(
        &app,
        &format!("permissions-boundary = \"{BOUNDARY}\"\nrole-path = \"/teams/\"\ntags = {{ team = \"shop\" }}"),
    );
    // The record of the last deployment knows what was set.
    let plan = aws.deploy(&app);
    assert!(plan.contains("~ update  shop-dev-counter (permissions boundary, tags)"), "{plan}");
    assert!(plan.contains("schedules shop-dev (role of counter, tags)"), "{plan}");
    for name in ["shop-dev-counter-us-east-1", "shop-dev-counter-schedule-us-east-1"] {
        let role = role(&aws, name);
        assert_eq!(role["Arn"], format!("arn:aws:iam::123456789012:role/{name}"));
        assert_eq!(boundary(&role), Some(BOUNDARY), "{role}");
    }
    assert!(aws.deploy(&app).contains("unchanged"));
    assert!(!aws.deploy_refreshed(&app).contains("to update"));
    // Code is updated with the role that exists.
    let app = app.with("/workers/counter/memory", json!(512));
    aws.deploy(&app);
    let function = aws.call("lambda", "get_function", &json!({ "FunctionName": "shop-dev-counter" }));
    assert_eq!(function["Configuration"]["Role"], "arn:aws:iam::123456789012:role/shop-dev-counter-us-east-1");
    // A role that is created again has the path of the settings.
    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    aws.deploy(&app);
    assert_eq!(
        role(&aws, "shop-dev-counter-us-east-1")["Arn"],
        "arn:aws:iam::123456789012:role/teams/shop-dev-counter-us-east-1"
    );
}
