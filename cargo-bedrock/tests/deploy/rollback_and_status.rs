//! Rolling back, and comparing what is deployed with the build.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{CommandOutput, TestApp, WORKER};

/// Serves the code of each version, as AWS does: the emulator returns the newest code for all versions.
struct VersionedCode {
    zips: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    proxy: Proxy,
}

impl VersionedCode {
    fn start(aws: &EmulatedAws) -> Self {
        let zips = Arc::new(Mutex::new(BTreeMap::<String, Vec<u8>>::new()));
        let served_zips = Arc::clone(&zips);
        let endpoint = Arc::new(Mutex::new(String::new()));
        let proxy_endpoint = Arc::clone(&endpoint);
        let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
            if let Some(zip) = served_zips.lock().expect("lock").get(&request.operation) {
                return ProxyAction::RespondWith(zip.clone());
            }
            let path = request.operation.strip_prefix("GET /2015-03-31/functions/");
            match path.and_then(|path| path.split_once("?Qualifier=")) {
                Some((function, number)) if number != "live" => {
                    let endpoint = proxy_endpoint.lock().expect("lock");
                    ProxyAction::ReplaceInResponse("/Code/Location", json!(format!("{endpoint}/{function}/{number}")))
                }
                _ => ProxyAction::Forward,
            }
        });
        endpoint.lock().expect("lock").clone_from(&proxy.endpoint);
        Self { zips, proxy }
    }

    /// Sets the code of a version to that of the last build.
    fn set(&self, app: &TestApp, worker: &str, number: u32) {
        let zip = std::fs::read(app.path(&format!("target/bedrock/workers/{worker}.zip"))).expect("the zip");
        self.zips.lock().expect("lock").insert(format!("GET /shop-dev-{worker}/{number}"), zip);
    }

    fn rollback(&self, aws: &EmulatedAws, app: &TestApp, more: &[&str]) -> CommandOutput {
        let mut environment = aws.environment();
        environment.push(("AWS_ENDPOINT_URL".to_owned(), self.proxy.endpoint.clone()));
        let args = [&["rollback", "--stage", "dev"], more].concat();
        app.command(&args, &environment).output().expect("the command starts").into()
    }
}

fn version(aws: &EmulatedAws, function: &str) -> Value {
    aws.invoke(function, &json!({}))["version"].clone()
}

#[test]
fn rollback_undoes_the_last_deploy_for_all_callers() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "reporter"]);
    let codes = VersionedCode::start(&aws);
    aws.deploy(&app);
    for worker in ["counter", "reporter"] {
        codes.set(&app, worker, 1);
    }
    app.code("reporter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    aws.deploy(&app);
    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    app.set("/workers/counter/environment", json!({ "MODE": "fast" }));
    aws.deploy(&app);

    let dry_run = codes.rollback(&aws, &app, &["--dry-run"]);
    assert_eq!(dry_run.success(), "~ rollback  shop-dev-counter (version 2 → 1)\n");
    let done = codes.rollback(&aws, &app, &["--yes"]);
    assert!(done.stderr.contains("done: rolled back `shop-dev-counter`: version 2 → 1"), "{}", done.stderr);
    // Without a qualifier, as workers call each other, and with the alias, as the URL does.
    for function in ["shop-dev-counter", "shop-dev-counter:live"] {
        let response = aws.invoke(function, &json!({}));
        assert_eq!((&response["version"], &response["mode"]), (&json!(1), &Value::Null), "{function}");
        assert_eq!(version(&aws, &function.replace("counter", "reporter")), 2);
    }
    // The second rollback undoes the deploy before, the third one has nothing to undo.
    codes.rollback(&aws, &app, &["--yes"]).success();
    assert_eq!(version(&aws, "shop-dev-reporter"), 1);
    let first = codes.rollback(&aws, &app, &["--yes"]);
    assert_eq!(first.code, Some(1));
    let message = "error: there is no earlier version to roll back to in stage `dev` of app `shop`";
    assert!(first.stderr.contains(message), "{}", first.stderr);
    // A deploy deploys the newer version again.
    assert!(aws.deploy(&app).ends_with("\n2 to update\n"));
    assert_eq!((version(&aws, "shop-dev-counter:live"), version(&aws, "shop-dev-reporter")), (json!(2), json!(2)));
    codes.rollback(&aws, &app, &["--yes", "reporter"]).success();
    assert_eq!((version(&aws, "shop-dev-counter:live"), version(&aws, "shop-dev-reporter")), (json!(2), json!(1)));
}

#[test]
fn rollback_checks_the_downloaded_code() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    aws.deploy(&app);
    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    aws.deploy(&app);
    let codes = VersionedCode::start(&aws);
    codes.set(&app, "counter", 1);
    let refused = codes.rollback(&aws, &app, &["--yes"]);
    assert_eq!(refused.code, Some(1));
    assert_snapshot!(refused.stderr, @"
    error: failed to roll back function `shop-dev-counter`
      caused by: the downloaded code is not that of version 1
    error: 0 of 1 functions are up to date, remaining: `shop-dev-counter`
    help: run the same command again to continue
    ");
    assert_eq!(version(&aws, "shop-dev-counter"), 2);
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
