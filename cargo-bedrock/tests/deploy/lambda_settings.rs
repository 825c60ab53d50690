//! Settings that not every function has: they are set, changed, found if someone else changed them, and reset when they are
//! no longer in the settings. Functions without them keep what others have set.

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::test_app::TestApp;

const FUNCTION: &str = "shop-dev-counter";

fn configuration(aws: &EmulatedAws) -> Value {
    aws.call("lambda", "get_function_configuration", &json!({ "FunctionName": FUNCTION }))
}

fn tags(aws: &EmulatedAws) -> Value {
    aws.call("lambda", "get_function", &json!({ "FunctionName": FUNCTION }))["Tags"].clone()
}

fn all_settings() -> Value {
    json!({
        "ephemeral_storage": 2048, "tracing": "Active", "description": "counts", "tags": { "team": "{stage}-media" },
        "kms_key": "arn:aws:kms:us-east-1:123456789012:key/0a1b",
        "logging": { "format": "JSON", "level": "WARN", "system_level": "INFO", "group": null },
        "vpc": { "subnets": ["subnet-1a", "subnet-2b"], "security_groups": ["sg-1"], "ipv6": false }
    })
}

#[test]
fn lambda_settings_are_set_kept_and_reset() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    app.set("/workers/counter/lambda", all_settings());
    assert_eq!(aws.deploy(&app), "+ create  shop-dev-counter\n\n1 to create\n");
    let found = configuration(&aws);
    assert_eq!(found["EphemeralStorage"]["Size"], 2_048);
    assert_eq!(found["TracingConfig"]["Mode"], "Active");
    assert_eq!(found["Description"], "counts");
    assert_eq!(found["KMSKeyArn"], "arn:aws:kms:us-east-1:123456789012:key/0a1b");
    assert_eq!(found["LoggingConfig"]["ApplicationLogLevel"], "WARN");
    assert_eq!(found["VpcConfig"]["SubnetIds"], json!(["subnet-1a", "subnet-2b"]));
    assert_eq!(tags(&aws)["team"], "dev-media");
    assert_eq!(aws.deploy(&app), "1 unchanged\n");

    // Someone else changes one, and deploy and status say so.
    aws.call(
        "lambda",
        "update_function_configuration",
        &json!({ "FunctionName": FUNCTION, "EphemeralStorage": { "Size": 512 }, "Description": "theirs" }),
    );
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("description") && status.contains("ephemeral-storage 512 → 2048"), "{status}");
    insta::assert_snapshot!(aws.deploy(&app), @"
    ~ update  shop-dev-counter (description, ephemeral-storage 512 → 2048)

    1 to update
    ");

    // Settings that are gone get Lambda's defaults; the tag of the user stays.
    app.set("/workers/counter/lambda", json!({ "tracing": "PassThrough" }));
    let plan = aws.deploy(&app);
    for reason in ["ephemeral-storage 2048 → 512", "kms-key", "logging", "vpc"] {
        assert!(plan.contains(reason), "{reason}: {plan}");
    }
    let found = configuration(&aws);
    assert_eq!(
        (&found["EphemeralStorage"]["Size"], &found["TracingConfig"]["Mode"], &found["Description"]),
        (&json!(512), &json!("PassThrough"), &json!(""))
    );
    assert_eq!((&tags(&aws)["team"], &tags(&aws)["bedrock:settings"]), (&json!("dev-media"), &json!("TracingConfig")));
    assert_eq!(aws.deploy(&app), "1 unchanged\n");

    app.set("/workers/counter/lambda", json!({}));
    aws.deploy(&app);
    assert_eq!(tags(&aws)["bedrock:settings"], Value::Null);
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
}

#[test]
fn snap_start_is_switched_on_and_off() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    aws.deploy(&app);
    app.set("/workers/counter/lambda", json!({ "snap_start": true }));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-counter (snap-start None → PublishedVersions)\n\n1 to update\n");
    assert_eq!(configuration(&aws)["SnapStart"]["ApplyOn"], "PublishedVersions");
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    app.set("/workers/counter/lambda", json!({}));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-counter (snap-start PublishedVersions → None)\n\n1 to update\n");
}

#[test]
fn function_without_lambda_settings_keeps_what_others_set() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    aws.deploy(&app);
    assert_eq!(tags(&aws)["bedrock:settings"], Value::Null);
    let theirs = json!({
        "FunctionName": FUNCTION, "EphemeralStorage": { "Size": 1024 }, "TracingConfig": { "Mode": "Active" },
        "VpcConfig": { "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"] }, "Description": "theirs"
    });
    aws.call("lambda", "update_function_configuration", &theirs);
    aws.call("lambda", "publish_version", &json!({ "FunctionName": FUNCTION }));
    let arn = configuration(&aws)["FunctionArn"].clone();
    aws.call("lambda", "tag_resource", &json!({ "Resource": arn, "Tags": { "theirs": "yes" } }));
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    app.set("/workers/counter/memory", json!(512));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-counter (memory 256 → 512)\n\n1 to update\n");
    let found = configuration(&aws);
    assert_eq!(
        (&found["EphemeralStorage"]["Size"], &found["TracingConfig"]["Mode"], &found["Description"]),
        (&json!(1_024), &json!("Active"), &json!("theirs"))
    );
    assert_eq!(found["VpcConfig"]["SubnetIds"], json!(["subnet-1"]));
}

