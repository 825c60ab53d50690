//! Durable functions: their configuration, rights, versions and executions. The emulator stores the configuration; what it
//! does not list, executions by version and state, a proxy answers.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bedrock_build::Language;
use bedrock_local::{WorkerIdentity, identity_file, lambda_files, lambda_handler};
use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction, Request};
use crate::test_app::{CommandOutput, TestApp, WORKER};

const FUNCTION: &str = "shop-dev-flow";
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:shop-dev-flow";

fn durable_app() -> TestApp {
    let config = json!({ "timeout": 86_400, "retention": 14 });
    TestApp::new(&["flow"]).with("/version", json!(4)).with("/workers/flow/durable", config)
}

fn configuration(aws: &EmulatedAws, qualifier: &str) -> Value {
    let arguments = json!({ "FunctionName": FUNCTION, "Qualifier": qualifier });
    aws.call("lambda", "get_function_configuration", &arguments)["DurableConfig"].clone()
}

/// Responds like Lambda to a list of executions: one on each of `versions`, the last of which is paused.
fn executions(request: &Request, versions: &[&str]) -> Option<ProxyAction> {
    let (path, query) = request.operation.split_once('?')?;
    if path != "GET /2025-12-01/functions/shop-dev-flow/durable-executions" {
        return None;
    }
    let statuses: Vec<&str> = query.split('&').filter_map(|part| part.strip_prefix("Statuses=")).collect();
    // Lambda refuses several: "Cannot filter by more than one status".
    assert!(statuses.len() == 1 && ["RUNNING", "PAUSING", "PAUSED"].contains(&statuses[0]), "{query}");
    let qualifier = query.split('&').find_map(|part| part.strip_prefix("Qualifier="));
    let listed = versions.iter().enumerate().filter(|(number, version)| {
        let status = if number + 1 == versions.len() { "PAUSED" } else { "RUNNING" };
        statuses[0] == status && qualifier.is_none_or(|wanted| wanted == **version)
    });
    let listed: Vec<Value> = listed
        .map(|(number, version)| {
            json!({
                "DurableExecutionArn": format!("{ARN}:{version}/durable-execution/order/{number}"),
                "DurableExecutionName": "order", "FunctionArn": format!("{ARN}:{version}"),
                "StartTimestamp": 1_764_064_800, "Status": statuses[0]
            })
        })
        .collect();
    Some(ProxyAction::RespondWith(json!({ "DurableExecutions": listed }).to_string().into_bytes()))
}

/// Runs a command while executions run on `versions`.
fn run_with_executions(aws: &EmulatedAws, app: &TestApp, versions: &'static [&str], args: &[&str]) -> CommandOutput {
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        executions(request, versions).unwrap_or(ProxyAction::Forward)
    });
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    app.command(&[args, &["--stage", "dev"]].concat(), &environment).output().expect("the command starts").into()
}

#[test]
fn durable_function_has_its_configuration_and_rights() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = durable_app();
    assert_eq!(aws.deploy(&app), "+ create  shop-dev-flow\n\n1 to create\n");
    assert_eq!(configuration(&aws, "live"), json!({ "ExecutionTimeout": 86_400, "RetentionPeriodInDays": 14 }));
    let role = json!({ "RoleName": "shop-dev-flow-us-east-1", "PolicyName": "own" });
    let policy = aws.call("iam", "get_role_policy", &role)["PolicyDocument"].to_string();
    assert!(policy.contains("lambda:CheckpointDurableExecution"), "{policy}");
    assert!(policy.contains("lambda:GetDurableExecutionState"), "{policy}");
    assert_eq!(aws.deploy(&app), "1 unchanged\n");

    app.set("/workers/flow/durable", json!({ "timeout": 3600, "retention": 1 }));
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("durable timeout 86400 → 3600, durable retention 14 → 1"), "{status}");
    assert_eq!(
        aws.deploy(&app),
        "~ update  shop-dev-flow (durable timeout 86400 → 3600, durable retention 14 → 1)\n\n1 to update\n"
    );
    assert_eq!(configuration(&aws, "live"), json!({ "ExecutionTimeout": 3600, "RetentionPeriodInDays": 1 }));
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
}

/// An app with a durable worker in Rust, whose program has this text.
fn rust_app(program: &str) -> TestApp {
    let mut app = durable_app();
    app.package("flow", &[("bootstrap", program)]);
    for (key, value) in [("language", "rust"), ("runtime", "provided.al2023"), ("handler", "bootstrap")] {
        app.set(&format!("/workers/flow/{key}"), json!(value));
    }
    app
}

