//! Deploys that are killed between any two of their requests: the next deploy has the same result as an uninterrupted one.

use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{CommandOutput, TestApp, WORKER};

/// The process to signal, once it has started.
type ProcessSlot = Arc<Mutex<Option<Pid>>>;

/// A signal that is sent after a mutation was applied and before its response is sent.
#[derive(Clone, Copy)]
struct Interruption {
    /// Number of mutations before the one that triggers the signal.
    after: usize,
    signal: Signal,
}

fn deploy_until(app: &TestApp, aws: &EmulatedAws, stage: &str, interruption: Interruption) -> CommandOutput {
    run_until(app, aws, &["deploy", "--stage", stage, "--yes"], interruption)
}

fn run_until(app: &TestApp, aws: &EmulatedAws, args: &[&str], interruption: Interruption) -> CommandOutput {
    let process = ProcessSlot::default();
    let signalled_process = Arc::clone(&process);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        if !request.is_mutation || request.mutations_before < interruption.after {
            return ProxyAction::Forward;
        }
        // A process that catches the signal still gets the response; a killed one does not.
        let pid = *signalled_process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = pid {
            let _ = kill_process(pid, interruption.signal);
        }
        let is_killed = interruption.signal == Signal::KILL && request.mutations_before > interruption.after;
        if is_killed { ProxyAction::Disconnect } else { ProxyAction::Forward }
    });
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let mut pid = process.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = app.command(args, &environment);
    let child: Child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    *pid = Some(Pid::from_child(&child));
    drop(pid);
    child.wait_with_output().expect("the command ends").into()
}

fn app_with_two_workers() -> TestApp {
    let mut app = TestApp::new(&["counter", "reporter"]);
    app.layer("counter", "ranks", "NAME = 'ranks'\n");
    app
}

/// Checks that a stage has all of its resources, each once.
fn assert_complete(aws: &EmulatedAws, stage: &str) {
    let resource = |kind: &str, worker: &str| format!("{kind} shop-{stage}-{worker}");
    let role = |worker: &str| format!("role shop-{stage}-{worker}-us-east-1");
    let mut expected: Vec<String> = ["counter", "reporter"]
        .into_iter()
        .flat_map(|worker| [resource("function", worker), resource("log", worker), role(worker)])
        .chain([resource("layer", "counter")])
        .collect();
    expected.sort();
    assert_eq!(aws.list_resources(&format!("shop-{stage}-")), expected);
    let layer = json!({ "LayerName": format!("shop-{stage}-counter") });
    let layers = aws.call("lambda", "list_layer_versions", &layer);
    assert_eq!(layers["LayerVersions"].as_array().map(Vec::len), Some(1), "{stage}");
    for worker in ["counter", "reporter"] {
        assert_eq!(aws.live_version(&format!("shop-{stage}-{worker}")), "1", "{stage} {worker}");
    }
}

#[test]
fn first_deploy_can_be_killed_after_any_request() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with_two_workers();
    for after in 0.. {
        let stage = format!("k{after}");
        let killed = deploy_until(&app, &aws, &stage, Interruption { after, signal: Signal::KILL });
        let next = aws.run(&app, &["deploy", "--stage", &stage, "--yes"]);
        assert_eq!(next.code, Some(0), "after {after}: {}", next.stderr);
        assert_complete(&aws, &stage);
        let last = aws.run(&app, &["deploy", "--stage", &stage, "--dry-run"]).success();
        assert!(last.ends_with("\n2 unchanged\n"), "after {after}: {last}");
        if killed.code == Some(0) {
            // The deploy has fewer mutations than `after`, so it was not killed.
            assert!(after > 12, "{after}");
            return;
        }
    }
}

#[test]
fn update_and_deletion_can_be_killed_after_any_request() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_two_workers();
    aws.deploy(&app);
    for after in 0.. {
        let version = format!("\"version\": {after}");
        app.code("reporter", &WORKER.replace("\"version\": 1", &version));
        app.layer("counter", "ranks", &format!("NAME = {after}\n"));
        app.set("/workers/counter/timeout", json!(after + 1));
        // Every other deploy has a third worker.
        if after % 2 == 0 {
            app.add("extra");
        } else {
            app.remove("extra");
        }
        let killed = deploy_until(&app, &aws, "dev", Interruption { after, signal: Signal::KILL });
        let next = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
        assert_eq!(next.code, Some(0), "after {after}: {}", next.stderr);
        assert_eq!(aws.invoke("shop-dev-reporter:live", &json!({}))["version"], after, "after {after}");
        assert_eq!(aws.list_resources("shop-dev-extra").len(), if after % 2 == 0 { 3 } else { 0 }, "after {after}");
        let last = aws.run(&app, &["deploy", "--stage", "dev", "--dry-run"]).success();
        assert!(last.contains("unchanged") && !last.contains("to "), "after {after}: {last}");
        if killed.code == Some(0) {
            assert!(after > 6, "{after}");
            return;
        }
    }
}

#[test]
fn destroy_can_be_killed_after_any_request() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with_two_workers();
    let destroy = ["destroy", "--stage", "dev", "--yes"];
    for after in 0.. {
        aws.deploy(&app);
        let killed = run_until(&app, &aws, &destroy, Interruption { after, signal: Signal::KILL });
        aws.run(&app, &destroy).success();
        assert_eq!(aws.list_resources(""), Vec::<String>::new(), "after {after}");
        if killed.code == Some(0) {
            assert!(after > 6, "{after}");
            return;
        }
    }
}

#[test]
fn ctrl_c_stops_a_deploy_between_two_steps() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with_two_workers();
    let interrupted = deploy_until(&app, &aws, "dev", Interruption { after: 9, signal: Signal::INT });
    assert_eq!(interrupted.code, Some(130), "{}", interrupted.stderr);
    assert!(
        interrupted
            .stderr
            .contains("error: interrupted, 0 of 2 functions are up to date, remaining: `shop-dev-counter`"),
        "{}",
        interrupted.stderr
    );
    aws.deploy(&app);
    assert_complete(&aws, "dev");
}
