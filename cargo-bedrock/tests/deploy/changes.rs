//! A deploy changes everything that differs, and nothing else.

use serde_json::json;

use crate::emulated_aws::EmulatedAws;
use crate::test_app::{TestApp, WORKER};

fn app_with_three_functions() -> TestApp {
    let mut app = TestApp::new(&["counter", "reporter"]).with_endpoint(&["counter"]);
    app.layer("counter", "ranks", "NAME = 'ranks'\n");
    app
}

#[test]
fn only_differences_are_deployed() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_three_functions();
    insta::assert_snapshot!(aws.deploy(&app), @"
    + create  shop-dev-counter
    + create  shop-dev-endpoint (URL open to everyone)
    + create  shop-dev-reporter

    3 to create
    ");
    assert_eq!(aws.invoke("shop-dev-counter", &json!({}))["name"], "shop-dev-counter");
    let url = aws.call(
        "lambda",
        "get_function_url_config",
        &json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live" }),
    );
    let url = url["FunctionUrl"].as_str().expect("a URL").to_owned();
    let (status, body) = aws.http_get(&format!("{url}stars"));
    assert!(status.contains("200") && body.contains("asked for /stars"), "{status} {body}");

    assert_eq!(aws.deploy(&app), "3 unchanged\n");

    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    app.set("/workers/reporter/memory", json!(512));
    app.set("/workers/reporter/environment", json!({ "MODE": "fast" }));
    insta::assert_snapshot!(aws.deploy(&app), @"
    ~ update  shop-dev-counter (code)
    ~ update  shop-dev-reporter (memory 256 → 512, environment +MODE)

    2 to update, 1 unchanged
    ");
    assert_eq!(aws.invoke("shop-dev-counter", &json!({}))["version"], 2);
    assert_eq!(aws.invoke("shop-dev-reporter:live", &json!({}))["mode"], "fast");
    assert_eq!(
        (aws.live_version("shop-dev-counter"), aws.live_version("shop-dev-endpoint")),
        ("2".to_owned(), "1".to_owned())
    );
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
}

#[test]
fn settings_are_applied_and_reverted() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let queue = aws.call("sqs", "create_queue", &json!({ "QueueName": "failed" }));
    assert!(queue["QueueUrl"].is_string());
    let mut app = TestApp::new(&["counter"]).with_endpoint(&[]);
    let defaults = [
        ("/workers/counter/retries", json!(2)),
        ("/workers/counter/event_age", json!(21_600)),
        ("/workers/counter/on_failure", json!(null)),
        ("/workers/counter/recursion", json!("terminate")),
        ("/workers/counter/concurrency", json!(null)),
        ("/workers/counter/log_retention", json!(30)),
        ("/endpoint/url_auth", json!("none")),
    ];
    let values = [
        json!(0),
        json!(60),
        json!("arn:aws:sqs:us-east-1:123456789012:failed"),
        json!("allow"),
        json!(3),
        json!(7),
        json!("iam"),
    ];
    for ((pointer, _), value) in defaults.iter().zip(&values) {
        app.set(pointer, value.clone());
    }
    aws.deploy(&app);
    assert_eq!(aws.deploy(&app), "2 unchanged\n");
    let function = json!({ "FunctionName": "shop-dev-counter" });
    assert_eq!(aws.call("lambda", "get_function_recursion_config", &function)["RecursiveLoop"], "Allow");
    assert_eq!(aws.call("lambda", "get_function_concurrency", &function)["ReservedConcurrentExecutions"], 3);
    let alias = json!({ "FunctionName": "shop-dev-counter", "Qualifier": "live" });
    let events = aws.call("lambda", "get_function_event_invoke_config", &alias);
    assert_eq!((&events["MaximumRetryAttempts"], &events["MaximumEventAgeInSeconds"]), (&json!(0), &json!(60)));
    for (pointer, value) in defaults {
        app.set(pointer, value);
    }
    insta::assert_snapshot!(aws.deploy(&app), @"
    ~ update  shop-dev-counter (log retention 7 → 30, permissions, concurrency 3 → none, retries 0 → 2, event age 60 → 21600, on-failure, recursion allow → terminate)
    ~ update  shop-dev-endpoint (URL access, URL open to everyone)

    2 to update
    ");
    assert_eq!(aws.deploy(&app), "2 unchanged\n");
}

#[test]
fn layer_is_published_when_its_content_is_new() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_three_functions();
    aws.deploy(&app);
    let versions = || {
        let list = aws.call("lambda", "list_layer_versions", &json!({ "LayerName": "shop-dev-counter" }));
        list["LayerVersions"].as_array().expect("versions").len()
    };
    app.set("/workers/counter/memory", json!(512));
    aws.deploy(&app);
    assert_eq!(versions(), 1);
    app.layer("counter", "ranks", "NAME = 'other ranks'\n");
    insta::assert_snapshot!(aws.deploy(&app), @"
    ~ update  shop-dev-counter (layers)

    1 to update, 2 unchanged
    ");
    assert_eq!(versions(), 2);
    // The first version still exists, so it is not published again.
    app.layer("counter", "ranks", "NAME = 'ranks'\n");
    aws.deploy(&app);
    assert_eq!(versions(), 2);
    for number in 0..9 {
        app.layer("counter", "ranks", &format!("NAME = {number}\n"));
        aws.deploy(&app);
    }
    // Ten versions of the function are kept, with the layers that a rollback to them needs.
    assert_eq!(versions(), 10);
    for _ in 0..9 {
        aws.run(&app, &["rollback", "--stage", "dev", "--yes", "counter"]).success();
    }
    let live = aws.call("lambda", "get_function", &json!({ "FunctionName": "shop-dev-counter", "Qualifier": "live" }));
    let layer = live["Configuration"]["Layers"][0]["Arn"].as_str().expect("a layer");
    let number: u64 = layer.rsplit(':').next().and_then(|number| number.parse().ok()).expect("a number");
    aws.call("lambda", "get_layer_version", &json!({ "LayerName": "shop-dev-counter", "VersionNumber": number }));
}

#[test]
fn ten_function_versions_are_kept() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    for memory in 256..268 {
        app.set("/workers/counter/memory", json!(memory));
        aws.deploy(&app);
    }
    let list = aws.call("lambda", "list_versions_by_function", &json!({ "FunctionName": "shop-dev-counter" }));
    let versions = list["Versions"].as_array().expect("versions").iter();
    let versions: Vec<_> = versions.filter_map(|version| version["Version"].as_str()?.parse::<u32>().ok()).collect();
    assert_eq!(versions, (3..=12).collect::<Vec<_>>());
}

