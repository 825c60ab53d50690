//! Topics and rules of event buses as triggers: created, updated, compared and deleted together with the functions.

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::test_app::TestApp;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:shop-dev-alerts";
const LIVE: &str = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-counter:live";

/// Sends what it gets of a message or an event to the queue `seen`.
const RELAY: &str = r#"
import boto3

def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="seen")["QueueUrl"]
    text = event["Records"][0]["Sns"]["Message"] if "Records" in event else event["detail"]["text"]
    sqs.send_message(QueueUrl=url, MessageBody=text)
    return {}
"#;

fn topic(name: &str, filter: &Value, scope: &str) -> Value {
    json!({ "topic": name, "filter": filter, "filter_scope": scope })
}

fn bus(name: &str, source: &str) -> Value {
    json!({ "bus": name, "pattern": format!(r#"{{"source":["{source}"]}}"#) })
}

fn app(triggers: Value) -> TestApp {
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    app.code("counter", RELAY);
    app.set("/workers/counter/triggers", triggers);
    app
}

fn subscriptions(aws: &EmulatedAws) -> Vec<Value> {
    let listed = aws.call("sns", "list_subscriptions", &json!({}));
    let all = listed["Subscriptions"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|subscription| subscription["Endpoint"] == LIVE).collect()
}

fn rules(aws: &EmulatedAws, bus: &str) -> Vec<String> {
    let listed = aws.call("events", "list_rules", &json!({ "EventBusName": bus }));
    let rules = listed["Rules"].as_array().cloned().unwrap_or_default();
    rules.iter().filter_map(|rule| rule["Name"].as_str().map(str::to_owned)).collect()
}

/// Returns the sources in the resource policy of the alias.
fn sources(aws: &EmulatedAws) -> Vec<String> {
    let alias = json!({ "FunctionName": "shop-dev-counter", "Qualifier": "live" });
    // Without a statement there is no policy, which is an error.
    let policy = aws.emulator.call("lambda", "get_policy", &alias).unwrap_or_default();
    let policy = policy["Policy"].as_str().map(str::to_owned).unwrap_or_default();
    let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    let source = |statement: &Value| {
        let condition = statement["Condition"].as_object()?.values().next()?.as_object()?;
        condition.values().next()?.as_str().map(str::to_owned)
    };
    let mut sources: Vec<String> = statements.iter().filter_map(source).collect();
    sources.sort();
    sources
}

#[test]
fn topics_and_rules_invoke_their_worker() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let seen = aws.create_queue("seen");
    let order = json!(r#"{"kind":["order"]}"#);
    let mut app = app(json!([topic("alerts", &Value::Null, "attributes"), bus("default", "shop"), bus("orders", "x")]));
    insta::assert_snapshot!(aws.deploy(&app), @"
    + create  shop-dev-counter
    + create  topic shop-dev-alerts
    + create  rule shop-dev-counter-1
    + create  rule shop-dev-counter-2

    4 to create
    ");
    aws.call("sns", "publish", &json!({ "TopicArn": TOPIC, "Message": "published" }));
    aws.wait_for_message(&seen, "published");
    let put = |bus: &str, source: &str| {
        let detail = json!({ "text": format!("{bus} {source}") }).to_string();
        let entry = json!({ "Source": source, "DetailType": "sold", "Detail": detail, "EventBusName": bus });
        aws.call("events", "put_events", &json!({ "Entries": [entry] }));
    };
    put("default", "other");
    put("default", "shop");
    aws.wait_for_message(&seen, "default shop");
    put("shop-dev-orders", "x");
    aws.wait_for_message(&seen, "shop-dev-orders x");
    let rule = |path: &str| format!("arn:aws:events:us-east-1:123456789012:rule/{path}");
    assert_eq!(
        sources(&aws),
        [rule("shop-dev-counter-1"), rule("shop-dev-orders/shop-dev-counter-2"), TOPIC.to_owned()]
    );
    assert_eq!(aws.deploy(&app), "4 unchanged\n");

    let changed = json!([topic("alerts", &order, "body"), bus("default", "store"), bus("orders", "x")]);
    app.set("/workers/counter/triggers", changed);
    let planned = "~ update  topic shop-dev-alerts (filter of counter)\n~ update  rule shop-dev-counter-1 (pattern)\n\n2 to \
                   update, 2 unchanged\n";
    assert_eq!(aws.deploy(&app), planned);
    let arn = subscriptions(&aws)[0]["SubscriptionArn"].clone();
    let attributes = aws.call("sns", "get_subscription_attributes", &json!({ "SubscriptionArn": arn }));
    assert_eq!(
        (&attributes["Attributes"]["FilterPolicy"], &attributes["Attributes"]["FilterPolicyScope"]),
        (&order, &json!("MessageBody"))
    );
    assert_eq!(aws.deploy(&app), "4 unchanged\n");
    assert_drift_is_corrected(&aws, &app);

    let destroyed = aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert!(destroyed.contains("- delete  rule shop-dev-counter-2\n"), "{destroyed}");
    assert_eq!(subscriptions(&aws), Vec::<Value>::new());
    assert_eq!((rules(&aws, "default"), rules(&aws, "shop-dev-orders")), (vec![], vec![]));
    // A topic and a bus are kept, because others may know them.
    assert!(aws.call("sns", "list_topics", &json!({})).to_string().contains(TOPIC));
}

/// Changes rule and subscription by hand.
fn assert_drift_is_corrected(aws: &EmulatedAws, app: &TestApp) {
    aws.call("events", "disable_rule", &json!({ "Name": "shop-dev-counter-1" }));
    aws.call("sns", "unsubscribe", &json!({ "SubscriptionArn": subscriptions(aws)[0]["SubscriptionArn"] }));
    let status = aws.run(app, &["status", "--stage", "dev"]).stdout;
    assert!(status.contains("rule shop-dev-counter-1"), "{status}");
    let corrected = "~ update  topic shop-dev-alerts (+counter)\n~ update  rule shop-dev-counter-1 (state or target)\n\n2 to \
                     update, 2 unchanged\n";
    assert_eq!(aws.deploy_refreshed(app), corrected);
    assert_eq!(aws.deploy(app), "4 unchanged\n");
}

#[test]
fn removed_topics_and_rules_no_longer_invoke_a_worker() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let theirs = "arn:aws:sns:us-east-1:123456789012:theirs";
    aws.call("sns", "create_topic", &json!({ "Name": "theirs" }));
    let mut app = app(json!([topic(theirs, &Value::Null, "attributes"), bus("default", "shop")]));
    aws.deploy(&app);
    assert_eq!((subscriptions(&aws).len(), rules(&aws, "default").len()), (1, 1));
    app.set("/workers/counter/triggers", json!([]));
    insta::assert_snapshot!(aws.deploy(&app), @"
    ~ update  topic theirs (no longer invokes a worker)
    - delete  rule shop-dev-counter-1

    1 to update, 1 to delete, 1 unchanged
    ");
    assert_eq!((subscriptions(&aws).len(), rules(&aws, "default").len()), (0, 0));
    assert_eq!(sources(&aws), Vec::<String>::new());
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
}

#[test]
fn rules_of_others_are_refused() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let pattern = r#"{"source":["a"]}"#;
    aws.call("events", "put_rule", &json!({ "Name": "shop-dev-counter-1", "EventPattern": pattern }));
    let mut app = app(json!([bus("default", "shop")]));
    let output = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    let cause = "caused by: rule `shop-dev-counter-1` was not created by `cargo bedrock deploy` for this stage";
    assert!(output.stderr.contains(cause), "{}", output.stderr);
    app.set("/workers/counter/triggers/0/bus", json!("arn:aws:events:eu-west-1:123456789012:event-bus/theirs"));
    let output = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert!(output.stderr.contains("is not one of the account and the region of stage `dev`"), "{}", output.stderr);
}
