//! `deploy --canary`: a part of the calls goes to the new version until the time is over, an alarm fires, or the command is
//! stopped; what a killed one leaves is known to the next command.

use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use testbed::Refusal;

use crate::alarms::alarms;
use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction};
use crate::role_settings::set_deploy_settings;
use crate::test_app::{CommandOutput, TestApp, WORKER};

const FUNCTION: &str = "shop-dev-counter";
/// Tries of 100 ms until the alias has a weight.
const MAX_TRIES: usize = 1_200;

/// An app that is deployed, and whose next version is built.
fn deployed_app(aws: &EmulatedAws) -> TestApp {
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    app.set("/workers/counter/alarms", alarms(&json!({})));
    aws.deploy(&app);
    change(&mut app, 2);
    app
}

fn change(app: &mut TestApp, version: usize) {
    app.code("counter", &WORKER.replace("\"version\": 1", &format!("\"version\": {version}")));
}

fn alias(aws: &EmulatedAws) -> Value {
    aws.call("lambda", "get_alias", &json!({ "FunctionName": FUNCTION, "Name": "live" }))
}

fn weights(aws: &EmulatedAws) -> Value {
    alias(aws)["RoutingConfig"]["AdditionalVersionWeights"].clone()
}

/// Checks that all calls go to a version, and that no function says otherwise.
fn assert_all_calls_go_to(aws: &EmulatedAws, version: &str) {
    let alias = alias(aws);
    assert_eq!(alias["FunctionVersion"], version, "{alias}");
    assert!(
        alias["RoutingConfig"]["AdditionalVersionWeights"].as_object().is_none_or(serde_json::Map::is_empty),
        "{alias}"
    );
    let tags = aws.call("lambda", "get_function", &json!({ "FunctionName": FUNCTION }))["Tags"].clone();
    assert_eq!(tags["bedrock:canary"], Value::Null, "{tags}");
}

fn set_alarm(aws: &EmulatedAws, state: &str) {
    let name = format!("{FUNCTION}-errors");
    let state = json!({ "AlarmName": name, "StateValue": state, "StateReason": "too many errors" });
    aws.call("cloudwatch", "set_alarm_state", &state);
}

/// Starts a deploy with a canary, and waits until the new version gets half of the calls.
fn start_canary(app: &TestApp, aws: &EmulatedAws, new: &str) -> Child {
    let args = ["deploy", "--stage", "dev", "--yes", "--canary", "50%/1h"];
    let mut command = app.command(&args, &aws.environment());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    for _ in 0..MAX_TRIES {
        if weights(aws)[new] == 0.5 {
            return child;
        }
        if child.try_wait().expect("its state").is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let _ = child.kill();
    panic!("no calls were shifted: {:?}", CommandOutput::from(child.wait_with_output().expect("the output")));
}

fn signal(child: Child, signal: Signal) -> CommandOutput {
    kill_process(Pid::from_child(&child), signal).expect("the process runs");
    child.wait_with_output().expect("the command ends").into()
}

#[test]
fn canary_without_alarm_ends_with_the_new_version() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = deployed_app(&aws);
    // The role has been created, so it keeps its path.
    set_deploy_settings(&app, "role-path = \"/teams/\"");
    let plan = aws.run(&app, &["deploy", "--stage", "dev", "--dry-run", "--canary", "10%/1s"]).success();
    insta::assert_snapshot!(plan.split_once("\n\n").expect("a plan").1, @"
    ~ update  shop-dev-counter (code)

    1 to update, 2 unchanged

    canary: 10 % of the calls of 1 function go to the new versions for 1 s, watched by 2 alarms
    ");
    let args = ["deploy", "--stage", "dev", "--yes", "--canary", "10%/1s", "--message-format", "json"];
    let output = aws.run(&app, &args);
    assert_eq!(output.code, Some(0), "{output:?}");
    let events = output.events();
    let plan = events.iter().find(|event| event["event"] == "plan").expect("a plan");
    assert_eq!((&plan["canary"]["percent"], &plan["canary"]["seconds"]), (&json!(10), &json!(1)));
    let watched = json!(["shop-dev-counter-errors", "shop-dev-counter-throttles"]);
    assert_eq!((&plan["canary"]["functions"], &plan["canary"]["alarms"]), (&json!([FUNCTION]), &watched));
    let progress: Vec<_> = events.iter().filter(|event| event["event"] == "canary").collect();
    let states: Vec<_> = progress.iter().map(|event| (&event["state"], &event["elapsed"])).collect();
    assert_eq!(states, [(&json!("shifted"), &json!(0)), (&json!("shifted"), &json!(1))]);
    assert_all_calls_go_to(&aws, "2");
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
}

#[test]
fn alarm_shifts_all_calls_back() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = deployed_app(&aws);
    let child = start_canary(&app, &aws, "2");
    assert_eq!(alias(&aws)["FunctionVersion"], "1");
    // Another deploy has to wait.
    let second = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert!(second.code == Some(1) && second.stderr.contains("is being changed by another process"), "{second:?}");
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("50 % of the calls go to version 2"), "{status}");
    set_alarm(&aws, "ALARM");
    let output: CommandOutput = child.wait_with_output().expect("the command ends").into();
    assert_eq!(output.code, Some(1), "{output:?}");
    for text in [
        "alarm `shop-dev-counter-errors` is in the state ALARM during the canary, all calls go to the old versions again",
        "too many errors",
    ] {
        assert!(output.stderr.contains(text), "{text}: {}", output.stderr);
    }
    assert_all_calls_go_to(&aws, "1");
    // An alarm that has fired already says nothing about new versions.
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--canary", "50%/1h"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("before the canary, no calls were shifted"), "{}", refused.stderr);
    assert_all_calls_go_to(&aws, "1");
    set_alarm(&aws, "OK");
    aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--canary", "50%/1s"]).success();
    assert_all_calls_go_to(&aws, "2");
}

