//! A deploy that is ended between any two of its requests: the next one comes to the same as if nothing had happened.

use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::cloud::Cloud;
use crate::proxy::{Fate, Proxy};
use crate::shop::{Answer, Shop, WORKER};

/// The process that is to end, as soon as it is there.
type Victim = Arc<Mutex<Option<Pid>>>;

/// The end that comes when a request has been done, and not yet been answered.
#[derive(Clone, Copy)]
struct End {
    after: usize,
    signal: Signal,
}

fn deploy_until(shop: &Shop, cloud: &Cloud, stage: &str, end: End) -> Answer {
    until(shop, cloud, &["deploy", "--stage", stage, "--yes"], end)
}

fn until(shop: &Shop, cloud: &Cloud, args: &[&str], end: End) -> Answer {
    let victim = Victim::default();
    let mark = Arc::clone(&victim);
    let proxy = Proxy::start(cloud.aws.endpoint(), move |request| {
        if !request.changes || request.number < end.after {
            return Fate::Pass;
        }
        // A signal that is caught lets the request be answered; with the other one nobody is there any more.
        let pid = *mark.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = pid {
            let _ = kill_process(pid, end.signal);
        }
        if end.signal == Signal::KILL && request.number > end.after { Fate::Cut } else { Fate::Pass }
    });
    let mut environment = cloud.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let mut pid = victim.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = shop.command(args, &environment);
    let child: Child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    *pid = Some(Pid::from_child(&child));
    drop(pid);
    child.wait_with_output().expect("its end").into()
}

fn two() -> Shop {
    let mut shop = Shop::new(&["counter", "reporter"]);
    shop.layer("counter", "ranks", "NAME = 'ranks'\n");
    shop
}

/// All that belongs to a stage, each once.
fn complete(cloud: &Cloud, stage: &str) {
    let named = |kind: &str, worker: &str| format!("{kind} shop-{stage}-{worker}");
    let role = |worker: &str| format!("role shop-{stage}-{worker}-us-east-1");
    let mut expected: Vec<String> = ["counter", "reporter"]
        .into_iter()
        .flat_map(|worker| [named("function", worker), named("log", worker), role(worker)])
        .chain([named("layer", "counter")])
        .collect();
    expected.sort();
    assert_eq!(cloud.things(&format!("shop-{stage}-")), expected);
    let layer = json!({ "LayerName": format!("shop-{stage}-counter") });
    let layers = cloud.call("lambda", "list_layer_versions", &layer);
    assert_eq!(layers["LayerVersions"].as_array().map(Vec::len), Some(1), "{stage}");
    for worker in ["counter", "reporter"] {
        assert_eq!(cloud.live(&format!("shop-{stage}-{worker}")), "1", "{stage} {worker}");
    }
}

#[test]
fn a_first_deploy_can_be_killed_after_any_request() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = two();
    for after in 0.. {
        let stage = format!("k{after}");
        let killed = deploy_until(&shop, &cloud, &stage, End { after, signal: Signal::KILL });
        let next = cloud.run(&shop, &["deploy", "--stage", &stage, "--yes"]);
        assert_eq!(next.code, Some(0), "after {after}: {}", next.stderr);
        complete(&cloud, &stage);
        let last = cloud.run(&shop, &["deploy", "--stage", &stage, "--dry-run"]).good();
        assert!(last.ends_with("\n2 stay as they are\n"), "after {after}: {last}");
        if killed.code == Some(0) {
            // There are no more requests to be killed after.
            assert!(after > 12, "{after}");
            return;
        }
    }
}

#[test]
fn an_update_and_a_deletion_can_be_killed_after_any_request() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = two();
    cloud.deploy(&shop);
    for after in 0.. {
        let version = format!("\"version\": {after}");
        shop.code("reporter", &WORKER.replace("\"version\": 1", &version));
        shop.layer("counter", "ranks", &format!("NAME = {after}\n"));
        shop.set("/workers/counter/timeout", json!(after + 1));
        // There is a third worker every other time.
        if after % 2 == 0 {
            shop.add("extra");
        } else {
            shop.remove("extra");
        }
        let killed = deploy_until(&shop, &cloud, "dev", End { after, signal: Signal::KILL });
        let next = cloud.run(&shop, &["deploy", "--stage", "dev", "--yes"]);
        assert_eq!(next.code, Some(0), "after {after}: {}", next.stderr);
        assert_eq!(cloud.invoke("shop-dev-reporter:live", &json!({}))["version"], after, "after {after}");
        assert_eq!(cloud.things("shop-dev-extra").len(), if after % 2 == 0 { 3 } else { 0 }, "after {after}");
        let last = cloud.run(&shop, &["deploy", "--stage", "dev", "--dry-run"]).good();
        assert!(last.contains("stay as they are") && !last.contains("to "), "after {after}: {last}");
        if killed.code == Some(0) {
            assert!(after > 6, "{after}");
            return;
        }
    }
}

#[test]
fn a_destroy_can_be_killed_after_any_request() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = two();
    let destroy = ["destroy", "--stage", "dev", "--yes"];
    for after in 0.. {
        cloud.deploy(&shop);
        let killed = until(&shop, &cloud, &destroy, End { after, signal: Signal::KILL });
        cloud.run(&shop, &destroy).good();
        assert_eq!(cloud.things(""), Vec::<String>::new(), "after {after}");
        if killed.code == Some(0) {
            assert!(after > 6, "{after}");
            return;
        }
    }
}

#[test]
fn ctrl_c_ends_a_deploy_between_two_steps() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = two();
    let ended = deploy_until(&shop, &cloud, "dev", End { after: 4, signal: Signal::INT });
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("error: interrupted, 0 of 2 functions are as they should be, left: `shop-dev-counter`"),
        "{}",
        ended.stderr
    );
    cloud.deploy(&shop);
    complete(&cloud, "dev");
}
