//! Deployed workers that invoke each other with the AWS SDK of their language.

use std::net::TcpStream;

use bedrock_build::Language;
use serde_json::{Value, json};
use testbed::{Function, InvocationResult, Ministack, ric};

use crate::worker_zips::WorkerZips;

/// Calls the worker in `call` of the event, and returns its response or error.
const PYTHON: &str = r#"import tabulate
from bedrock.workers.invoker import InvocationError, invoke
from bedrock.workers.worker import Worker


class Pythoneer(Worker):
    def execute(self, event, context):
        if "call" not in event:
            print("received", event)
            return {"by": tabulate.tabulate([["python"]], tablefmt="plain"), "event": event}
        try:
            return invoke(event["call"], {"from": "python"}, True)
        except InvocationError as error:
            return [error.error_type, error.may_have_run]
"#;

const JAVASCRIPT: &str = r"const ms = require('ms');
const { Worker, invoke } = require('./worker');

class Scripter extends Worker {
  async execute(event) {
    if (event.call === undefined) return { by: `javascript ${ms(60000)}`, event };
    try {
      return await invoke(event.call, { from: 'javascript' }, true);
    } catch (error) {
      return [error.errorType, error.mayHaveRun];
    }
  }
}
";

const BY_PYTHON: &str = "python";
const BY_JAVASCRIPT: &str = "javascript 1m";

/// Returns a Python worker and a JavaScript worker, each with its layer.
fn python_and_javascript(zips: &WorkerZips) -> Option<[Function; 2]> {
    let mut python = zips.worker("pythoneer", Language::Python, &[("main.py", PYTHON)]);
    let mut javascript = zips.worker("scripter", Language::JavaScript, &[("main.js", JAVASCRIPT)]);
    python.layers.push(zips.python_layer("tabulate==0.9.0")?);
    javascript.layers.push(zips.node_layer("ms@2.1.3")?);
    Some([python, javascript])
}

fn response(ministack: &Ministack, function: &str, event: &Value) -> Value {
    let output = ministack.invoke(&format!("space-dev-{function}"), event).expect("a response");
    assert_eq!((output.status, &output.function_error), (200, &None), "{output:?}");
    output.payload
}

#[test]
fn deployed_workers_invoke_each_other_by_name() {
    let zips = WorkerZips::new();
    let Some(functions) = python_and_javascript(&zips) else { return };
    let Some(ministack) = Ministack::start(false) else { return };
    ministack.deploy(&functions).expect("both are deployed");
    assert_eq!(ministack.functions(), ["space-dev-pythoneer", "space-dev-scripter"]);
    let event = json!({ "text": "größer" });
    assert_eq!(response(&ministack, "pythoneer", &event), json!({ "by": BY_PYTHON, "event": event }));
    assert_eq!(response(&ministack, "scripter", &event), json!({ "by": BY_JAVASCRIPT, "event": event }));
    let by_python = json!({ "by": BY_PYTHON, "event": { "from": "javascript" } });
    let by_javascript = json!({ "by": BY_JAVASCRIPT, "event": { "from": "python" } });
    assert_eq!(response(&ministack, "pythoneer", &json!({ "call": "scripter" })), by_javascript);
    assert_eq!(response(&ministack, "scripter", &json!({ "call": "pythoneer" })), by_python);
    ministack.delete("space-dev-scripter").expect("it is deleted");
    let not_found = json!(["ResourceNotFoundException", false]);
    assert_eq!(response(&ministack, "pythoneer", &json!({ "call": "scripter" })), not_found);
}

