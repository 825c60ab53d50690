//! Changed tags of the settings reach everything that a deploy has made, and tags of others stay.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::least_privilege::{app_with_everything, stream};
use crate::role_settings::set_deploy_settings;

/// Returns the tags of everything of the stage that can be tagged, by its kind and name.
fn all_tags(aws: &EmulatedAws) -> BTreeMap<String, String> {
    let arn = |service: &str, resource: &str| format!("arn:aws:{service}:us-east-1:123456789012:{resource}");
    let queue_url = |name: &str| aws.call("sqs", "get_queue_url", &json!({ "QueueName": name }))["QueueUrl"].clone();
    let of = |service: &str, operation: &str, arguments: &Value| {
        let found = aws.call(service, operation, arguments);
        // Each service has its own name for tags.
        let tags = ["Tags", "tags", "TagSet", "TagList"].iter().find_map(|key| found.get(*key)).cloned();
        tags.unwrap_or_default().to_string()
    };
    let mappings = aws.call("lambda", "list_event_source_mappings", &json!({}))["EventSourceMappings"].clone();
    let apis = aws.call("apigatewayv2", "get_apis", &json!({}))["Items"].clone();
    let api = format!("arn:aws:apigateway:us-east-1::/apis/{}", apis[0]["ApiId"].as_str().expect("an API"));
    let policies = aws.call("iam", "list_policies", &json!({ "Scope": "Local", "PathPrefix": "/bedrock/" }));
    let mut tags = BTreeMap::new();
    for role in ["shop-dev-counter-us-east-1", "shop-dev-counter-schedule-us-east-1", "shop-dev-endpoint-us-east-1"] {
        tags.insert(format!("role {role}"), of("iam", "list_role_tags", &json!({ "RoleName": role })));
    }
    for policy in policies["Policies"].as_array().expect("policies") {
        let name = policy["PolicyName"].as_str().expect("a name");
        let arguments = json!({ "PolicyArn": policy["Arn"] });
        tags.insert(format!("policy {name}"), of("iam", "list_policy_tags", &arguments));
    }
    for name in ["shop-dev-jobs", "shop-dev-jobs-dead"] {
        tags.insert(format!("queue {name}"), of("sqs", "list_queue_tags", &json!({ "QueueUrl": queue_url(name) })));
    }
    for mapping in mappings.as_array().expect("mappings") {
        let arguments = json!({ "Resource": mapping["EventSourceMappingArn"] });
        tags.insert(format!("mapping {}", mapping["EventSourceArn"]), of("lambda", "list_tags", &arguments));
    }
    for path in ["", "/stages/$default"] {
        let arguments = json!({ "ResourceArn": format!("{api}{path}") });
        tags.insert(format!("api {path}"), of("apigatewayv2", "get_tags", &arguments));
    }
    let others = [
        (
            "logs",
            "list_tags_for_resource",
            json!({ "resourceArn": arn("logs", "log-group:/aws/lambda/shop-dev-counter") }),
        ),
        ("scheduler", "list_tags_for_resource", json!({ "ResourceArn": arn("scheduler", "schedule-group/shop-dev") })),
        ("s3", "get_bucket_tagging", json!({ "Bucket": "shop-dev-uploads-123456789012-us-east-1" })),
        ("sns", "list_tags_for_resource", json!({ "ResourceArn": arn("sns", "shop-dev-alerts") })),
        ("events", "list_tags_for_resource", json!({ "ResourceARN": arn("events", "event-bus/shop-dev-orders") })),
        ("events", "list_tags_for_resource", json!({ "ResourceARN": arn("events", "rule/shop-dev-counter-1") })),
        ("dynamodb", "list_tags_of_resource", json!({ "ResourceArn": arn("dynamodb", "table/shop-dev-orders") })),
        ("kinesis", "list_tags_for_stream", json!({ "StreamName": "shop-dev-clicks" })),
        (
            "cloudwatch",
            "list_tags_for_resource",
            json!({ "ResourceARN": arn("cloudwatch", "alarm:shop-dev-counter-errors") }),
        ),
        ("lambda", "list_tags", json!({ "Resource": arn("lambda", "function:shop-dev-counter") })),
    ];
    for (service, operation, arguments) in others {
        tags.insert(format!("{service} {arguments}"), of(service, operation, &arguments));
    }
    tags
}

#[test]
fn changed_tags_reach_everything_that_a_deploy_made() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    aws.call("ssm", "put_parameter", &json!({ "Name": "/shop/token", "Value": "x", "Type": "SecureString" }));
    aws.call("secretsmanager", "create_secret", &json!({ "Name": "key", "SecretString": "y" }));
    aws.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    // So many callees do not fit into the inline policy of the endpoint.
    let names: Vec<String> = (1..=59).map(|number| format!("a_worker_with_a_rather_long_name_{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["counter"]).collect();
    let mut app = app_with_everything(&names);
    app.add_to("/workers/counter/triggers", 8, stream(&json!({ "kinesis": "clicks" })));
    let of_table = stream(&json!({ "dynamodb": "orders", "stream_view_type": "KEYS_ONLY" }));
    app.add_to("/workers/counter/triggers", 9, of_table);
    set_deploy_settings(&app, "tags = { team = \"shop\", cost = \"7\" }");
    aws.deploy(&app);
    let before = all_tags(&aws);
    assert!(before.len() > 19 && before.keys().any(|name| name.starts_with("policy ")), "{before:?}");
    // Tags of the user, also on a bucket, whose tags S3 replaces all at once.
    let bucket = "shop-dev-uploads-123456789012-us-east-1";
    let mut of_bucket = aws.call("s3", "get_bucket_tagging", &json!({ "Bucket": bucket }))["TagSet"].clone();
    of_bucket.as_array_mut().expect("tags").push(json!({ "Key": "mine", "Value": "yes" }));
    aws.call("s3", "put_bucket_tagging", &json!({ "Bucket": bucket, "Tagging": { "TagSet": of_bucket } }));
    let topic = "arn:aws:sns:us-east-1:123456789012:shop-dev-alerts";
    let mine = json!({ "ResourceArn": topic, "Tags": [{ "Key": "mine", "Value": "yes" }] });
    aws.call("sns", "tag_resource", &mine);

    set_deploy_settings(&app, "tags = { team = \"books\" }");
    let plan = aws.run(&app, &["deploy", "--stage", "dev", "--dry-run"]).success();
    for line in [
        "~ update  shop-dev-counter (tags)",
        "~ update  schedules shop-dev (tags)",
        "~ update  queue shop-dev-jobs (tags)",
        "~ update  bucket shop-dev-uploads-123456789012-us-east-1 (tags)",
        "~ update  topic shop-dev-alerts (tags)",
        "~ update  rule shop-dev-counter-2 (tags)",
        "~ update  stream of table shop-dev-orders (tags)",
        "~ update  stream shop-dev-clicks (tags)",
        "~ update  http api shop-dev (tags)",
        "~ update  alarms shop-dev-counter (tags)",
    ] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    aws.deploy(&app);
    let after = all_tags(&aws);
    for (name, tags) in &after {
        assert!(tags.contains("books"), "{name}: {tags}");
        // A tag that is taken out of the settings stays, and so do those of the stage.
        assert!(tags.contains("cost") && tags.contains("bedrock:owner"), "{name}: {tags}");
    }
    assert_eq!(after.values().filter(|tags| tags.contains("mine")).count(), 2, "{after:?}");
    assert!(!aws.deploy(&app).contains("to update"));
    assert!(!aws.deploy_refreshed(&app).contains("to update"));
}
