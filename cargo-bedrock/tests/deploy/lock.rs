//! One operation at a time changes a stage, and nothing that others change is overwritten.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{CommandOutput, TestApp};

const BUCKET: &str = "cargo-bedrock-123456789012-us-east-1-an";
const KEY: &str = "locks/shop-dev.json";

/// Returns the keys of the locks that are held: those without a record.
fn locks(aws: &EmulatedAws) -> Vec<String> {
    let listed = aws.call("s3", "list_objects_v2", &json!({ "Bucket": BUCKET, "Prefix": "locks/" }));
    let objects = listed["Contents"].as_array().cloned().unwrap_or_default();
    let keys = objects.iter().filter_map(|object| object["Key"].as_str().map(str::to_owned));
    keys.filter(|key| contents(aws, key).get("record").is_none()).collect()
}

/// Returns what is in the object of a lock.
pub(crate) fn contents(aws: &EmulatedAws, key: &str) -> Value {
    let object = aws.call("s3", "get_object", &json!({ "Bucket": BUCKET, "Key": key }));
    serde_json::from_str(object["Body"].as_str().unwrap_or_default()).unwrap_or_default()
}

pub(crate) fn put_lock(aws: &EmulatedAws, contents: &Value) {
    let _ = aws.emulator.call("s3", "create_bucket", &json!({ "Bucket": BUCKET }));
    aws.call("s3", "put_object", &json!({ "Bucket": BUCKET, "Key": KEY, "Body": contents.to_string() }));
}

/// The lock of a process on another machine.
pub(crate) fn foreign_lock() -> Value {
    json!({
        "version": 1, "id": 7, "operation": "destroy", "principal": "arn:aws:iam::123456789012:user/ada", "host": "laptop",
        "machine": "another", "process": 1, "since_ms": 1_764_064_495_120_i64
    })
}

#[test]
fn second_deploy_is_refused_until_the_first_has_ended() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    // Both deploys wait for each other: the first one until the second was refused.
    let state = Arc::new((Mutex::new([false, false]), Condvar::new()));
    let shared = Arc::clone(&state);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        if request.operation == "CreateLogGroup" {
            let (flags, changed) = &*shared;
            let mut flags = flags.lock().expect("lock");
            flags[0] = true;
            changed.notify_all();
            drop(changed.wait_while(flags, |flags| !flags[1]).expect("lock"));
        }
        ProxyAction::Forward
    });
    thread::scope(|scope| {
        let first = scope.spawn(|| deploy(&app, &aws, &proxy, &[]));
        let (flags, changed) = &*state;
        drop(changed.wait_while(flags.lock().expect("lock"), |flags| !flags[0]).expect("lock"));
        for command in [&["deploy"][..], &["destroy"], &["rollback"]] {
            let refused = aws.run(&app, &[command, &["--stage", "dev", "--yes"]].concat());
            assert_eq!(refused.code, Some(1), "{refused:?}");
            let message = "error: stage `dev` of app `shop` is being changed by another process, nothing was changed\n  \
                           caused by: the lock is held by `cargo bedrock deploy` of `arn:aws:";
            assert!(refused.stderr.contains(message), "{}", refused.stderr);
        }
        // What changes nothing needs no lock, and another stage has another one.
        aws.run(&app, &["deploy", "--stage", "dev", "--dry-run"]).success();
        aws.run(&app, &["deploy", "--stage", "other", "--yes"]).success();
        flags.lock().expect("lock")[1] = true;
        changed.notify_all();
        first.join().expect("it ends").success();
    });
    assert_eq!(locks(&aws), Vec::<String>::new());
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
}

#[test]
fn lock_that_is_not_renewed_is_taken_over() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    put_lock(&aws, &foreign_lock());
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(refused.code, Some(1));
    let holder = "`cargo bedrock destroy` of `arn:aws:iam::123456789012:user/ada` on `laptop`, process 1, since \
                  2025-11-25T09:54:55.120Z";
    assert!(refused.stderr.contains(holder), "{}", refused.stderr);
    assert_eq!((locks(&aws), aws.list_resources("shop-")), (vec![KEY.to_owned()], Vec::new()));
    // The clock of S3 counts, not that of this machine.
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_lock = request.operation.starts_with("GET ") && request.operation.contains(KEY);
        if is_lock { ProxyAction::ReplaceHeader("date", "Thu, 31 Dec 2099 00:00:00 GMT") } else { ProxyAction::Forward }
    });
    let taken = deploy(&app, &aws, &proxy, &[]);
    assert!(taken.stderr.contains(&format!("warning: took over the lock of {holder}")), "{}", taken.stderr);
    taken.success();
    assert_eq!(locks(&aws), Vec::<String>::new());
}

