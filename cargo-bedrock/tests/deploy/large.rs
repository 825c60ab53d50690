//! Many functions, and a function whose zip is too large for a request.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use testbed::SlowLink;

use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{TestApp, WORKER};

const BUCKET: &str = "cargo-bedrock-123456789012-us-east-1-an";

#[test]
fn sixty_workers_are_deployed() {
    let Some(aws) = EmulatedAws::start(true) else { return };
    let names: Vec<String> = (1..=60).map(|number| format!("a_worker_with_a_rather_long_name_{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let app = TestApp::new(&names).with_endpoint(&names);
    assert!(aws.deploy(&app).ends_with("\n61 to create\n"));
    let endpoint = aws.call("lambda", "get_function_configuration", &json!({ "FunctionName": "shop-dev-endpoint" }));
    // The ARNs of the callees do not fit into the environment, so none is set.
    assert_eq!(endpoint["Environment"]["Variables"].as_object().map_or(0, serde_json::Map::len), 0);
    let role = json!({ "RoleName": "shop-dev-endpoint-us-east-1" });
    let attached = aws.call("iam", "list_attached_role_policies", &role);
    assert_eq!(attached["AttachedPolicies"].as_array().map(Vec::len), Some(3));
    assert_eq!(aws.deploy(&app), "61 unchanged\n");
    // With few callees, the managed policies are deleted.
    let app = app.with("/endpoint/invokes", json!([names[0]]));
    assert!(aws.deploy(&app).contains("~ update  shop-dev-endpoint (permissions, environment +SHOP_WORKER_ARN_"));
    let policies = aws.call("iam", "list_policies", &json!({ "Scope": "Local" }));
    assert_eq!(policies["Policies"], json!([]));
}

#[test]
fn large_zip_is_uploaded_through_a_bucket() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    // The zip is not compressed, so that it is large.
    let bytes = uncompressed_zip("main.py", &format!("def handler(e, c): return 'large'\n#{}", "x".repeat(52_428_800)));
    let code = app.artifact("workers/counter.zip", &bytes);
    app.set("/workers/counter/code", code);
    aws.deploy(&app);
    assert_eq!(aws.invoke("shop-dev-counter", &json!({})), Value::from("large"));
    let bucket = json!({ "Bucket": BUCKET });
    let tags = aws.call("s3", "get_bucket_tagging", &bucket);
    assert_eq!(tags["TagSet"], json!([{ "Key": "bedrock:owner", "Value": "cargo-bedrock" }]));
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    // An earlier deploy may have been killed before it made the objects of the new bucket expire.
    aws.call("s3", "delete_bucket_lifecycle", &bucket);
    let code = app.artifact("workers/counter.zip", &uncompressed_zip("main.py", &"#".repeat(52_428_800)));
    app.set("/workers/counter/code", code);
    aws.deploy(&app);
    let rules = aws.call("s3", "get_bucket_lifecycle_configuration", &bucket);
    assert_eq!(
        (&rules["Rules"][0]["Expiration"]["Days"], &rules["Rules"][0]["Status"]),
        (&json!(2), &json!("Enabled"))
    );
}

#[test]
fn large_layers_need_no_base64_if_the_bucket_can_be_used() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let sizes = Arc::new(Mutex::new(Vec::new()));
    for (is_denied, worker) in [(false, "counter"), (true, "reporter")] {
        let mut app = TestApp::new(&[worker]);
        let bytes = uncompressed_zip("python/data.txt", &"x".repeat(6_000_000));
        let mut layer = app.artifact(&format!("layers/{worker}.zip"), &bytes);
        layer["name"] = json!(worker);
        app.set(&format!("/workers/{worker}/layer"), layer);
        let log = Arc::clone(&sizes);
        let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
            if is_denied && request.operation.starts_with("PUT ") && request.operation.contains(BUCKET) {
                return ProxyAction::Respond(403, "AccessDenied");
            }
            if request.is_mutation && request.operation.contains("/layers/") {
                log.lock().expect("lock").push(request.bytes().len());
            }
            ProxyAction::Forward
        });
        deploy(&app, &aws, &proxy, &["--only", worker]).success();
    }
    let sizes = sizes.lock().expect("lock");
    assert!(sizes.len() == 2 && sizes[0] < 10_000 && sizes[1] > 8_000_000, "{sizes:?}");
}

/// A zip with one file that is not compressed.
fn uncompressed_zip(name: &str, text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file(name, options).expect("a file");
    zip.write_all(text.as_bytes()).expect("its text");
    zip.finish().expect("a zip").into_inner()
}

#[test]
fn zips_are_uploaded_over_a_slow_link() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "reporter"]);
    // Digits that deflate shortens to half of their size.
    let numbers = (0..20_000_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string());
    let digits: String = numbers.collect();
    for worker in ["counter", "reporter"] {
        app.package(worker, &[("main.py", WORKER), ("digits.txt", &digits)]);
    }
    // 1 Mbit/s.
    let link = SlowLink::start(aws.emulator.endpoint(), 125_000);
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), link.endpoint().to_owned()));
    let output = app.command(&["deploy", "--stage", "dev", "--yes"], &environment).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(aws.deploy(&app), "2 unchanged\n");
}