#[test]
fn durable_rust_function_keeps_versions_of_executions() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = rust_app("#!/bin/sh\n");
    assert_eq!(aws.deploy(&app), "+ create  shop-dev-flow\n\n1 to create\n");
    assert_eq!(configuration(&aws, "live"), json!({ "ExecutionTimeout": 86_400, "RetentionPeriodInDays": 14 }));
    let role = json!({ "RoleName": "shop-dev-flow-us-east-1", "PolicyName": "own" });
    let policy = aws.call("iam", "get_role_policy", &role)["PolicyDocument"].to_string();
    assert!(policy.contains("lambda:CheckpointDurableExecution"), "{policy}");
    for number in 2..=12 {
        app.package("flow", &[("bootstrap", &format!("#!/bin/sh\n# {number}\n"))]);
        let output = run_with_executions(&aws, &app, &["1"], &["deploy", "--yes"]);
        let is_kept = output.stderr.contains("version 1 of function `shop-dev-flow` was kept: executions run on it");
        assert_eq!(is_kept, number >= 11, "{number}: {}", output.stderr);
        output.success();
    }
    let function = json!({ "FunctionName": FUNCTION, "Qualifier": "1" });
    assert_eq!(aws.call("lambda", "get_function_configuration", &function)["Runtime"], "provided.al2023");
    app.set("/workers/flow/durable", Value::Null);
    let output = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert!(output.stderr.contains("is durable, and worker `flow` has no setting `durable`"), "{}", output.stderr);
}

#[test]
fn durability_of_a_deployed_function_cannot_change() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["flow"]);
    aws.deploy(&app);
    app.set("/version", json!(4));
    app.set("/workers/flow/durable", json!({ "timeout": 86_400, "retention": 14 }));
    let output = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(output.code, Some(1));
    insta::assert_snapshot!(output.stderr, @"
    error: function `shop-dev-flow` is not durable, and worker `flow` has the setting `durable`
      caused by: Lambda makes a function durable only when it creates the function
    help: rename the worker, so that another function is created
    help: or delete the function with its versions: `aws lambda delete-function --function-name shop-dev-flow`
    ");
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("differs (not durable, which a deploy cannot change, "), "{status}");

    aws.call("lambda", "delete_function", &json!({ "FunctionName": FUNCTION }));
    aws.deploy(&app);
    app.set("/workers/flow/durable", Value::Null);
    let output = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert!(output.stderr.contains("is durable, and worker `flow` has no setting `durable`"), "{}", output.stderr);
    assert!(configuration(&aws, "live").is_object(), "nothing was changed");
}

#[test]
fn versions_with_running_executions_are_kept() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = durable_app();
    for number in 1..=13 {
        app.code("flow", &WORKER.replace("\"version\": 1", &format!("\"version\": {number}")));
        let output = run_with_executions(&aws, &app, &["2", "13"], &["deploy", "--yes"]);
        let is_kept = output.stderr.contains("version 2 of function `shop-dev-flow` was kept: executions run on it");
        assert_eq!(is_kept, number >= 12, "{number}: {}", output.stderr);
        output.success();
    }
    let versions = aws.call("lambda", "list_versions_by_function", &json!({ "FunctionName": FUNCTION }));
    let versions: Vec<&str> =
        versions["Versions"].as_array().expect("versions").iter().filter_map(|each| each["Version"].as_str()).collect();
    assert!(!versions.contains(&"1") && versions.contains(&"2") && !versions.contains(&"3"), "{versions:?}");
}

#[test]
fn running_executions_are_shown_by_version_and_before_their_end() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = durable_app();
    app.add("other");
    aws.deploy(&app);
    let running: &[&str] = &["1", "1", "2"];
    let status = run_with_executions(&aws, &app, running, &["status"]).success();
    let (_, table) = status.split_once("\n\n").expect("a table of executions");
    assert_eq!(table, "executions of  version  running\nshop-dev-flow  1        2\nshop-dev-flow  2        1\n");
    let json: Value = serde_json::from_str(
        &run_with_executions(&aws, &app, running, &["status", "--message-format", "json"]).success(),
    )
    .expect("JSON");
    assert_eq!(json["functions"][0]["executions"], json!({ "1": 2, "2": 1 }));
    assert!(json["functions"][1].get("executions").is_none());

    let plan = run_with_executions(&aws, &app, running, &["destroy", "--dry-run"]).success();
    let line = "shop-dev-flow (with its role and its log group, 3 executions run on it and will be lost)";
    assert!(plan.contains(line), "{plan}");
    app.remove("flow");
    let plan = run_with_executions(&aws, &app, running, &["deploy", "--dry-run"]).success();
    assert!(plan.contains(line), "{plan}");
    let refused = json!({ "DurableExecutions": [], "NextMarker": "" }).to_string().into_bytes();
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        if request.operation.contains("/durable-executions") {
            return ProxyAction::RespondWith(refused.clone());
        }
        ProxyAction::Forward
    });
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let destroy = app.command(&["destroy", "--stage", "dev", "--yes"], &environment).output();
    let output = CommandOutput::from(destroy.expect("the command starts")).success();
    assert!(output.contains("shop-dev-flow (with its role and its log group)"), "{output}");
}

const FLOW: &str = "\
import os, sys
sys.path.append(os.environ['DURABLE_SDK'])
from aws_durable_execution_sdk_python.config import Duration
from bedrock.workers.worker import Worker


class Flow(Worker):
    def execute(self, event, context):
        charged = context.step(lambda _: event['amount'] + 1, name='charge')
        context.wait(Duration.from_seconds(1), name='pause')
        counted = context.invoke('counter', {}, name='count')
        return [charged, counted['name']]
