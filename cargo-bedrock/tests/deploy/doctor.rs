//! `doctor --stage`: what would make a deploy fail.

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::TestApp;

/// Returns the findings about the stage as `subject: level`, and their messages.
fn findings(app: &TestApp, aws: &EmulatedAws, proxy: &Proxy) -> Vec<(String, String)> {
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let args = ["doctor", "--stage", "dev", "--message-format", "json"];
    let output = app.command(&args, &environment).output().expect("the command starts");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().expect("findings").iter();
    findings
        .map(|each| (format!("{}: {}", text(each, "subject"), text(each, "level")), text(each, "message")))
        .collect()
}

fn message<'a>(findings: &'a [(String, String)], finding: &str) -> &'a str {
    let found = findings.iter().find(|(name, _)| name == finding);
    found.map_or_else(|| panic!("{finding} in {findings:?}"), |(_, message)| message.as_str())
}

#[test]
fn stage_that_can_be_deployed_has_no_errors() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "old"]).with_endpoint(&["counter"]);
    aws.deploy(&app);
    app.remove("old");
    let proxy = Proxy::start(aws.emulator.endpoint(), |_| ProxyAction::Forward);
    let found = findings(&app, &aws, &proxy);
    assert!(message(&found, "identity: ok").contains("123456789012"), "{found:?}");
    assert_eq!(
        message(&found, "bucket: ok"),
        "`cargo-bedrock-123456789012-us-east-1-an` for locks and large zips exists"
    );
    assert_eq!(
        message(&found, "leftovers: note"),
        "left by earlier deploys, which the next one deletes: `shop-dev-old`"
    );
    assert!(message(&found, "concurrency: ok").ends_with("concurrent executions are unreserved"), "{found:?}");
}

#[test]
fn what_makes_a_deploy_fail_is_an_error() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]).with("/workers/counter/concurrency", json!(5));
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        if request.operation.starts_with("HEAD ") {
            return ProxyAction::Respond(403, "AccessDenied");
        }
        if request.operation == "SimulatePrincipalPolicy" {
            return ProxyAction::Respond(403, "AccessDenied");
        }
        if request.operation.contains("/account-settings") {
            let limit =
                json!({ "ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10, "TotalCodeSize": 100 });
            return ProxyAction::ReplaceInResponse("/AccountLimit", limit);
        }
        ProxyAction::Forward
    });
    let found = findings(&app, &aws, &proxy);
    let concurrency =
        "the settings reserve 5 more concurrent executions, and 10 of 10 are unreserved: at least 10 must remain";
    assert_eq!(message(&found, "concurrency: error"), concurrency);
    assert!(message(&found, "bucket: error").contains("belongs to another account"), "{found:?}");
    assert!(found.iter().any(|(name, _)| name == "permissions: note"), "{found:?}");
    let function = json!({
        "FunctionName": "shop-dev-counter", "Role": "arn:aws:iam::123456789012:role/x", "Runtime": "python3.13",
        "Handler": "main.handler", "Code": { "ZipFile": { "$file": app.path("target/bedrock/workers/counter.zip") } }
    });
    aws.call("lambda", "create_function", &function);
    let found = findings(&app, &aws, &proxy);
    assert!(message(&found, "stage: error").contains("function `shop-dev-counter`"), "{found:?}");
}