#[test]
fn deploy_without_access_to_the_lock_is_warned() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        let is_lock = request.operation.contains(BUCKET);
        if is_lock { ProxyAction::Respond(403, "AccessDenied") } else { ProxyAction::Forward }
    });
    let deployed = deploy(&app, &aws, &proxy, &[]);
    let warning = "warning: another deploy of stage `dev` of app `shop` at the same time is not prevented: the lock in bucket \
                   `cargo-bedrock-123456789012-us-east-1-an` cannot be used: ";
    assert!(deployed.stderr.contains(warning), "{}", deployed.stderr);
    assert_eq!(deployed.code, Some(0));
}

#[test]
fn failed_and_declined_operations_release_the_lock() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| match request.operation.as_str() {
        "CreateRole" => ProxyAction::Respond(403, "AccessDenied"),
        _ => ProxyAction::Forward,
    });
    assert_eq!(deploy(&app, &aws, &proxy, &[]).code, Some(1));
    assert_eq!(locks(&aws), Vec::<String>::new());
    // Without a terminal there is no answer.
    assert_eq!(aws.run(&app, &["deploy", "--stage", "dev"]).code, Some(2));
    assert_eq!(locks(&aws), Vec::<String>::new());
}

#[test]
fn lock_is_released_only_by_its_holder() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    let proxy = Proxy::start(aws.emulator.endpoint(), |_| ProxyAction::Forward);
    deploy(&app, &aws, &proxy, &[]).success();
    // The lock of another process is not released by a process that has lost its own.
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        if request.is_mutation && request.operation.contains(KEY) {
            let method = request.operation.split(' ').next().unwrap_or_default().to_owned();
            log.lock().expect("lock").push((method, request.has_header("if-match")));
        }
        ProxyAction::Forward
    });
    // A complete deploy leaves its record, others delete the object.
    for (more, release) in [(&["--refresh"][..], "PUT"), (&["--only", "counter"], "DELETE")] {
        deploy(&app, &aws, &proxy, more).success();
        let expected = [("PUT", false), ("PUT", true), (release, true)].map(|(method, is)| (method.to_owned(), is));
        assert_eq!(std::mem::take(&mut *requests.lock().expect("lock")), expected, "{more:?}");
    }
}

#[test]
fn function_that_others_changed_after_the_plan_is_an_error() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    aws.deploy(&app);
    let app = app.with("/workers/counter/memory", json!(512));
    let change = json!({ "FunctionName": "shop-dev-counter", "Description": "by hand" });
    let gate = Arc::new((Mutex::new([false, false]), Condvar::new()));
    let shared = Arc::clone(&gate);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        if request.is_mutation && request.operation.ends_with("/shop-dev-counter/configuration") {
            let (flags, changed) = &*shared;
            let mut flags = flags.lock().expect("lock");
            flags[0] = true;
            changed.notify_all();
            drop(changed.wait_while(flags, |flags| !flags[1]).expect("lock"));
        }
        ProxyAction::Forward
    });
    let failed: CommandOutput = thread::scope(|scope| {
        let deploying = scope.spawn(|| deploy(&app, &aws, &proxy, &[]));
        let (flags, changed) = &*gate;
        drop(changed.wait_while(flags.lock().expect("lock"), |flags| !flags[0]).expect("lock"));
        aws.call("lambda", "update_function_configuration", &change);
        flags.lock().expect("lock")[1] = true;
        changed.notify_all();
        deploying.join().expect("it ends")
    });
    assert_eq!(failed.code, Some(1));
    let message = "error: failed to update the settings of function `shop-dev-counter`\n  caused by: the function was changed by \
                   another program after the plan was made\n";
    assert!(failed.stderr.contains(message), "{}", failed.stderr);
    aws.deploy(&app);
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
}
