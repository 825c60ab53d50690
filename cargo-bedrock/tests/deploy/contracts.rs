//! Contracts of deployed workers: what a change breaks, and in which order it breaks nothing.

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::test_app::TestApp;

const OLD: &str = "0a";
const NEW: &str = "0b";

/// The contract of a worker whose event has these fields.
fn contract(digit: &str, fields: &[&str]) -> Value {
    let types: serde_json::Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), json!({ "type": "integer" }))).collect();
    let event = json!({ "type": "object", "properties": types, "required": fields });
    let schema =
        json!({ "$defs": { "Event": event }, "properties": { "event": { "$ref": "#/$defs/Event" } }, "x-contract": 1 });
    json!({ "sha256": digit.repeat(32), "schema": schema })
}

/// An app whose endpoint and `reporter` call `counter`, and were built against this contract of it.
fn app() -> TestApp {
    let app = TestApp::new(&["counter", "reporter"]).with_endpoint(&["counter"]);
    let app = app.with("/workers/reporter/invokes", json!(["counter"]));
    app.with("/workers/counter/contract", contract(OLD, &["width"]))
}

fn build_callers(app: &mut TestApp, callers: &[&str], digit: &str) {
    for caller in callers {
        app.set(&format!("{caller}/callee_contracts"), json!({ "counter": digit.repeat(32) }));
    }
}

#[test]
fn breaking_contract_is_refused_until_callers_are_deployed() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    build_callers(&mut app, &["/endpoint", "/workers/reporter"], OLD);
    aws.deploy(&app);
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
    let stage = ["contracts", "diff", "--stage", "dev"];
    let contract_file = contract(OLD, &["width"])["schema"].to_string();
    app.write("workers/counter/contract.json", &contract_file);
    let same = aws.run(&app, &stage);
    assert_eq!((same.code, same.stderr.as_str()), (Some(0), "done: no contract has changed since the stage `dev`\n"));

    app.set("/workers/counter/contract", contract(NEW, &["width", "height"]));
    app.write("workers/counter/contract.json", &contract(NEW, &["width", "height"])["schema"].to_string());
    let changed = aws.run(&app, &stage);
    assert_eq!(changed.code, Some(1));
    assert!(
        changed.stdout.starts_with("breaking counter: event.height: the required field is new: `integer`"),
        "{}",
        changed.stdout
    );
    build_callers(&mut app, &["/endpoint"], NEW);
    for more in [&["--yes"][..], &["--dry-run"]] {
        let refused = aws.run(&app, &[&["deploy", "--stage", "dev"], more].concat());
        assert_eq!(refused.code, Some(1), "{}{}", refused.stdout, refused.stderr);
        assert!(
            refused.stdout.contains(
                "~ update  shop-dev-counter (tags, breaking contract, `reporter` was built against another contract)\n"
            ),
            "{}",
            refused.stdout
        );
        let expected = "error: the contract of `counter` breaks callers in stage `dev`: `endpoint`, `reporter`\n  \
             caused by: `event.height`: the required field is new: `integer`\n\
             help: deploy the callers first, ready for both contracts: \
             `cargo bedrock deploy --stage dev --only endpoint --only reporter`, then `counter`\n\
             help: or deploy everything with `--allow-breaking`: calls fail until all functions are deployed\n";
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
    // The order that the message names.
    build_callers(&mut app, &["/workers/reporter"], NEW);
    let callers = ["deploy", "--stage", "dev", "--yes", "--only", "endpoint", "--only", "reporter"];
    aws.run(&app, &callers).success();
    aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--only", "counter"]).success();
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
}

#[test]
fn breaking_contract_is_deployed_if_that_is_allowed() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    build_callers(&mut app, &["/endpoint"], OLD);
    aws.deploy(&app);
    app.set("/workers/counter/contract", contract(NEW, &["height"]));
    let one = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--only", "counter"]);
    assert_eq!(one.code, Some(1), "{}", one.stdout);
    aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--allow-breaking"]).success();
    // A worker without a contract has no tags of one.
    app.set("/workers/counter/contract", Value::Null);
    build_callers(&mut app, &["/endpoint"], NEW);
    app.set("/endpoint/callee_contracts", json!({}));
    aws.deploy(&app);
    let function = aws.call("lambda", "get_function", &json!({ "FunctionName": "shop-dev-counter" }));
    let tags = function["Tags"].as_object().expect("tags");
    assert!(!tags.keys().any(|name| name.starts_with("bedrock:contract")), "{tags:?}");
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
}