#[test]
fn only_and_dry_run_limit_a_deploy() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_three_functions();
    let dry_run = aws.run(&app, &["deploy", "--stage", "dev", "--dry-run"]);
    assert!(dry_run.stderr.contains("note: nothing was changed, because `--dry-run` was given"), "{}", dry_run.stderr);
    assert!(dry_run.success().ends_with("\n3 to create\n"));
    assert_eq!(aws.list_resources(""), Vec::<String>::new());
    let one = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--only", "counter"]).success();
    assert!(one.ends_with("+ create  shop-dev-counter\n\n1 to create\n"), "{one}");
    // Functions that were not selected are neither created nor deleted.
    app.remove("counter");
    app.set("/endpoint/invokes", json!([]));
    let other = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--only", "reporter"]).success();
    assert!(other.ends_with("+ create  shop-dev-reporter\n\n1 to create\n"), "{other}");
    assert_eq!(aws.emulator.functions(), ["shop-dev-counter", "shop-dev-reporter"]);
}

#[test]
fn removed_worker_is_deleted_after_confirmation() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_three_functions();
    app.set("/endpoint/invokes", json!([]));
    aws.deploy(&app);
    app.remove("counter");
    let unconfirmed = aws.run(&app, &["deploy", "--stage", "dev"]);
    assert_eq!(unconfirmed.code, Some(2));
    assert!(
        unconfirmed.stdout.contains("- delete  shop-dev-counter (with its role and its log group)"),
        "{}",
        unconfirmed.stdout
    );
    insta::assert_snapshot!(unconfirmed.stderr, @"
    error: cannot ask for confirmation without a terminal: deploy stage `dev` of app `shop`?
    help: use `--yes` to confirm, or `--dry-run` to show the plan
    ");
    assert_eq!(aws.list_resources("shop-dev-counter").len(), 4);
    aws.deploy(&app);
    assert_eq!(aws.list_resources("shop-dev-counter"), Vec::<String>::new());
    assert_eq!(aws.deploy(&app), "2 unchanged\n");
}

#[test]
fn destroy_keeps_other_stages() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with_three_functions();
    aws.deploy(&app);
    aws.run(&app, &["deploy", "--stage", "dev-x", "--yes"]).success();
    let before = aws.list_resources("shop-dev-x");
    // `shop-dev-` is a prefix of `shop-dev-x-`.
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
    let unconfirmed = aws.run(&app, &["destroy", "--stage", "dev"]);
    assert_eq!((unconfirmed.code, aws.list_resources("shop-dev-").len()), (Some(2), 20), "{}", unconfirmed.stderr);
    let destroyed = aws.run(&app, &["destroy", "--stage", "dev", "--yes"]);
    assert!(destroyed.stderr.contains("deleted the 3 functions of stage `dev` of app `shop`"), "{}", destroyed.stderr);
    assert_eq!(destroyed.code, Some(0));
    assert_eq!(aws.list_resources("shop-dev-"), before);
    let again = aws.run(&app, &["destroy", "--stage", "dev", "--yes"]);
    assert!(again.stderr.contains("nothing to do, stage `dev` of app `shop` does not exist"), "{}", again.stderr);
    assert_eq!(aws.run(&app, &["deploy", "--stage", "dev-x", "--yes"]).success().lines().last(), Some("3 unchanged"));
}

#[test]
fn deprecated_and_unknown_runtimes_are_deployed_with_a_warning() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter", "reporter"]);
    app.set("/workers/counter/runtime", json!("python3.10"));
    app.set("/workers/reporter/runtime", json!("python3.99"));
    let output = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--dry-run"]);
    for warning in [
        "warning: the runtime `python3.10` is deprecated since 2026-10-31: Lambda refuses to create functions",
        "warning: this version does not know the runtime `python3.99`, so Lambda may refuse it",
    ] {
        assert!(output.stderr.contains(warning), "{warning} in {}", output.stderr);
    }
    assert_eq!(output.code, Some(0));
}
