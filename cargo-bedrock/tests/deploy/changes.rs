//! What a deploy does, and that it does nothing more.

use serde_json::json;

use crate::cloud::Cloud;
use crate::shop::{Shop, WORKER};

fn three() -> Shop {
    let mut shop = Shop::new(&["counter", "reporter"]).with_endpoint(&["counter"]);
    shop.layer("counter", "ranks", "NAME = 'ranks'\n");
    shop
}

#[test]
fn only_what_differs_is_changed() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = three();
    insta::assert_snapshot!(cloud.deploy(&shop), @"
    + create  shop-dev-counter
    + create  shop-dev-endpoint
    + create  shop-dev-reporter

    3 to create
    ");
    assert_eq!(cloud.invoke("shop-dev-counter", &json!({}))["name"], "shop-dev-counter");
    let url = cloud.call(
        "lambda",
        "get_function_url_config",
        &json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live" }),
    );
    let url = url["FunctionUrl"].as_str().expect("a URL").to_owned();
    let (status, body) = cloud.get(&format!("{url}stars"));
    assert!(status.contains("200") && body.contains("asked for /stars"), "{status} {body}");

    assert_eq!(cloud.deploy(&shop), "3 stay as they are\n");

    shop.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    shop.set("/workers/reporter/memory", json!(512));
    shop.set("/workers/reporter/environment", json!({ "MODE": "fast" }));
    insta::assert_snapshot!(cloud.deploy(&shop), @"
    ~ update  shop-dev-counter (code)
    ~ update  shop-dev-reporter (memory 256 → 512, environment +MODE)

    2 to update, 1 stays as it is
    ");
    assert_eq!(cloud.invoke("shop-dev-counter", &json!({}))["version"], 2);
    assert_eq!(cloud.invoke("shop-dev-reporter:live", &json!({}))["mode"], "fast");
    assert_eq!((cloud.live("shop-dev-counter"), cloud.live("shop-dev-endpoint")), ("2".to_owned(), "1".to_owned()));
    assert_eq!(cloud.deploy(&shop), "3 stay as they are\n");
}

#[test]
fn everything_that_settings_say_arrives_and_goes_again() {
    let Some(cloud) = Cloud::start(false) else { return };
    let queue = cloud.call("sqs", "create_queue", &json!({ "QueueName": "failed" }));
    assert!(queue["QueueUrl"].is_string());
    let mut shop = Shop::new(&["counter"]).with_endpoint(&[]);
    let usual = [
        ("/workers/counter/retries", json!(2)),
        ("/workers/counter/event_age", json!(21_600)),
        ("/workers/counter/on_failure", json!(null)),
        ("/workers/counter/recursion", json!("terminate")),
        ("/workers/counter/concurrency", json!(null)),
        ("/workers/counter/log_retention", json!(30)),
        ("/endpoint/url_auth", json!("none")),
    ];
    let other = [
        json!(0),
        json!(60),
        json!("arn:aws:sqs:us-east-1:123456789012:failed"),
        json!("allow"),
        json!(3),
        json!(7),
        json!("iam"),
    ];
    for ((pointer, _), value) in usual.iter().zip(&other) {
        shop.set(pointer, value.clone());
    }
    cloud.deploy(&shop);
    assert_eq!(cloud.deploy(&shop), "2 stay as they are\n");
    let of = json!({ "FunctionName": "shop-dev-counter" });
    assert_eq!(cloud.call("lambda", "get_function_recursion_config", &of)["RecursiveLoop"], "Allow");
    assert_eq!(cloud.call("lambda", "get_function_concurrency", &of)["ReservedConcurrentExecutions"], 3);
    let events = cloud.call("lambda", "get_function_event_invoke_config", &of);
    assert_eq!((&events["MaximumRetryAttempts"], &events["MaximumEventAgeInSeconds"]), (&json!(0), &json!(60)));
    for (pointer, value) in usual {
        shop.set(pointer, value);
    }
    insta::assert_snapshot!(cloud.deploy(&shop), @"
    ~ update  shop-dev-counter (log retention 7 → 30, rights, concurrency 3 → none, retries 0 → 2, event age 60 → 21600, on-failure, recursion allow → terminate)
    ~ update  shop-dev-endpoint (who may call the URL)

    2 to update
    ");
    assert_eq!(cloud.deploy(&shop), "2 stay as they are\n");
}

#[test]
fn a_layer_is_published_when_its_content_is_new() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = three();
    cloud.deploy(&shop);
    let versions = || {
        let list = cloud.call("lambda", "list_layer_versions", &json!({ "LayerName": "shop-dev-counter" }));
        list["LayerVersions"].as_array().expect("versions").len()
    };
    shop.set("/workers/counter/memory", json!(512));
    cloud.deploy(&shop);
    assert_eq!(versions(), 1);
    shop.layer("counter", "ranks", "NAME = 'other ranks'\n");
    insta::assert_snapshot!(cloud.deploy(&shop), @"
    ~ update  shop-dev-counter (layers)

    1 to update, 2 stay as they are
    ");
    assert_eq!(versions(), 2);
    // Back to what was there before: it is there still.
    shop.layer("counter", "ranks", "NAME = 'ranks'\n");
    cloud.deploy(&shop);
    assert_eq!(versions(), 2);
    for number in 0..5 {
        shop.layer("counter", "ranks", &format!("NAME = {number}\n"));
        cloud.deploy(&shop);
    }
    assert_eq!(versions(), 5);
}

#[test]
fn ten_versions_of_a_function_stay() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = Shop::new(&["counter"]);
    for memory in 256..268 {
        shop.set("/workers/counter/memory", json!(memory));
        cloud.deploy(&shop);
    }
    let list = cloud.call("lambda", "list_versions_by_function", &json!({ "FunctionName": "shop-dev-counter" }));
    let versions = list["Versions"].as_array().expect("versions").iter();
    let versions: Vec<_> = versions.filter_map(|version| version["Version"].as_str()?.parse::<u32>().ok()).collect();
    assert_eq!(versions, (3..=12).collect::<Vec<_>>());
}

#[test]
fn one_worker_alone_and_a_plan_alone() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = three();
    let planned = cloud.run(&shop, &["deploy", "--stage", "dev", "--dry-run"]);
    assert!(planned.stderr.contains("note: nothing was changed, `--dry-run` was given"), "{}", planned.stderr);
    assert!(planned.good().ends_with("\n3 to create\n"));
    assert_eq!(cloud.things(""), Vec::<String>::new());
    let one = cloud.run(&shop, &["deploy", "--stage", "dev", "--yes", "--only", "counter"]).good();
    assert!(one.ends_with("+ create  shop-dev-counter\n\n1 to create\n"), "{one}");
    // What is not chosen is neither made nor deleted.
    shop.remove("counter");
    shop.set("/endpoint/invokes", json!([]));
    let other = cloud.run(&shop, &["deploy", "--stage", "dev", "--yes", "--only", "reporter"]).good();
    assert!(other.ends_with("+ create  shop-dev-reporter\n\n1 to create\n"), "{other}");
    assert_eq!(cloud.aws.functions(), ["shop-dev-counter", "shop-dev-reporter"]);
}

