//! Who may call whom, where IAM is enforced: exactly the calls of the graph.

use serde_json::json;

use crate::cloud::Cloud;
use crate::shop::Shop;

#[test]
fn calls_of_the_graph_are_allowed_and_others_are_denied() {
    let Some(cloud) = Cloud::start(true) else { return };
    let shop = Shop::new(&["counter", "fetcher", "reporter"])
        .with("/workers/counter/invokes", json!(["reporter"]))
        .with("/workers/reporter/invokes", json!(["counter"]));
    cloud.deploy(&shop);
    let counter = |event: serde_json::Value| cloud.invoke("shop-dev-counter", &event);
    assert_eq!(counter(json!({ "call": "reporter" }))["name"], "shop-dev-reporter");
    assert_eq!(cloud.invoke("shop-dev-reporter", &json!({ "call": "counter" }))["name"], "shop-dev-counter");
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-reporter:live";
    assert_eq!(counter(json!({ "call": "reporter", "arn": arn }))["name"], "shop-dev-reporter");
    assert_eq!(counter(json!({ "call": "reporter", "arn": "shop-dev-fetcher" })), json!({ "refused": "ClientError" }));
    // The right goes with the call.
    let shop = shop.with("/workers/counter/invokes", json!([]));
    let planned = cloud.deploy(&shop);
    assert!(planned.contains("shop-dev-counter (rights, environment -SHOP_WORKER_ARN_REPORTER)"), "{planned}");
    assert_eq!(counter(json!({ "call": "reporter", "arn": "shop-dev-reporter" })), json!({ "refused": "ClientError" }));
}