";

/// Makes the emulator run executions of a function. It does so only with a member that AWS does not have.
fn enable_executions(aws: &EmulatedAws) {
    let body = json!({ "DurableConfig": { "ExecutionTimeout": 86_400, "RetentionPeriodInDays": 14, "Enabled": true } })
        .to_string();
    let address = aws.emulator.endpoint().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the emulator");
    let head = format!(
        "PUT /2015-03-31/functions/{FUNCTION}/configuration HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20261130/us-east-1/lambda/aws4_request\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}

/// An app whose worker `flow` invokes the worker `counter`, packed as `build` packs it. `None` without AWS's SDK.
fn app_with_flow() -> Option<TestApp> {
    let python = testbed::tool("durable/bin/python")?;
    let lib = fs::read_dir(python.parent()?.parent()?.join("lib")).ok()?;
    let sdk = lib.flatten().map(|entry| entry.path().join("site-packages")).find(|path| path.is_dir())?;
    let mut app = durable_app();
    app.add("counter");
    let identity = WorkerIdentity { app: "shop", worker: "flow", class: "Flow", durable: true };
    let (path, identity) = identity_file(&identity);
    let own = [("main.py", FLOW), (path, identity.as_str())];
    let files: Vec<(&str, &str)> = lambda_files(Language::Python).iter().copied().chain(own).collect();
    app.package("flow", &files);
    app.write("workers/flow/main.py", FLOW);
    app.set("/workers/flow/handler", json!(lambda_handler(Language::Python)));
    app.set("/workers/flow/invokes", json!(["counter"]));
    app.set("/workers/flow/environment", json!({ "DURABLE_SDK": sdk }));
    let settings = format!(
        "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [package.metadata.bedrock.workers.flow]\ndurable = {{ timeout = \"1d\" }}\nenv = {{ DURABLE_SDK = \"{}\" }}\n",
        sdk.display()
    );
    app.write("Cargo.toml", &settings);
    app.write("src/main.rs", "fn main() {}\n");
    Some(app)
}

#[test]
fn deployed_execution_is_replayed_with_changed_code() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let Some(app) = app_with_flow() else { return };
    aws.deploy(&app);
    enable_executions(&aws);
    aws.invoke(FUNCTION, &json!({ "amount": 41 }));
    let list = json!({ "FunctionName": FUNCTION });
    let list = aws.call("lambda", "list_durable_executions_by_function", &list);
    let arn = json!({ "DurableExecutionArn": list["DurableExecutions"][0]["DurableExecutionArn"] });
    // The emulator does not continue an execution after the function that it has invoked.
    let started = Instant::now();
    let events = loop {
        let history = aws.call("lambda", "get_durable_execution_history", &arn);
        let events = history["Events"].as_array().expect("events").clone();
        if events.iter().any(|event| event["EventType"] == "ChainedInvokeSucceeded") {
            break events;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{history}");
    };
    let invoked = events.iter().find(|event| event["EventType"] == "ChainedInvokeStarted").expect("an invocation");
    let function = invoked["ChainedInvokeStartedDetails"]["FunctionName"].as_str().expect("a function");
    assert!(function.ends_with(":function:shop-dev-counter:live"), "{function}");

    let replay = |code: &str| {
        app.write("workers/flow/main.py", code);
        aws.run(&app, &["replay", "--stage", "dev"])
    };
    let fits = replay(FLOW);
    assert_eq!((fits.code, fits.stderr.as_str()), (Some(0), "done: the code fits 1 execution\n"));
    let changed = replay(&FLOW.replace("name='pause'", "name='rest'"));
    assert_eq!(changed.code, Some(1), "{}", changed.stderr);
    let cause = "operation 2 of the history is the wait `pause`, and the code has the wait `rest` there";
    assert!(changed.stderr.contains(cause), "{}", changed.stderr);
    let arn = list["DurableExecutions"][0]["DurableExecutionArn"].as_str().expect("an ARN");
    let history = aws.run(&app, &["executions", "history", arn, "--stage", "dev", "--json"]).success();
    app.write("history.json", &history);
    let from_file = aws.run(&app, &["replay", "flow", "--history", "history.json"]);
    assert!(from_file.stderr.contains(cause), "{}", from_file.stderr);
    let table = aws.run(&app, &["executions", "history", arn, "--stage", "dev"]).success();
    let wait = table.lines().find(|line| line.contains("WaitStarted")).expect("a wait");
    assert_eq!(wait.split_whitespace().skip(2).collect::<Vec<_>>(), ["WaitStarted", "pause", "1", "s"]);
    let none = aws.run(&app, &["executions", "history", "other", "--stage", "dev"]);
    assert_eq!((none.code, none.stderr.as_str()), (Some(2), "error: no execution `other` in stage `dev`\n"));
    let none = aws.run(&app, &["replay", "--stage", "dev", "--execution", "other"]);
    assert_eq!(none.code, Some(2), "{}", none.stderr);
}