#[test]
fn a_worker_that_is_gone_is_deleted_when_somebody_says_so() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = three();
    shop.set("/endpoint/invokes", json!([]));
    cloud.deploy(&shop);
    shop.remove("counter");
    let unsaid = cloud.run(&shop, &["deploy", "--stage", "dev"]);
    assert_eq!(unsaid.code, Some(2));
    assert!(unsaid.stdout.contains("- delete  shop-dev-counter (with its role and its log)"), "{}", unsaid.stdout);
    insta::assert_snapshot!(unsaid.stderr, @"
    error: cannot ask for confirmation without a terminal: deploy stage `dev` of app `shop`?
    help: use `--yes` to confirm, or `--dry-run` to show the plan
    ");
    assert_eq!(cloud.things("shop-dev-counter").len(), 4);
    cloud.deploy(&shop);
    assert_eq!(cloud.things("shop-dev-counter"), Vec::<String>::new());
    assert_eq!(cloud.deploy(&shop), "2 stay as they are\n");
}

#[test]
fn a_stage_is_destroyed_and_another_one_and_other_apps_stay() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = three();
    cloud.deploy(&shop);
    cloud.run(&shop, &["deploy", "--stage", "dev-x", "--yes"]).good();
    let before = cloud.things("shop-dev-x");
    // The longer name begins with the shorter one.
    assert_eq!(cloud.deploy(&shop), "3 stay as they are\n");
    let unsaid = cloud.run(&shop, &["destroy", "--stage", "dev"]);
    assert_eq!((unsaid.code, cloud.things("shop-dev-").len()), (Some(2), 20), "{}", unsaid.stderr);
    let destroyed = cloud.run(&shop, &["destroy", "--stage", "dev", "--yes"]);
    assert!(destroyed.stderr.contains("deleted the 3 functions of stage `dev` of app `shop`"), "{}", destroyed.stderr);
    assert_eq!(destroyed.code, Some(0));
    assert_eq!(cloud.things("shop-dev-"), before);
    let again = cloud.run(&shop, &["destroy", "--stage", "dev", "--yes"]);
    assert!(again.stderr.contains("nothing to do, there is no stage `dev` of app `shop`"), "{}", again.stderr);
    assert_eq!(
        cloud.run(&shop, &["deploy", "--stage", "dev-x", "--yes"]).good().lines().last(),
        Some("3 stay as they are")
    );
}