#[test]
fn interrupted_canary_shifts_back() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = deployed_app(&aws);
    let output = signal(start_canary(&app, &aws, "2"), Signal::INT);
    assert_eq!(output.code, Some(130), "{output:?}");
    assert!(output.stderr.contains("all calls go to the old versions again"), "{}", output.stderr);
    assert_all_calls_go_to(&aws, "1");
}

#[test]
fn next_command_ends_the_canary_of_a_killed_deploy() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = deployed_app(&aws);
    signal(start_canary(&app, &aws, "2"), Signal::KILL);
    assert_eq!(weights(&aws)["2"], 0.5);
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("50 % of the calls go to version 2"), "{status}");
    // A rollback keeps the old version.
    let output = aws.run(&app, &["rollback", "--stage", "dev", "--yes"]).success();
    assert!(output.contains("shop-dev-counter (version 2 → 1)"), "{output}");
    assert_all_calls_go_to(&aws, "1");

    // A deploy goes on to the new one.
    signal(start_canary(&app, &aws, "2"), Signal::KILL);
    let plan = aws.deploy(&app);
    assert!(plan.contains("50 % of the calls go to version 2"), "{plan}");
    assert_all_calls_go_to(&aws, "2");
    assert_eq!(aws.deploy(&app), "3 unchanged\n");

    // A deploy of what is in use ends the canary, too.
    change(&mut app, 3);
    signal(start_canary(&app, &aws, "3"), Signal::KILL);
    change(&mut app, 4);
    aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--canary", "10%/1s"]).success();
    assert_all_calls_go_to(&aws, "4");
}

