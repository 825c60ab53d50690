//! Many functions, and large ones.

use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::shop::Shop;

#[test]
fn sixty_workers_are_deployed() {
    let Some(cloud) = Cloud::start(true) else { return };
    let names: Vec<String> = (1..=60).map(|number| format!("a_worker_with_a_rather_long_name_{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let shop = Shop::new(&names).with_endpoint(&names);
    assert!(cloud.deploy(&shop).ends_with("\n61 to create\n"));
    let endpoint = cloud.call("lambda", "get_function_configuration", &json!({ "FunctionName": "shop-dev-endpoint" }));
    // Their ARNs do not fit: none is there.
    assert_eq!(endpoint["Environment"]["Variables"].as_object().map_or(0, serde_json::Map::len), 0);
    let of = json!({ "RoleName": "shop-dev-endpoint-us-east-1" });
    let attached = cloud.call("iam", "list_attached_role_policies", &of);
    assert_eq!(attached["AttachedPolicies"].as_array().map(Vec::len), Some(3));
    assert_eq!(cloud.deploy(&shop), "61 stay as they are\n");
    // Few callees again: the policies beside the role go.
    let shop = shop.with("/endpoint/invokes", json!([names[0]]));
    assert!(cloud.deploy(&shop).contains("~ update  shop-dev-endpoint (rights, environment +SHOP_WORKER_ARN_"));
    let policies = cloud.call("iam", "list_policies", &json!({ "Scope": "Local" }));
    assert_eq!(policies["Policies"], json!([]));
}

#[test]
fn a_zip_that_is_too_large_for_a_request_goes_through_a_bucket() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = Shop::new(&["counter"]);
    // Stored, so that it stays as large as it is.
    let bytes = stored("main.py", &format!("def handler(e, c): return 'large'\n#{}", "x".repeat(52_428_800)));
    let code = shop.artifact("workers/counter.zip", &bytes);
    shop.set("/workers/counter/code", code);
    cloud.deploy(&shop);
    assert_eq!(cloud.invoke("shop-dev-counter", &json!({})), Value::from("large"));
    let bucket = "cargo-bedrock-123456789012-us-east-1";
    let tags = cloud.call("s3", "get_bucket_tagging", &json!({ "Bucket": bucket }));
    assert_eq!(tags["TagSet"], json!([{ "Key": "bedrock:owner", "Value": "cargo-bedrock" }]));
    assert_eq!(cloud.deploy(&shop), "1 stays as it is\n");
}

/// A zip with one file that is not compressed.
fn stored(name: &str, text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file(name, options).expect("a file");
    zip.write_all(text.as_bytes()).expect("its text");
    zip.finish().expect("a zip").into_inner()
}
