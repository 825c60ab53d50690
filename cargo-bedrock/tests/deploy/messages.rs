//! Each message about a refused request names the action and the resource, repeats the words of AWS, and says what to do.

use serde_json::json;
use testbed::Refusal;

use crate::converge::queue;
use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction, Request};
use crate::test_app::TestApp;

/// A refused request, and what the message has to say.
struct Case {
    /// What the operation of the request starts with, and what it contains.
    operation: (&'static str, &'static str),
    refusal: Refusal,
    action: &'static str,
    resource: &'static str,
    help: &'static str,
}

fn case(
    operation: (&'static str, &'static str),
    status: u16,
    code: &'static str,
    message: &str,
    expected: [&'static str; 3],
) -> Case {
    let [action, resource, help] = expected;
    Case { operation, refusal: Refusal { status, code, message: message.to_owned() }, action, resource, help }
}

/// Cases in the order of the steps of a function: each deploy continues where the one before was refused.
fn cases() -> Vec<Case> {
    let counter = "function `shop-dev-counter`";
    let endpoint = "function `shop-dev-endpoint`";
    let permissions = "`cargo bedrock deploy --print-policy` prints all permissions of a deployer";
    let quota = "delete what is not used, or request a higher quota in the console of Service Quotas";
    let invalid = "correct what AWS names, build, and run the same command again";
    let outage = "https://health.aws.amazon.com shows whether AWS has an outage";
    let denied = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform this on the resource";
    vec![
        case(
            ("CreateLogGroup", ""),
            400,
            "LimitExceededException",
            "Resource limit exceeded.",
            ["logs:CreateLogGroup", counter, quota],
        ),
        case(("CreateRole", ""), 403, "AccessDenied", denied, ["iam:CreateRole", counter, permissions]),
        case(
            ("PutRolePolicy", ""),
            409,
            "LimitExceeded",
            "Maximum policy size of 10240 bytes exceeded for role shop-dev-counter-us-east-1",
            ["iam:PutRolePolicy", counter, quota],
        ),
        case(
            ("POST ", "/layers/shop-dev-counter/versions"),
            413,
            "RequestEntityTooLargeException",
            "Request must be smaller than 70167211 bytes for the PublishLayerVersion operation",
            ["lambda:PublishLayerVersion", counter, "remove dependencies: a request takes a zip of 50 MB"],
        ),
        case(
            ("POST ", "/2015-03-31/functions"),
            400,
            "InvalidParameterValueException",
            "Unzipped size must be smaller than 262144000 bytes",
            ["lambda:CreateFunction", counter, invalid],
        ),
        case(
            ("POST ", "/functions/shop-dev-counter/versions"),
            400,
            "CodeStorageExceededException",
            "Code storage limit exceeded.",
            ["lambda:PublishVersion", counter, quota],
        ),
        case(
            ("POST ", "/functions/shop-dev-endpoint/aliases"),
            500,
            "ServiceException",
            "An internal error occurred.",
            ["lambda:CreateAlias", endpoint, outage],
        ),
        case(
            ("POST ", "/shop-dev-endpoint/url"),
            403,
            "AccessDeniedException",
            denied,
            ["allow `lambda:CreateFunctionUrlConfig`", endpoint, permissions],
        ),
        case(
            ("CreateQueue", ""),
            403,
            "AccessDeniedException",
            denied,
            ["sqs:CreateQueue", "queue `shop-dev-jobs`", permissions],
        ),
    ]
}

#[test]
fn refused_requests_name_action_resource_and_remedy() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with_endpoint(&["counter"]);
    app.set("/version", json!(2));
    app.layer("counter", "ranks", "NAME = 'ranks'\n");
    app.set("/workers/counter/triggers", json!([queue("jobs")]));
    for Case { operation: (start, part), refusal, action, resource, help } in cases() {
        let is_refused = move |request: &Request| {
            let path = request.operation.split('?').next().unwrap_or_default();
            // The path of a creation is the end of the paths of other requests.
            let is_exact = part.is_empty() || path.ends_with(part);
            request.is_mutation && request.operation.starts_with(start) && is_exact
        };
        let words = refusal.message.clone();
        let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
            if is_refused(request) { ProxyAction::Refuse(refusal.clone()) } else { ProxyAction::Forward }
        });
        // One function at a time, so that a deploy stops at the refused request.
        let function = if resource.contains("endpoint") { "endpoint" } else { "counter" };
        let failed = deploy(&app, &aws, &proxy, &["--only", function]);
        assert_eq!(failed.code, Some(1), "{action}: {failed:?}");
        for text in [action, resource, words.as_str()] {
            assert!(failed.stderr.contains(text), "{action}: `{text}` in {}", failed.stderr);
        }
        let is_help = |line: &str| line.starts_with("help: ") && line.contains(help);
        assert!(failed.stderr.lines().any(is_help), "{action}: `{help}` in {}", failed.stderr);
        let again = "help: run the same command again to continue";
        assert!(failed.stderr.contains(again), "{action}: {}", failed.stderr);
    }
    aws.deploy(&app);
    assert!(aws.deploy(&app).ends_with(" unchanged\n"));
}
