//! Going back, and looking at what is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::proxy::{Fate, Proxy};
use crate::shop::{Answer, Shop, WORKER};

/// The emulator gives the newest code whatever version it is asked for; here each version has its own, as on AWS.
struct Codes {
    zips: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    proxy: Proxy,
}

impl Codes {
    fn of(cloud: &Cloud) -> Self {
        let zips = Arc::new(Mutex::new(BTreeMap::<String, Vec<u8>>::new()));
        let (known, own) = (Arc::clone(&zips), Arc::new(Mutex::new(String::new())));
        let address = Arc::clone(&own);
        let proxy = Proxy::start(cloud.aws.endpoint(), move |request| {
            if let Some(zip) = known.lock().expect("no panic").get(&request.what) {
                return Fate::Give(zip.clone());
            }
            let asked = request.what.strip_prefix("GET /2015-03-31/functions/");
            match asked.and_then(|asked| asked.split_once("?Qualifier=")) {
                Some((function, number)) if number != "live" => {
                    let own = address.lock().expect("no panic");
                    Fate::Say("/Code/Location", json!(format!("{own}/{function}/{number}")))
                }
                _ => Fate::Pass,
            }
        });
        own.lock().expect("no panic").clone_from(&proxy.endpoint);
        Self { zips, proxy }
    }

    /// What was built is what this version has.
    fn are(&self, shop: &Shop, worker: &str, number: u32) {
        let zip = std::fs::read(shop.path(&format!("target/bedrock/workers/{worker}.zip"))).expect("the zip");
        self.zips.lock().expect("no panic").insert(format!("GET /shop-dev-{worker}/{number}"), zip);
    }

    fn rollback(&self, cloud: &Cloud, shop: &Shop, more: &[&str]) -> Answer {
        let mut environment = cloud.environment();
        environment.push(("AWS_ENDPOINT_URL".to_owned(), self.proxy.endpoint.clone()));
        let args = [&["rollback", "--stage", "dev"], more].concat();
        shop.command(&args, &environment).output().expect("the command starts").into()
    }
}

fn version(cloud: &Cloud, function: &str) -> Value {
    cloud.invoke(function, &json!({}))["version"].clone()
}

#[test]
fn a_rollback_undoes_the_last_deploy_for_every_caller() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = Shop::new(&["counter", "reporter"]);
    let codes = Codes::of(&cloud);
    cloud.deploy(&shop);
    for worker in ["counter", "reporter"] {
        codes.are(&shop, worker, 1);
    }
    shop.code("reporter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    cloud.deploy(&shop);
    shop.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    shop.set("/workers/counter/environment", json!({ "MODE": "fast" }));
    cloud.deploy(&shop);

    let planned = codes.rollback(&cloud, &shop, &["--dry-run"]);
    assert_eq!(planned.good(), "~ rollback  shop-dev-counter (version 2 → 1)\n");
    let done = codes.rollback(&cloud, &shop, &["--yes"]);
    assert!(done.stderr.contains("done: rolled back `shop-dev-counter`: version 2 → 1"), "{}", done.stderr);
    // By the plain name, as workers call each other, and by the alias, as the URL does.
    for function in ["shop-dev-counter", "shop-dev-counter:live"] {
        let answer = cloud.invoke(function, &json!({}));
        assert_eq!((&answer["version"], &answer["mode"]), (&json!(1), &Value::Null), "{function}");
        assert_eq!(version(&cloud, &function.replace("counter", "reporter")), 2);
    }
    // The one before, then nothing any more.
    codes.rollback(&cloud, &shop, &["--yes"]).good();
    assert_eq!(version(&cloud, "shop-dev-reporter"), 1);
    let first = codes.rollback(&cloud, &shop, &["--yes"]);
    assert_eq!(first.code, Some(1));
    let said = "error: there is nothing to go back to in stage `dev` of app `shop`";
    assert!(first.stderr.contains(said), "{}", first.stderr);
    // And forward again.
    assert!(cloud.deploy(&shop).ends_with("\n2 to update\n"));
    assert_eq!((version(&cloud, "shop-dev-counter:live"), version(&cloud, "shop-dev-reporter")), (json!(2), json!(2)));
    codes.rollback(&cloud, &shop, &["--yes", "reporter"]).good();
    assert_eq!((version(&cloud, "shop-dev-counter:live"), version(&cloud, "shop-dev-reporter")), (json!(2), json!(1)));
}

#[test]
fn code_that_is_not_the_versions_is_not_rolled_out() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = Shop::new(&["counter"]);
    cloud.deploy(&shop);
    shop.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    cloud.deploy(&shop);
    let codes = Codes::of(&cloud);
    codes.are(&shop, "counter", 1);
    let refused = codes.rollback(&cloud, &shop, &["--yes"]);
    assert_eq!(refused.code, Some(1));
    assert_snapshot!(refused.stderr, @"
    error: failed to go back to the version before of function `shop-dev-counter`
      caused by: what AWS gives is not the code of version 1
    error: 0 of 1 functions are as they should be, left: `shop-dev-counter`
    help: the same command goes on from there
    ");
    assert_eq!(version(&cloud, "shop-dev-counter"), 2);
}

#[test]
fn the_status_tells_what_differs_from_what_was_built() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = Shop::new(&["counter", "old", "reporter"]).with_endpoint(&[]);
    cloud.deploy(&shop);
    shop.remove("old");
    shop.add("fresh");
    // By hand, past everybody.
    let drift = json!({ "FunctionName": "shop-dev-reporter", "MemorySize": 128 });
    cloud.call("lambda", "update_function_configuration", &drift);
    let shown = cloud.run(&shop, &["status", "--stage", "dev", "--message-format", "json"]).good();
    let status: Value = serde_json::from_str(&shown).expect("JSON");
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
    assert!(status["url"].as_str().is_some_and(|url| url.contains("lambda-url")), "{shown}");
    let table = cloud.run(&shop, &["status", "--stage", "dev"]).good();
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(lines.next().expect("a head"), ["function", "version", "modified", "state"]);
    let counter = lines.next().expect("a line");
    assert_eq!((counter[0], counter[1], counter[4]), ("shop-dev-counter", "1", "same"));
}