#[test]
fn provisioned_concurrency_follows_the_alias() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    let read = |aws: &EmulatedAws| {
        let arguments = json!({ "FunctionName": FUNCTION, "Qualifier": "live" });
        let found = aws.emulator.call("lambda", "get_provisioned_concurrency_config", &arguments).ok();
        found.map(|found| found["RequestedProvisionedConcurrentExecutions"].clone())
    };
    app.set("/workers/counter/lambda", json!({ "provisioned_concurrency": 2 }));
    aws.deploy(&app);
    assert_eq!(read(&aws), Some(json!(2)));
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    app.set("/workers/counter/lambda", json!({ "provisioned_concurrency": 3 }));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-counter (provisioned-concurrency 2 → 3)\n\n1 to update\n");
    app.set("/workers/counter/lambda", json!({}));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-counter (provisioned-concurrency 3 → none)\n\n1 to update\n");
    assert_eq!(read(&aws), None);
}

#[test]
fn code_signing_is_attached_and_detached() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    aws.deploy(&app);
    let arn = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0";
    let read = |aws: &EmulatedAws| {
        let arguments = json!({ "FunctionName": FUNCTION });
        aws.call("lambda", "get_function_code_signing_config", &arguments)["CodeSigningConfigArn"].clone()
    };
    app.set("/workers/counter/lambda", json!({ "code_signing": arn }));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-counter (code-signing)\n\n1 to update\n");
    assert_eq!(read(&aws), arn);
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    app.set("/workers/counter/lambda", json!({}));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-counter (code-signing)\n\n1 to update\n");
    assert_eq!(read(&aws), "");
}

#[test]
fn unknown_members_are_sent_as_they_are() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    // The emulator stores `ImageConfig` of any function, which this tool does not know.
    app.set("/workers/counter/lambda", json!({ "members": { "ImageConfig": { "Command": ["x"] } } }));
    aws.deploy(&app);
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    app.set("/workers/counter/lambda", json!({ "members": { "ImageConfig": { "Command": ["y"] } } }));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-counter (lambda)\n\n1 to update\n");
    let found = configuration(&aws);
    assert_eq!(found["ImageConfigResponse"]["ImageConfig"]["Command"], json!(["y"]), "{found}");
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
}

#[test]
fn rollback_restores_lambda_settings() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    app.set("/workers/counter/lambda", json!({ "ephemeral_storage": 1024, "description": "one" }));
    aws.deploy(&app);
    app.set("/workers/counter/lambda", json!({ "ephemeral_storage": 2048, "description": "two" }));
    aws.deploy(&app);
    aws.run(&app, &["rollback", "--stage", "dev", "--yes"]).success();
    let live = json!({ "FunctionName": FUNCTION, "Qualifier": "live" });
    let found = aws.call("lambda", "get_function_configuration", &live);
    assert_eq!(found["EphemeralStorage"]["Size"], 1_024);
    assert_eq!(configuration(&aws)["Description"], "two", "the next deploy changes nothing else");
}

#[test]
fn vpc_and_tracing_give_the_role_their_rights() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    app.set("/workers/counter/lambda", all_settings());
    aws.deploy(&app);
    let role = json!({ "RoleName": "shop-dev-counter-us-east-1", "PolicyName": "own" });
    let policy = aws.call("iam", "get_role_policy", &role)["PolicyDocument"].to_string();
    for sid in ["SendTraces", "JoinVpc", "ListVpc", "KeepCodeOutOfVpc"] {
        assert!(policy.contains(sid), "{sid}: {policy}");
    }
}

#[test]
fn url_is_deleted_and_created_again() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&[]).with_endpoint(&[]).with("/version", json!(3));
    aws.deploy(&app);
    let has_url = |aws: &EmulatedAws| {
        let arguments = json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live" });
        aws.emulator.call("lambda", "get_function_url_config", &arguments).is_ok()
    };
    assert!(has_url(&aws));
    app.set("/endpoint/url_auth", Value::Null);
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-endpoint (no URL, URL access)\n\n1 to update\n");
    assert!(!has_url(&aws));
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    app.set("/endpoint/url_auth", json!("iam"));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-endpoint (URL)\n\n1 to update\n");
    assert!(has_url(&aws));
}

