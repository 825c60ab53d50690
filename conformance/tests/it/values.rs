//! The table of responses and errors, run in this program, in the dev server and by AWS's runtime clients.

use std::fs;
use std::path::Path;

use bedrock_build::{Language, Runtime, WorkerName};
use bedrock_dev::{Clock, DevServer};
use bedrock_local::{WorkerIdentity, identity_file, lambda_files, lambda_handler};
use serde_json::{Value, json};
use testbed::{Function, InvocationResult, pack, ric};

use crate::dev_server::config;
use crate::driver::{app_dir, responses};
use crate::service::access::exchange;

#[path = "../values/table.rs"]
mod table;

use table::{Case, assert_equal, error};

/// Cases that end the process of their worker.
const ENDING: [&str; 9] = [
    "base_exception",
    "exit",
    "exit_0",
    "hard_exit",
    "timer_throws",
    "emitter_throws",
    "rejection_in_background",
    "rejection_of_undefined",
    "late_throw",
];

/// Returns the result for a response. One that is not JSON becomes a text without its white space.
fn response(body: &str) -> Value {
    let value: Value = serde_json::from_str(body).unwrap_or_else(|_| body.replace(' ', "").into());
    json!({ "response": value })
}

#[test]
fn values_reach_callers_in_the_program() {
    let cases = Case::all();
    let steps: Vec<Value> = cases.iter().map(|case| json!({ "worker": case.worker, "event": case.event })).collect();
    let results = responses(&json!(steps));
    let result = |result: &Value| match result["error"].as_str() {
        Some(kind) => error(kind, result["message"].as_str().unwrap_or_default()),
        None => json!({ "response": result["ok"] }),
    };
    let results: Vec<_> = cases.iter().zip(results.iter().map(result)).collect();
    assert_eq!(results.len(), cases.len());
    assert_equal("rust", &results);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_reach_callers_of_the_dev_server() {
    let scratch = tempfile::tempdir().expect("a folder");
    let dev_server = DevServer::start(config(scratch.path(), &Clock::real())).await.expect("it starts");
    let cases = Case::all();
    let mut results = Vec::new();
    for case in &cases {
        let url = dev_server.url.clone();
        let request = format!("POST /2015-03-31/functions/{}/invocations", case.worker);
        let host = format!("Host: {}", url.trim_start_matches("http://"));
        let headers = [host.as_str(), "Authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/lambda/x"];
        let (head, body) = tokio::task::block_in_place(|| exchange(&url, &request, &headers, &case.event.to_string()));
        results.push((case, result_of_lambda(&head, &body)));
    }
    assert_equal("dev", &results);
    dev_server.close();
}

fn result_of_lambda(head: &str, body: &str) -> Value {
    if !head.to_ascii_lowercase().contains("x-amz-function-error") {
        return response(body);
    }
    let failed: Value = serde_json::from_str(body).expect("an error is JSON");
    error(failed["errorType"].as_str().unwrap_or_default(), failed["errorMessage"].as_str().unwrap_or_default())
}

/// Returns the function of a worker of this app, with the zip that a build makes.
fn function(worker: &str, runtime: &Runtime, scratch: &Path) -> Function {
    let language = runtime.language;
    let folder = scratch.join(worker);
    let own = app_dir().join("workers").join(worker);
    let class = WorkerName::parse(worker).expect("a name").class_name();
    let (path, identity) = identity_file(&WorkerIdentity { app: "conformance", worker, class: &class, durable: false });
    let added = lambda_files(language).iter().copied().chain([(path, identity.as_str())]);
    for (path, text) in added {
        fs::create_dir_all(folder.join(path).parent().expect("a folder")).expect("a folder");
        fs::write(folder.join(path), text).expect("written");
    }
    for file in fs::read_dir(own).expect("a folder").flatten().filter(|file| file.path().is_file()) {
        fs::copy(file.path(), folder.join(file.file_name())).expect("a copy");
    }
    let zip = folder.with_extension("zip");
    pack(&folder, &zip);
    Function::new(&format!("conformance-dev-{worker}"), runtime.id, lambda_handler(language), zip)
}

/// Runs all cases of a worker by AWS's runtime client in each supported version of its language that this machine has.
fn run_on_lambda(worker: &str, language: Language) {
    let mut runtimes: Vec<Runtime> =
        Runtime::all().iter().copied().filter(|runtime| runtime.language == language).collect();
    runtimes.sort_by_key(|runtime| runtime.id);
    let run = runtimes.iter().filter(|runtime| run_in(worker, runtime)).count();
    assert!(run > 0 || testbed::tool("ric/bin/python").is_none(), "a version of this machine is supported");
}

/// Runs the cases in one version. Those that end the process have a process of their own. Returns whether the version is installed.
fn run_in(worker: &str, runtime: &Runtime) -> bool {
    let scratch = tempfile::tempdir().expect("a folder");
    let function = function(worker, runtime, scratch.path());
    let cases: Vec<Case> = Case::all().into_iter().filter(|case| case.worker == worker).collect();
    let (ending, others): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| ENDING.iter().any(|ending| case.event == *ending));
    let mut results = Vec::new();
    for group in ending.iter().map(std::slice::from_ref).chain([others.as_slice()]) {
        let events: Vec<Value> = group.iter().map(|case| case.event.clone()).collect();
        let Some(run) = ric::run_in_version(&function, &events) else { return false };
        results.extend(group.iter().copied().zip(run.results.into_iter().map(result_on_lambda)));
    }
    assert_eq!(results.len(), cases.len());
    assert_equal(&format!("lambda {}", runtime.id), &results);
    true
}

fn result_on_lambda(result: InvocationResult) -> Value {
    match result {
        InvocationResult::Response(Value::String(text)) if text.contains("NaN") || text.contains("Infinity") => {
            response(&text)
        }
        InvocationResult::Response(value) => json!({ "response": value }),
        InvocationResult::Error(failed) | InvocationResult::InitError(failed) => {
            error(failed["errorType"].as_str().unwrap_or_default(), failed["errorMessage"].as_str().unwrap_or_default())
        }
        InvocationResult::FailedStream(_, error_type) => error(&error_type, ""),
        // What Lambda makes of it.
        InvocationResult::Exited(Some(0)) => error("Runtime.ExitError", "Runtime exited without providing a reason"),
        InvocationResult::Exited(Some(status)) => {
            error("Runtime.ExitError", &format!("Runtime exited with error: exit status {status}"))
        }
        InvocationResult::Exited(None) => error("Runtime.ExitError", "Runtime exited with error: signal: killed"),
    }
}

#[test]
fn values_of_python_under_the_runtime_client_of_aws() {
    run_on_lambda("python_values", Language::Python);
}

#[test]
fn values_of_node_under_the_runtime_client_of_aws() {
    run_on_lambda("node_values", Language::JavaScript);
}
