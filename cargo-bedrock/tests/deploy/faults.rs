//! Throttling, conflicts, failures of the server and cut connections.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::cloud::Cloud;
use crate::proxy::{Fate, Proxy, Request};
use crate::shop::{Answer, Shop, WORKER};

fn deploy(shop: &Shop, cloud: &Cloud, proxy: &Proxy, more: &[&str]) -> Answer {
    let mut environment = cloud.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let args = [&["deploy", "--stage", "dev", "--yes"], more].concat();
    shop.command(&args, &environment).output().expect("the command starts").into()
}

/// A proxy that lets everything pass when it comes the second time.
fn once(cloud: &Cloud, judge: impl Fn(&Request) -> Option<Fate> + Send + Sync + 'static) -> Proxy {
    let seen = Mutex::new(BTreeSet::new());
    Proxy::start(cloud.aws.endpoint(), move |request| {
        let is_new = seen.lock().expect("no panic").insert(request.what.clone());
        judge(request).filter(|_| is_new).unwrap_or(Fate::Pass)
    })
}

#[test]
fn what_is_throttled_or_busy_is_asked_again() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = Shop::new(&["counter", "reporter"]);
    let is_lambda = |request: &Request| request.what.contains("/functions/");
    let proxy = once(&cloud, move |request| {
        let code = if is_lambda(request) { "TooManyRequestsException" } else { "ThrottlingException" };
        Some(Fate::Answer(429, code))
    });
    let made = deploy(&shop, &cloud, &proxy, &[]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    shop.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    shop.set("/workers/counter/memory", json!(512));
    let proxy = once(&cloud, move |request| {
        let is_update = request.what.starts_with("PUT ") && is_lambda(request);
        is_update.then_some(Fate::Answer(409, "ResourceConflictException"))
    });
    let updated = deploy(&shop, &cloud, &proxy, &[]);
    assert_eq!(updated.code, Some(0), "{}", updated.stderr);
    assert_eq!(cloud.deploy(&shop), "2 stay as they are\n");
}

#[test]
fn what_may_be_done_twice_is_done_again_after_a_failure_or_a_cut() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = Shop::new(&["counter"]);
    let is_read = |request: &Request| !request.changes;
    for fate in [Fate::Answer(500, "ServiceException"), Fate::Cut, Fate::CutAfter] {
        let proxy = once(&cloud, move |request| is_read(request).then_some(fate.clone()));
        let planned = deploy(&shop, &cloud, &proxy, &["--dry-run"]);
        assert_eq!(planned.code, Some(0), "{}", planned.stderr);
    }
    cloud.deploy(&shop);
    let changed = shop.with("/workers/counter/memory", json!(512));
    let proxy = once(&cloud, |request| request.what.starts_with("PUT ").then_some(Fate::CutAfter));
    assert_eq!(deploy(&changed, &cloud, &proxy, &[]).code, Some(0));
    assert_eq!(cloud.live("shop-dev-counter"), "2");
}

#[test]
fn a_creation_without_an_answer_is_told_and_not_made_twice() {
    let Some(cloud) = Cloud::start(false) else { return };
    let mut shop = Shop::new(&["counter", "reporter"]);
    shop.layer("counter", "ranks", "NAME = 'ranks'\n");
    let is_layer = |request: &Request| request.what.contains("/layers/shop-dev-counter/versions") && request.changes;
    let published = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&published);
    let proxy = once(&cloud, move |request| {
        count.fetch_add(usize::from(is_layer(request)), Ordering::SeqCst);
        is_layer(request).then_some(Fate::CutAfter)
    });
    let failed = deploy(&shop, &cloud, &proxy, &[]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    for said in [
        "done: created `shop-dev-reporter`",
        "error: failed to publish the layer of function `shop-dev-counter`\n  caused by: no answer came",
        "error: 1 of 2 functions are as they should be, left: `shop-dev-counter`\nhelp: the same command goes on from there",
    ] {
        assert!(failed.stderr.contains(said), "{said} in {}", failed.stderr);
    }
    assert_eq!(cloud.deploy(&shop), "+ create  shop-dev-counter\n\n1 to create, 1 stays as it is\n");
    let versions = cloud.call("lambda", "list_layer_versions", &json!({ "LayerName": "shop-dev-counter" }));
    assert_eq!((versions["LayerVersions"].as_array().map(Vec::len), published.load(Ordering::SeqCst)), (Some(1), 1));
}

#[test]
fn what_aws_refuses_is_told_with_the_function_and_the_rest_is_done() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = Shop::new(&["counter", "reporter"]);
    let proxy = Proxy::start(cloud.aws.endpoint(), |request| {
        let is_it = request.changes && request.what.ends_with("/shop-dev-counter/versions");
        if is_it { Fate::Answer(403, "AccessDeniedException") } else { Fate::Pass }
    });
    let failed = deploy(&shop, &cloud, &proxy, &["--message-format", "json"]);
    assert_eq!(failed.code, Some(1));
    let events = failed.events();
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).collect::<Vec<_>>();
    assert_eq!(named("error")[0]["function"], "shop-dev-counter");
    assert_eq!(named("error")[0]["causes"], json!(["AccessDeniedException: by the proxy"]));
    assert_eq!(named("function-finished")[0]["function"], "shop-dev-reporter");
    assert_eq!(named("finished")[0]["success"], false);
    assert_eq!(cloud.deploy(&shop), "~ update  shop-dev-counter (alias `live`)\n\n1 to update, 1 stays as it is\n");
}

