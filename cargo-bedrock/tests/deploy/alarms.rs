//! CloudWatch alarms: they are created, changed, repaired and deleted, and those of the user stay.

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::test_app::TestApp;

/// Settings of alarms, of which `changed` replaces some.
pub(crate) fn alarms(changed: &Value) -> Value {
    let mut alarms = json!({
        "notify": "ops", "errors": 1, "throttles": 1, "dead_letters": 1, "period": 60, "evaluation_periods": 1,
        "datapoints_to_alarm": 1
    });
    for (key, value) in changed.as_object().into_iter().flatten() {
        alarms[key] = value.clone();
    }
    alarms
}

fn app() -> TestApp {
    let mut app = TestApp::new(&["counter", "other"]).with("/version", json!(3));
    app.set("/workers/counter/alarms", alarms(&json!({})));
    let queue = json!({
        "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
        "visibility_timeout": 180
    });
    app.set("/workers/counter/triggers", json!([queue]));
    app
}

/// Returns all alarms by their names.
fn deployed(aws: &EmulatedAws) -> Vec<Value> {
    let mut alarms =
        aws.call("cloudwatch", "describe_alarms", &json!({}))["MetricAlarms"].as_array().cloned().unwrap_or_default();
    alarms.sort_by_key(|alarm| alarm["AlarmName"].to_string());
    alarms
}

fn names(aws: &EmulatedAws) -> Vec<String> {
    deployed(aws).iter().map(|alarm| alarm["AlarmName"].as_str().unwrap_or_default().to_owned()).collect()
}

fn tags(aws: &EmulatedAws) -> Value {
    aws.call("lambda", "get_function", &json!({ "FunctionName": "shop-dev-counter" }))["Tags"].clone()
}

/// An alarm that someone else made.
fn put_theirs(aws: &EmulatedAws, name: &str) {
    let theirs = json!({
        "AlarmName": name, "Namespace": "AWS/Lambda", "MetricName": "Duration", "Statistic": "Average", "Threshold": 9,
        "ComparisonOperator": "GreaterThanThreshold", "Period": 60, "EvaluationPeriods": 1
    });
    aws.call("cloudwatch", "put_metric_alarm", &theirs);
}

#[test]
fn alarms_are_created_changed_repaired_and_deleted() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    put_theirs(&aws, "shop-dev-counter-latency");
    let mut app = app();
    insta::assert_snapshot!(aws.deploy(&app), @"
    + create  shop-dev-counter
    + create  shop-dev-other
    + create  queue shop-dev-jobs
    + create  topic shop-dev-ops
    + create  alarms shop-dev-counter

    5 to create
    ");
    let found = deployed(&aws);
    let of_errors = &found[1];
    assert_eq!(
        names(&aws),
        [
            "shop-dev-counter-dead-letters-shop-dev-jobs-dead",
            "shop-dev-counter-errors",
            "shop-dev-counter-latency",
            "shop-dev-counter-throttles"
        ]
    );
    assert_eq!(of_errors["Dimensions"], json!([{ "Name": "FunctionName", "Value": "shop-dev-counter" }]));
    assert_eq!(of_errors["AlarmActions"], json!(["arn:aws:sns:us-east-1:123456789012:shop-dev-ops"]));
    assert_eq!((&of_errors["TreatMissingData"], &of_errors["Threshold"]), (&json!("notBreaching"), &json!(1.0)));
    assert_eq!(found[0]["Dimensions"], json!([{ "Name": "QueueName", "Value": "shop-dev-jobs-dead" }]));
    let topics = aws.call("sns", "list_topics", &json!({}));
    assert!(topics.to_string().contains(":shop-dev-ops"), "{topics}");
    assert_eq!(tags(&aws)["bedrock:alarms"], "yes");
    assert_eq!(aws.deploy(&app), "5 unchanged\n");
    assert_eq!(aws.deploy_refreshed(&app), "5 unchanged\n");

    // Someone changes one and deletes one.
    let mut by_hand = of_errors.clone();
    by_hand["Threshold"] = json!(100);
    let keys = ["AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Threshold", "ComparisonOperator"];
    let keys = keys.into_iter().chain(["Period", "EvaluationPeriods", "TreatMissingData"]);
    let by_hand: Value =
        keys.map(|key| (key.to_owned(), by_hand[key].clone())).collect::<serde_json::Map<_, _>>().into();
    aws.call("cloudwatch", "put_metric_alarm", &by_hand);
    aws.call("cloudwatch", "delete_alarms", &json!({ "AlarmNames": ["shop-dev-counter-throttles"] }));
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("alarms shop-dev-counter") && status.contains("errors threshold 100 → 1"), "{status}");
    assert!(status.contains("+throttles"), "{status}");
    aws.deploy_refreshed(&app);
    assert_eq!(deployed(&aws)[1]["Threshold"], 1.0);
    assert_eq!(names(&aws).len(), 4);

    // The settings change, then they are gone.
    app.set("/workers/counter/alarms", alarms(&json!({ "notify": null, "errors": 5, "throttles": null })));
    let plan = aws.deploy(&app);
    assert!(plan.contains("(dead-letters-shop-dev-jobs-dead notify"), "{plan}");
    assert!(plan.contains("errors threshold 1 → 5") && plan.contains("-throttles"), "{plan}");
    assert_eq!(deployed(&aws)[1]["AlarmActions"], json!([]));
    app.set("/workers/counter/alarms", Value::Null);
    let plan = aws.deploy(&app);
    assert!(plan.contains("- delete  alarms shop-dev-counter"), "{plan}");
    assert_eq!(names(&aws), ["shop-dev-counter-latency"]);
    assert_eq!(tags(&aws)["bedrock:alarms"], Value::Null);
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
}

#[test]
fn alarms_go_with_their_function_and_with_the_stage() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    app.set("/workers/other/alarms", alarms(&json!({ "throttles": null })));
    aws.deploy(&app);
    put_theirs(&aws, "shop-dev-counter-latency");
    assert!(names(&aws).contains(&"shop-dev-other-errors".to_owned()));
    // A partial deploy does not touch the alarms of others.
    app.set("/workers/counter/alarms/errors", json!(7));
    app.set("/workers/other/alarms/errors", json!(8));
    let plan = aws.run(&app, &["deploy", "--stage", "dev", "--only", "other", "--yes"]).success();
    assert!(plan.contains("errors threshold 1 → 8") && !plan.contains("1 → 7"), "{plan}");
    app.remove("other");
    let plan = aws.deploy(&app);
    assert!(plan.contains("- delete  alarms shop-dev-other"), "{plan}");
    assert!(!names(&aws).contains(&"shop-dev-other-errors".to_owned()));
    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(names(&aws), ["shop-dev-counter-latency"]);
}

#[test]
fn alarm_of_others_with_a_needed_name_stops_the_deploy() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    put_theirs(&aws, "shop-dev-counter-errors");
    let output = aws.run(&app(), &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("alarm `shop-dev-counter-errors` was not created by"), "{}", output.stderr);
    assert_eq!(deployed(&aws)[0]["MetricName"], "Duration");
}
