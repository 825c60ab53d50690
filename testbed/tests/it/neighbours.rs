//! Workers that are deployed and invoke each other through the AWS SDK of their language.

use std::net::TcpStream;

use bedrock_build::Language;
use serde_json::{Value, json};
use testbed::{Answer, Function, Ministack, ric};

use crate::zipped::Zips;

/// Calls whom it is told to, and tells what came of it.
const PYTHON: &str = r#"import tabulate
from bedrock.workers.invoker import InvocationError, invoke
from bedrock.workers.worker import Worker


class Pythoneer(Worker):
    def execute(self, event, context):
        if "call" not in event:
            print("asked", event)
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

/// A Python worker and a JavaScript worker, each with its layer.
fn both(zips: &Zips) -> Option<[Function; 2]> {
    let mut python = zips.worker("pythoneer", Language::Python, &[("main.py", PYTHON)]);
    let mut javascript = zips.worker("scripter", Language::JavaScript, &[("main.js", JAVASCRIPT)]);
    python.layers.push(zips.python_layer("tabulate==0.9.0")?);
    javascript.layers.push(zips.node_layer("ms@2.1.3")?);
    Some([python, javascript])
}

fn answer(ministack: &Ministack, function: &str, event: &Value) -> Value {
    let invoked = ministack.invoke(&format!("space-dev-{function}"), event).expect("an answer");
    assert_eq!((invoked.status, &invoked.function_error), (200, &None), "{invoked:?}");
    invoked.payload
}

#[test]
fn deployed_workers_answer_and_invoke_each_other_by_name_alone() {
    let zips = Zips::new();
    let Some(functions) = both(&zips) else { return };
    let Some(ministack) = Ministack::start(false) else { return };
    ministack.deploy(&functions).expect("both are deployed");
    assert_eq!(ministack.functions(), ["space-dev-pythoneer", "space-dev-scripter"]);
    let event = json!({ "text": "größer" });
    assert_eq!(answer(&ministack, "pythoneer", &event), json!({ "by": BY_PYTHON, "event": event }));
    assert_eq!(answer(&ministack, "scripter", &event), json!({ "by": BY_JAVASCRIPT, "event": event }));
    let by_python = json!({ "by": BY_PYTHON, "event": { "from": "javascript" } });
    let by_javascript = json!({ "by": BY_JAVASCRIPT, "event": { "from": "python" } });
    assert_eq!(answer(&ministack, "pythoneer", &json!({ "call": "scripter" })), by_javascript);
    assert_eq!(answer(&ministack, "scripter", &json!({ "call": "pythoneer" })), by_python);
    ministack.delete("space-dev-scripter").expect("it is deleted");
    let gone = json!(["ResourceNotFoundException", false]);
    assert_eq!(answer(&ministack, "pythoneer", &json!({ "call": "scripter" })), gone);
}

#[test]
fn an_invocation_brings_the_end_of_the_log_and_an_event_brings_nothing() {
    let zips = Zips::new();
    let Some([python, _]) = both(&zips) else { return };
    let Some(ministack) = Ministack::start(false) else { return };
    ministack.deploy(&[python]).expect("it is deployed");
    let invoked = ministack.invoke("space-dev-pythoneer", &json!({ "a": 1 })).expect("an answer");
    assert!(invoked.log.contains("asked {'a': 1}"), "{}", invoked.log);
    let event = ministack.invoke_event("space-dev-pythoneer", &json!({ "a": 1 })).expect("it is accepted");
    assert_eq!((event.status, event.function_error, event.payload), (202, None, json!(null)));
    let failed = ministack.invoke("space-dev-pythoneer", &json!(1)).expect("an answer");
    assert_eq!((failed.status, failed.function_error.as_deref()), (200, Some("Unhandled")));
}

#[test]
fn under_awss_runtimes_workers_invoke_deployed_ones_with_awss_sdks() {
    let zips = Zips::new();
    let Some([python, mut javascript]) = both(&zips) else { return };
    // ministack has a stand-in for this package, Lambda has the package.
    let Some(sdk) = zips.node_layer("@aws-sdk/client-lambda@3.1164.0") else { return };
    let Some(ministack) = Ministack::start(false) else { return };
    ministack.deploy(&[python.clone(), javascript.clone()]).expect("both are deployed");
    javascript.layers.push(sdk);
    for (mut caller, callee, by) in [(python, "scripter", BY_JAVASCRIPT), (javascript, "pythoneer", BY_PYTHON)] {
        let variables = ministack.environment().map(|(name, value)| (name.to_owned(), value.to_owned()));
        caller.environment.extend(variables);
        let Some(run) = ric::run(&caller, &[json!({ "call": callee }), json!({ "call": "nobody" })]) else { return };
        let Answer::Response(response) = &run.answers[0] else { panic!("{run:?}") };
        assert_eq!(response["by"], by);
        assert_eq!(run.answers[1], Answer::Response(json!(["ResourceNotFoundException", false])), "{run:?}");
    }
}

#[test]
fn a_variable_with_an_arn_goes_before_the_naming_rule() {
    let zips = Zips::new();
    let Some([mut python, javascript]) = both(&zips) else { return };
    let Some(ministack) = Ministack::start(false) else { return };
    let elsewhere = Function { name: "elsewhere".to_owned(), ..javascript };
    let arn = ministack.deploy(&[elsewhere]).expect("it is deployed").remove(0);
    python.environment.insert("SPACE_WORKER_ARN_SCRIPTER".to_owned(), arn);
    ministack.deploy(&[python]).expect("it is deployed");
    let by_javascript = json!({ "by": BY_JAVASCRIPT, "event": { "from": "python" } });
    assert_eq!(answer(&ministack, "pythoneer", &json!({ "call": "scripter" })), by_javascript);
}

#[test]
fn with_iam_a_worker_calls_those_that_its_role_allows() {
    let zips = Zips::new();
    let Some([python, mut javascript]) = both(&zips) else { return };
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
    assert_eq!(answer(&ministack, "scripter", &json!({ "call": "pythoneer" })), by_python);
    let denied = json!(["AccessDeniedException", false]);
    assert_eq!(answer(&ministack, "pythoneer", &json!({ "call": "scripter" })), denied);
}

#[test]
fn a_refusal_has_the_name_and_the_status_of_awss_answer_and_nothing_is_left_in_the_end() {
    let Some(ministack) = Ministack::start(false) else { return };
    let refusal = ministack.invoke("nobody", &json!({})).expect_err("there is no such function");
    assert_eq!((refusal.code.as_str(), refusal.status), ("ResourceNotFoundException", Some(404)));
    let address = ministack.endpoint().trim_start_matches("http://").to_owned();
    TcpStream::connect(&address).expect("it listens");
    drop(ministack);
    TcpStream::connect(&address).expect_err("it is gone");
}
