//! Buckets are created in the regional namespace of the account, in which no other account can create one.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::TestApp;

const GLOBAL: &str = "cargo-bedrock-123456789012-us-east-1";
const REGIONAL: &str = "cargo-bedrock-123456789012-us-east-1-an";

fn buckets(aws: &EmulatedAws) -> Vec<String> {
    let listed = aws.call("s3", "list_buckets", &json!({}));
    let names = listed["Buckets"].as_array().into_iter().flatten().filter_map(|bucket| bucket["Name"].as_str());
    names.map(str::to_owned).collect()
}

#[test]
fn new_buckets_are_in_the_namespace_of_the_account() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let created = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&created);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        let name = request.operation.strip_prefix("PUT /").map(|name| name.trim_end_matches('/').to_owned());
        if let Some(name) = name.filter(|name| !name.contains(['/', '?'])) {
            log.lock().expect("lock").push((name, request.has_header("x-amz-bucket-namespace")));
        }
        ProxyAction::Forward
    });
    deploy(&TestApp::new(&["counter"]), &aws, &proxy, &[]).success();
    assert_eq!(*created.lock().expect("lock"), [(REGIONAL.to_owned(), true)]);
    assert_eq!(buckets(&aws), [REGIONAL]);
}

#[test]
fn bucket_of_an_earlier_version_stays_in_use() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    aws.call("s3", "create_bucket", &json!({ "Bucket": GLOBAL }));
    aws.deploy(&TestApp::new(&["counter"]));
    assert_eq!(buckets(&aws), [GLOBAL]);
    let objects: Value = aws.call("s3", "list_objects_v2", &json!({ "Bucket": GLOBAL }));
    assert_eq!(objects["Contents"][0]["Key"], "locks/shop-dev.json");
}

#[test]
fn bucket_of_another_account_is_not_needed() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        let is_theirs = request.operation.trim_end_matches('/') == format!("HEAD /{GLOBAL}");
        if is_theirs { ProxyAction::Respond(403, "AccessDenied") } else { ProxyAction::Forward }
    });
    let output = deploy(&TestApp::new(&["counter"]), &aws, &proxy, &[]);
    assert!(!output.stderr.contains("lock"), "{output:?}");
    output.success();
    assert_eq!(buckets(&aws), [REGIONAL]);
}