#[test]
fn killed_canary_does_not_stop_provisioned_concurrency() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = deployed_app(&aws);
    signal(start_canary(&app, &aws, "2"), Signal::KILL);
    // The code that is in use, and then other code than that of the canary.
    for (number, version, live) in [(1, 1, "3"), (2, 3, "5")] {
        change(&mut app, version);
        app.set("/workers/counter/lambda", json!({ "provisioned_concurrency": number }));
        let has_weights = AtomicBool::new(true);
        let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
            let operation = &request.operation;
            if operation.starts_with("PUT ") && operation.contains("/aliases/live") {
                has_weights.store(false, Ordering::SeqCst);
            }
            let is_refused = operation.contains("/provisioned-concurrency")
                && operation.starts_with("PUT ")
                && has_weights.load(Ordering::SeqCst);
            if !is_refused {
                return ProxyAction::Forward;
            }
            let message = "Alias with weights can not be used with Provisioned Concurrency".to_owned();
            ProxyAction::Refuse(Refusal { status: 400, code: "InvalidParameterValueException", message })
        });
        deploy(&app, &aws, &proxy, &[]).success();
        assert_all_calls_go_to(&aws, live);
        let arguments = json!({ "FunctionName": FUNCTION, "Qualifier": "live" });
        let found = aws.call("lambda", "get_provisioned_concurrency_config", &arguments);
        assert_eq!(found["RequestedProvisionedConcurrentExecutions"], number, "{found}");
        assert_eq!(aws.deploy(&app), "3 unchanged\n");
        if number == 1 {
            change(&mut app, 2);
            signal(start_canary(&app, &aws, "4"), Signal::KILL);
        }
    }
}

#[test]
fn rollback_undoes_a_deploy_after_a_canary_that_went_back() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let workers = ["counter", "greeter", "reporter"];
    let mut app = TestApp::new(&workers).with("/version", json!(3));
    app.set("/workers/counter/alarms", alarms(&json!({})));
    aws.deploy(&app);
    let versions = || workers.map(|worker| aws.live_version(&format!("shop-dev-{worker}")));
    for worker in workers {
        app.code(worker, &WORKER.replace("\"version\": 1", "\"version\": 2"));
    }
    let child = start_canary(&app, &aws, "2");
    set_alarm(&aws, "ALARM");
    let output: CommandOutput = child.wait_with_output().expect("the command ends").into();
    assert_eq!((output.code, versions()), (Some(1), ["1", "1", "1"].map(str::to_owned)), "{output:?}");
    // The versions of the others were published by the canary, and get in use only now.
    change(&mut app, 3);
    aws.deploy(&app);
    assert_eq!(versions(), ["3", "2", "2"].map(str::to_owned));
    let description = alias(&aws)["Description"].clone();
    assert!(description.as_str().is_some_and(|text| text.starts_with("deploys 3@")), "{description}");
    let plan = aws.run(&app, &["rollback", "--stage", "dev", "--dry-run"]).success();
    insta::assert_snapshot!(plan, @"
    ~ rollback  shop-dev-counter (version 3 → 1)
    ~ rollback  shop-dev-greeter (version 2 → 1)
    ~ rollback  shop-dev-reporter (version 2 → 1)
    ");
    aws.run(&app, &["rollback", "--stage", "dev", "--yes"]).success();
    assert_eq!(versions(), ["1", "1", "1"].map(str::to_owned));
    let nothing = aws.run(&app, &["rollback", "--stage", "dev", "--yes"]);
    assert!(nothing.stderr.contains("there is no earlier version to roll back to"), "{nothing:?}");
}

#[test]
fn canary_needs_alarms_and_an_old_version() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/version", json!(3));
    // Nothing is in use yet.
    let first = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--canary", "10%/1h"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stderr.contains("so there is no canary: everything is deployed at once"), "{}", first.stderr);
    change(&mut app, 2);
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--canary", "10%/1s"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for text in ["no alarm watches the functions of the canary: `shop-dev-counter`", "alarms = { notify = \"alerts\" }"]
    {
        assert!(refused.stderr.contains(text), "{text}: {}", refused.stderr);
    }
    assert_all_calls_go_to(&aws, "1");
    // New alarms exist before the canary, and what the new version uses.
    app.set("/workers/counter/alarms", alarms(&json!({})));
    aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--canary", "10%/1s"]).success();
    assert_all_calls_go_to(&aws, "2");
    app.set("/workers/counter/dead_letter", json!("arn:aws:sqs:us-east-1:123456789012:lost"));
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--canary", "10%/1s"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("its dead-letter changes"), "{}", refused.stderr);
    let wrong = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--canary", "10"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.stderr.contains("`10` is not a valid canary"), "{}", wrong.stderr);
}