#[test]
fn cors_of_the_url_is_set_kept_and_reset() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&[]).with_endpoint(&[]).with("/version", json!(3));
    let url = json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live" });
    let read = |aws: &EmulatedAws| aws.call("lambda", "get_function_url_config", &url)["Cors"].clone();
    let cors = |origin: &str| {
        json!({
            "allow_credentials": false, "allow_headers": ["content-type"], "allow_methods": ["GET", "PUT"],
            "allow_origins": [origin], "expose_headers": [], "max_age": 300
        })
    };
    app.set("/endpoint/cors", cors("https://{stage}.shop.example"));
    aws.deploy(&app);
    assert_eq!(read(&aws)["AllowOrigins"], json!(["https://dev.shop.example"]));
    assert_eq!((&read(&aws)["AllowMethods"], &read(&aws)["MaxAge"]), (&json!(["GET", "PUT"]), &json!(300)));
    assert_eq!(aws.deploy(&app), "1 unchanged\n");

    // Someone else changes it, and status says so.
    let mut theirs = url.clone();
    theirs["Cors"] = json!({ "AllowOrigins": ["*"] });
    aws.call("lambda", "update_function_url_config", &theirs);
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("CORS"), "{status}");
    assert_eq!(aws.deploy_refreshed(&app), "~ update  shop-dev-endpoint (CORS)\n\n1 to update\n");
    assert_eq!(read(&aws)["AllowOrigins"], json!(["https://dev.shop.example"]));

    app.set("/endpoint/cors", cors("https://shop.example"));
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-endpoint (CORS)\n\n1 to update\n");

    // Without the setting no page is allowed, and from then on it is left to others.
    app.set("/endpoint/cors", Value::Null);
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-endpoint (CORS)\n\n1 to update\n");
    assert!(read(&aws)["AllowOrigins"].as_array().is_none_or(Vec::is_empty), "{}", read(&aws));
    aws.call("lambda", "update_function_url_config", &theirs);
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    assert_eq!(read(&aws)["AllowOrigins"], json!(["*"]));
}

#[test]
fn invoke_mode_of_the_url_is_set_kept_and_reset() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&[]).with_endpoint(&[]).with("/version", json!(3));
    let url = json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live" });
    let read = |aws: &EmulatedAws| aws.call("lambda", "get_function_url_config", &url)["InvokeMode"].clone();
    aws.deploy(&app);
    assert_eq!(read(&aws), json!("BUFFERED"));
    let update = "~ update  shop-dev-endpoint (URL streams)\n\n1 to update\n";
    app.set("/endpoint/stream", json!(true));
    assert_eq!(aws.deploy(&app), update);
    assert_eq!(read(&aws), json!("RESPONSE_STREAM"));
    assert_eq!(aws.deploy(&app), "1 unchanged\n");

    // Someone else changes it, and status says so.
    let mut theirs = url.clone();
    theirs["InvokeMode"] = json!("BUFFERED");
    aws.call("lambda", "update_function_url_config", &theirs);
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("URL streams"), "{status}");
    assert_eq!(aws.deploy_refreshed(&app), update);

    // Without the setting the URL does not stream, and from then on it is left to others.
    app.set("/endpoint/stream", Value::Null);
    assert_eq!(aws.deploy(&app), "~ update  shop-dev-endpoint (URL does not stream)\n\n1 to update\n");
    assert_eq!(read(&aws), json!("BUFFERED"));
    theirs["InvokeMode"] = json!("RESPONSE_STREAM");
    aws.call("lambda", "update_function_url_config", &theirs);
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    assert_eq!(read(&aws), json!("RESPONSE_STREAM"));
}

#[test]
fn new_url_streams_if_the_settings_say_so() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&[]).with_endpoint(&[]).with("/version", json!(3));
    app.set("/endpoint/stream", json!(true));
    aws.deploy(&app);
    let url = json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live" });
    assert_eq!(aws.call("lambda", "get_function_url_config", &url)["InvokeMode"], json!("RESPONSE_STREAM"));
}

#[test]
fn stage_deploys_its_own_settings() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    app.set("/stages", json!({ "prod": { "counter": { "memory": 1024, "environment": { "MODE": "slow" } } } }));
    aws.deploy(&app);
    aws.run(&app, &["deploy", "--stage", "prod", "--yes"]).success();
    let memory = |stage: &str| {
        let name = format!("shop-{stage}-counter");
        aws.call("lambda", "get_function_configuration", &json!({ "FunctionName": name }))["MemorySize"].clone()
    };
    assert_eq!((memory("dev"), memory("prod")), (json!(256), json!(1_024)));
    let plan = aws.run(&app, &["deploy", "--stage", "prod", "--yes"]).success();
    assert!(plan.contains("1 unchanged"), "{plan}");
}
