//! With IAM enforced, a function may invoke exactly the callees in the call graph.

use serde_json::json;

use crate::emulated_aws::EmulatedAws;
use crate::test_app::TestApp;

#[test]
fn only_calls_of_the_graph_are_allowed() {
    let Some(aws) = EmulatedAws::start(true) else { return };
    let app = TestApp::new(&["counter", "fetcher", "reporter"])
        .with("/workers/counter/invokes", json!(["reporter"]))
        .with("/workers/reporter/invokes", json!(["counter"]));
    aws.deploy(&app);
    let counter = |event: serde_json::Value| aws.invoke("shop-dev-counter", &event);
    assert_eq!(counter(json!({ "call": "reporter" }))["name"], "shop-dev-reporter");
    assert_eq!(aws.invoke("shop-dev-reporter", &json!({ "call": "counter" }))["name"], "shop-dev-counter");
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-reporter:live";
    assert_eq!(counter(json!({ "call": "reporter", "arn": arn }))["name"], "shop-dev-reporter");
    assert_eq!(counter(json!({ "call": "reporter", "arn": "shop-dev-fetcher" })), json!({ "refused": "ClientError" }));
    // Removing the call removes the permission.
    let app = app.with("/workers/counter/invokes", json!([]));
    let plan = aws.deploy(&app);
    assert!(plan.contains("shop-dev-counter (permissions, environment -SHOP_WORKER_ARN_REPORTER)"), "{plan}");
    assert_eq!(counter(json!({ "call": "reporter", "arn": "shop-dev-reporter" })), json!({ "refused": "ClientError" }));
}