#[test]
fn invoke_returns_log_tail_and_event_returns_nothing() {
    let zips = WorkerZips::new();
    let Some([python, _]) = python_and_javascript(&zips) else { return };
    let Some(ministack) = Ministack::start(false) else { return };
    ministack.deploy(&[python]).expect("it is deployed");
    let output = ministack.invoke("space-dev-pythoneer", &json!({ "a": 1 })).expect("a response");
    assert!(output.log.contains("received {'a': 1}"), "{}", output.log);
    let event = ministack.invoke_event("space-dev-pythoneer", &json!({ "a": 1 })).expect("it is accepted");
    assert_eq!((event.status, event.function_error, event.payload), (202, None, json!(null)));
    let failed = ministack.invoke("space-dev-pythoneer", &json!(1)).expect("a response");
    assert_eq!((failed.status, failed.function_error.as_deref()), (200, Some("Unhandled")));
}

#[test]
fn workers_in_lambda_runtimes_invoke_deployed_workers() {
    let zips = WorkerZips::new();
    let Some([python, mut javascript]) = python_and_javascript(&zips) else { return };
    // ministack has a replacement for this package; Lambda has the package itself.
    let Some(sdk) = zips.node_layer("@aws-sdk/client-lambda@3.1164.0") else { return };
    let Some(ministack) = Ministack::start(false) else { return };
    ministack.deploy(&[python.clone(), javascript.clone()]).expect("both are deployed");
    javascript.layers.push(sdk);
    for (mut caller, callee, by) in [(python, "scripter", BY_JAVASCRIPT), (javascript, "pythoneer", BY_PYTHON)] {
        let variables = ministack.environment().map(|(name, value)| (name.to_owned(), value.to_owned()));
        caller.environment.extend(variables);
        let Some(run) = ric::run(&caller, &[json!({ "call": callee }), json!({ "call": "missing" })]) else { return };
        let InvocationResult::Response(response) = &run.results[0] else { panic!("{run:?}") };
        assert_eq!(response["by"], by);
        assert_eq!(run.results[1], InvocationResult::Response(json!(["ResourceNotFoundException", false])), "{run:?}");
    }
}

#[test]
fn arn_variable_takes_precedence_over_naming_rule() {
    let zips = WorkerZips::new();
    let Some([mut python, javascript]) = python_and_javascript(&zips) else { return };
    let Some(ministack) = Ministack::start(false) else { return };
    let elsewhere = Function { name: "elsewhere".to_owned(), ..javascript };
    let arn = ministack.deploy(&[elsewhere]).expect("it is deployed").remove(0);
    python.environment.insert("SPACE_WORKER_ARN_SCRIPTER".to_owned(), arn);
    ministack.deploy(&[python]).expect("it is deployed");
    let by_javascript = json!({ "by": BY_JAVASCRIPT, "event": { "from": "python" } });
    assert_eq!(response(&ministack, "pythoneer", &json!({ "call": "scripter" })), by_javascript);
}

#[test]
fn iam_allows_only_calls_in_the_role_policy() {
    let zips = WorkerZips::new();
    let Some([python, mut javascript]) = python_and_javascript(&zips) else { return };
    let Some(ministack) = Ministack::start(true) else { return };
    javascript.policy = Some(json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:space-dev-pythoneer"
        }]
    }));
    ministack.deploy(&[python, javascript]).expect("both are deployed");
    let by_python = json!({ "by": BY_PYTHON, "event": { "from": "javascript" } });
    assert_eq!(response(&ministack, "scripter", &json!({ "call": "pythoneer" })), by_python);
    let denied = json!(["AccessDeniedException", false]);
    assert_eq!(response(&ministack, "pythoneer", &json!({ "call": "scripter" })), denied);
}

#[test]
fn api_error_has_code_and_status_and_server_stops_on_drop() {
    let Some(ministack) = Ministack::start(false) else { return };
    let error = ministack.invoke("missing", &json!({})).expect_err("there is no such function");
    assert_eq!((error.code.as_str(), error.status), ("ResourceNotFoundException", Some(404)));
    let address = ministack.endpoint().trim_start_matches("http://").to_owned();
    TcpStream::connect(&address).expect("it listens");
    drop(ministack);
    TcpStream::connect(&address).expect_err("it has stopped");
}
