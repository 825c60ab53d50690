//! Rolling back, and comparing what is deployed with the build.

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{TestApp, WORKER};

fn version(aws: &EmulatedAws, function: &str) -> Value {
    aws.invoke(function, &json!({}))["version"].clone()
}

#[test]
fn rollback_undoes_the_last_deploy_for_all_callers() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "reporter"]).with("/workers/reporter/invokes", json!(["counter"]));
    aws.deploy(&app);
    app.code("reporter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    aws.deploy(&app);
    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    app.set("/workers/counter/environment", json!({ "MODE": "fast" }));
    aws.deploy(&app);

    let rollback = |more: &[&str]| aws.run(&app, &[&["rollback", "--stage", "dev"], more].concat());
    assert_eq!(rollback(&["--dry-run"]).success(), "~ rollback  shop-dev-counter (version 2 → 1)\n");
    let done = rollback(&["--yes"]);
    assert!(done.stderr.contains("done: rolled back `shop-dev-counter`: version 2 → 1"), "{}", done.stderr);
    let response = aws.invoke("shop-dev-reporter:live", &json!({ "call": "counter" }));
    assert_eq!((&response["version"], &response["mode"]), (&json!(1), &Value::Null));
    assert_eq!(version(&aws, "shop-dev-reporter:live"), 2);
    // The second rollback undoes the deploy before, the third one has nothing to undo.
    rollback(&["--yes"]).success();
    assert_eq!(version(&aws, "shop-dev-reporter:live"), 1);
    let first = rollback(&["--yes"]);
    assert_eq!(first.code, Some(1));
    let message = "error: there is no earlier version to roll back to in stage `dev` of app `shop`";
    assert!(first.stderr.contains(message), "{}", first.stderr);
    // A deploy deploys the newer version again.
    assert!(aws.deploy(&app).ends_with("\n2 to update\n"));
    let versions = || (version(&aws, "shop-dev-counter:live"), version(&aws, "shop-dev-reporter:live"));
    assert_eq!(versions(), (json!(2), json!(2)));
    rollback(&["--yes", "reporter"]).success();
    assert_eq!(versions(), (json!(2), json!(1)));
}

#[test]
fn rollback_undoes_a_deploy_that_was_continued() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "greeter", "reporter"]);
    aws.deploy(&app);
    for worker in ["counter", "reporter"] {
        app.code(worker, &WORKER.replace("\"version\": 1", "\"version\": 2"));
    }
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_refused = request.is_mutation && request.operation.contains("/shop-dev-reporter/aliases/live");
        if is_refused { ProxyAction::Respond(403, "AccessDeniedException") } else { ProxyAction::Forward }
    });
    let stopped = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(stopped.code, Some(1), "{stopped:?}");
    aws.deploy(&app);
    let versions = || ["counter", "greeter", "reporter"].map(|worker| aws.live_version(&format!("shop-dev-{worker}")));
    assert_eq!(versions(), ["2", "1", "2"].map(str::to_owned));
    aws.run(&app, &["rollback", "--stage", "dev", "--yes"]).success();
    assert_eq!(versions(), ["1", "1", "1"].map(str::to_owned));
}

#[test]
fn stage_of_an_earlier_tool_is_rolled_back_by_its_versions() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "reporter"]);
    aws.deploy(&app);
    for version in [2, 3] {
        app.code("counter", &WORKER.replace("\"version\": 1", &format!("\"version\": {version}")));
        aws.deploy(&app);
    }
    // It writes no descriptions of aliases.
    for worker in ["counter", "reporter"] {
        let function = format!("shop-dev-{worker}");
        let alias = json!({ "FunctionName": function, "Name": "live", "Description": "" });
        aws.call("lambda", "update_alias", &alias);
    }
    for expected in ["2", "1"] {
        aws.run(&app, &["rollback", "--stage", "dev", "--yes"]).success();
        assert_eq!(aws.live_version("shop-dev-counter"), expected);
    }
    assert_eq!(aws.live_version("shop-dev-reporter"), "1");
}

#[test]
fn status_shows_differences_from_the_build() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "old", "reporter"]).with_endpoint(&[]);
    aws.deploy(&app);
    app.remove("old");
    app.add("fresh");
    // Drift: the user changes the function without this tool.
    let drift = json!({ "FunctionName": "shop-dev-reporter", "MemorySize": 128 });
    aws.call("lambda", "update_function_configuration", &drift);
    let json = aws.run(&app, &["status", "--stage", "dev", "--message-format", "json"]).success();
    let status: Value = serde_json::from_str(&json).expect("JSON");
    let rows = status["functions"].as_array().expect("functions").iter();
    let rows: Vec<_> =
        rows.map(|row| (row["worker"].as_str(), row["state"].as_str(), row["reasons"].clone())).collect();
    assert_eq!(
        rows,
        [
            (Some("counter"), Some("same"), json!([])),
            (Some("endpoint"), Some("same"), json!([])),
            (Some("fresh"), Some("not deployed"), json!([])),
            (Some("old"), Some("not in the app"), json!([])),
            (Some("reporter"), Some("differs"), json!(["memory 128 → 256"])),
        ]
    );
    assert!(status["url"].as_str().is_some_and(|url| url.contains("lambda-url")), "{json}");
    let table = aws.run(&app, &["status", "--stage", "dev"]).success();
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(lines.next().expect("a header"), ["function", "version", "modified", "state"]);
    let counter = lines.next().expect("a line");
    assert_eq!((counter[0], counter[1], counter[4]), ("shop-dev-counter", "1", "same"));
}