#[test]
fn a_function_that_takes_its_time_is_waited_for() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = Shop::new(&["counter"]);
    let seen = Arc::new(Mutex::new(Vec::<String>::new()));
    let log = Arc::clone(&seen);
    let proxy = Proxy::start(cloud.aws.endpoint(), move |request| {
        let mut log = log.lock().expect("no panic");
        log.push(request.what.clone());
        let made = log.iter().position(|what| what == "POST /2015-03-31/functions");
        let looks = made.map_or(0, |made| log[made..].iter().filter(|what| what.starts_with("GET ")).count());
        match looks {
            1 | 2 if !request.changes => Fate::Say("/Configuration/State", json!("Pending")),
            3 | 4 if !request.changes => Fate::Say("/Configuration/LastUpdateStatus", json!("InProgress")),
            _ => Fate::Pass,
        }
    });
    let made = deploy(&shop, &cloud, &proxy, &[]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let seen = seen.lock().expect("no panic");
    let at = |end: &str| seen.iter().position(|what| what.starts_with("POST ") && what.ends_with(end)).expect(end);
    let looks = seen[at("/functions")..at("/versions")].iter().filter(|what| what.starts_with("GET ")).count();
    assert_eq!(looks, 5);
}

#[test]
fn a_function_that_aws_cannot_make_ready_is_told() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = Shop::new(&["counter"]);
    let proxy = Proxy::start(cloud.aws.endpoint(), |request| {
        let is_look = request.what.starts_with("GET ") && request.what.ends_with("/functions/shop-dev-counter");
        if is_look { Fate::Say("/Configuration/State", json!("Failed")) } else { Fate::Pass }
    });
    let failed = deploy(&shop, &cloud, &proxy, &[]);
    assert_eq!(failed.code, Some(1));
    let said = "error: failed to make the code and the settings of function `shop-dev-counter`\n  caused by: AWS could not make it ready: ";
    assert!(failed.stderr.starts_with(said) || failed.stderr.contains(said), "{}", failed.stderr);
}

#[test]
fn several_functions_are_changed_at_once() {
    let Some(cloud) = Cloud::start(false) else { return };
    let workers = ["a1", "a2", "a3", "a4", "a5", "a6"];
    let shop = Shop::new(&workers);
    // Nobody is answered before four have asked, so that this ends only if four ask at once.
    let (waiting, all) = (Arc::new(Mutex::new(0)), Arc::new(std::sync::Condvar::new()));
    let proxy = Proxy::start(cloud.aws.endpoint(), move |request| {
        if request.what == "CreateLogGroup" {
            let mut count = waiting.lock().expect("no panic");
            *count += 1;
            all.notify_all();
            while *count < 4 {
                count = all.wait(count).expect("no panic");
            }
            assert!(request.in_flight <= 32);
        }
        Fate::Pass
    });
    let made = deploy(&shop, &cloud, &proxy, &[]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
}

#[test]
fn without_credentials_region_or_connection_nothing_begins() {
    let shop = Shop::new(&["counter"]);
    let run = |environment: &[(&str, &str)]| -> Answer {
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        shop.command(&["deploy", "--stage", "dev"], &environment).output().expect("the command starts").into()
    };
    let keys = [("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_REGION", "eu-west-1")];
    let nobody = run(&[("AWS_REGION", "eu-west-1")]);
    assert_eq!(nobody.code, Some(2));
    for said in [
        "error: failed to ask AWS in eu-west-1 who is calling\n  caused by: there are no AWS credentials\n",
        "help: log in with `aws sso login` or `aws configure`, or choose a profile with `--profile NAME`\n",
    ] {
        assert!(nobody.stderr.contains(said), "{said} in {}", nobody.stderr);
    }
    let nowhere = run(&keys[..2]);
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.stderr.starts_with("error: no AWS region is set\nhelp: give one with `--region eu-west-1`"));
    let silent = [&keys[..], &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")]].concat();
    let silent = run(&silent);
    assert_eq!(silent.code, Some(2));
    assert!(silent.stderr.contains("caused by: there is no connection: "), "{}", silent.stderr);
}

#[test]
fn requests_go_through_the_proxy_of_the_environment() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let proxy = Proxy::start("http://127.0.0.1:9", move |request| {
        log.lock().expect("no panic").push(request.what.clone());
        Fate::Answer(403, "AccessDenied")
    });
    let environment = [
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "y"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://aws.example"),
        ("HTTP_PROXY", &proxy.endpoint),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let output = Shop::new(&["counter"]).command(&["deploy", "--stage", "dev"], &environment).output();
    let answer = Answer::from(output.expect("the command starts"));
    assert!(answer.stderr.contains("caused by: AccessDenied: by the proxy"), "{}", answer.stderr);
    assert_eq!(*asked.lock().expect("no panic"), ["POST http://aws.example/"]);
}

#[test]
fn credentials_that_have_expired_are_told_as_such() {
    let Some(cloud) = Cloud::start(false) else { return };
    let proxy = Proxy::start(cloud.aws.endpoint(), |_| Fate::Answer(403, "ExpiredToken"));
    let shop = Shop::new(&["counter"]);
    let expired = deploy(&shop, &cloud, &proxy, &[]);
    assert_eq!(expired.code, Some(2));
    assert!(
        expired.stderr.contains("help: `aws sts get-caller-identity` shows who you are to AWS"),
        "{}",
        expired.stderr
    );
}
