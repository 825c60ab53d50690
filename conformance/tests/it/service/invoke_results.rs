//! Tests of the results that every client gets for every worker: responses, errors, logs, names, API errors.

use serde_json::{Value, json};

use super::client::Client;
use super::program::Program;
use crate::driver::{ALL_WORKERS, HOSTED_WORKERS};

pub(super) const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function";

/// Makes the calls with every installed client, of the app with `cargo run` and in the dev server, and passes the
/// results to `check`.
pub(super) fn invoke_with_every_client(calls: &[Value], check: impl Fn(Client, &[Value])) {
    for program in Program::both() {
        invoke_with_every_client_of(&program, calls, &check);
    }
}

fn invoke_with_every_client_of(program: &Program, calls: &[Value], check: impl Fn(Client, &[Value])) {
    for client in Client::ALL {
        let Some(responses) = client.invoke(&program.url, calls) else { continue };
        assert_eq!(responses.len(), calls.len(), "{client:?}");
        check(client, &responses);
    }
}

fn call(worker: &str, event: &Value) -> Value {
    json!({ "FunctionName": worker, "Payload": event.to_string() })
}

fn payload(response: &Value) -> Value {
    serde_json::from_str(response["payload"].as_str().expect("a payload")).expect("JSON")
}

#[test]
fn successful_invocation_is_a_200_with_the_response() {
    let event = json!({ "do": "echo", "value": { "text": "größer 🦀" } });
    let calls = ALL_WORKERS.map(|worker| call(worker, &event));
    invoke_with_every_client(&calls, |client, responses| {
        for response in responses {
            assert_eq!(payload(response), event["value"], "{client:?}");
            assert_eq!(
                (&response["status"], &response["failed"], &response["version"], &response["log"]),
                (&json!(200), &Value::Null, &json!("$LATEST"), &Value::Null),
                "{client:?}"
            );
        }
    });
}

#[test]
fn function_error_is_a_200_with_the_runtimes_error() {
    let calls = ALL_WORKERS.map(|worker| call(worker, &json!({ "do": "raise" })));
    invoke_with_every_client(&calls, |client, responses| {
        for response in responses {
            assert_eq!((&response["status"], &response["failed"]), (&json!(200), &json!("Unhandled")), "{client:?}");
        }
        let [rust, python, node] = [0, 1, 2].map(|at| payload(&responses[at]));
        assert_eq!(rust, json!({ "errorType": "BadCase", "errorMessage": "requested failure" }));
        assert_eq!(
            (&python["errorType"], &python["errorMessage"]),
            (&json!("ValueError"), &json!("requested failure"))
        );
        assert_eq!(python["requestId"].as_str().map(str::len), Some(36));
        assert!(python["stackTrace"][0].as_str().is_some_and(|line| line.contains("main.py")), "{python}");
        assert_eq!((&node["errorType"], &node["errorMessage"]), (&json!("RangeError"), &json!("requested failure")));
        assert!(node["trace"][1].as_str().is_some_and(|line| line.contains("main.js")), "{node}");
    });
}

#[test]
fn process_exit_has_lambdas_error_message() {
    let calls = HOSTED_WORKERS.map(|worker| call(worker, &json!({ "do": "hard_exit" })));
    invoke_with_every_client(&calls, |client, responses| {
        for response in responses {
            let error = payload(response);
            assert_eq!((&response["failed"], &error["errorType"]), (&json!("Unhandled"), &json!("Runtime.ExitError")));
            let message = error["errorMessage"].as_str().expect("a message");
            assert!(message.starts_with("RequestId: "), "{client:?}: {message}");
            assert!(message.ends_with(" Error: Runtime exited with error: exit status 3"), "{client:?}: {message}");
        }
    });
}

#[test]
fn timeout_has_lambdas_error_message() {
    // Five seconds each, but concurrently.
    let calls = ALL_WORKERS.map(|worker| call(worker, &json!({ "do": "sleep", "ms": 60_000 })));
    let programs = Program::both();
    for (program, client) in
        programs.iter().flat_map(|program| [(program, Client::Boto3), (program, Client::JavaScriptSdk)])
    {
        for response in client.invoke(&program.url, &calls).unwrap_or_default() {
            let error = payload(&response);
            assert_eq!((&response["failed"], &error["errorType"]), (&json!("Unhandled"), &json!("Sandbox.Timedout")));
            let message = error["errorMessage"].as_str().expect("a message");
            assert!(message.ends_with(" Error: Task timed out after 5.00 seconds"), "{client:?}: {message}");
        }
    }
}

#[test]
fn oversized_response_is_a_function_error() {
    let calls = ALL_WORKERS.map(|worker| call(worker, &json!({ "do": "make", "length": 6 * 1024 * 1024 })));
    invoke_with_every_client(&calls, |client, responses| {
        for response in responses {
            let error = payload(response);
            assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge", "{client:?}");
            assert!(error["errorMessage"].as_str().is_some_and(|text| text.contains("(6291458 bytes)")), "{error}");
        }
    });
}

#[test]
fn log_tail_has_output_between_lambdas_lines() {
    let calls = HOSTED_WORKERS.map(|worker| {
        let mut call = call(worker, &json!({ "do": "print", "text": "printed by a worker\n", "times": 1000 }));
        call["LogType"] = json!("Tail");
        call
    });
    invoke_with_every_client(&calls, |client, responses| {
        for response in responses {
            let log = response["log"].as_str().expect("a log");
            // The last 4 KB of 20 KB.
            assert!(log.len() <= 4096 && log.matches("printed by a worker\n").count() > 150, "{client:?}: {log}");
            let last: Vec<&str> = log.lines().rev().take(3).collect();
            let id = last[1].strip_prefix("END RequestId: ").expect(log);
            assert!(last[0].starts_with(&format!("REPORT RequestId: {id}\tDuration: ")), "{client:?}: {log}");
            assert_eq!(last[2], "printed by a worker", "{client:?}");
            assert!(response["id"].is_null() || response["id"] == id, "{client:?}: {response}");
        }
    });
}

#[test]
fn report_line_has_memory_and_init_duration() {
    for program in Program::both() {
        let workers = if program.runs_dev_server() { &ALL_WORKERS[..] } else { &HOSTED_WORKERS[..] };
        for worker in workers {
            let mut call = call(worker, &json!({ "do": "calls" }));
            call["LogType"] = json!("Tail");
            for is_first in [true, false] {
                let Some(responses) = Client::Boto3.invoke(&program.url, std::slice::from_ref(&call)) else { continue };
                let log = responses[0]["log"].as_str().expect("a log");
                let report = log.lines().last().expect("a line");
                assert!(report.contains("\tMemory Size: 256 MB\tMax Memory Used: "), "{worker}: {report}");
                assert_eq!(report.contains("\tInit Duration: "), is_first, "{worker}: {report}");
            }
        }
    }
}

#[test]
fn log_tail_of_an_error_has_the_runtimes_log_line() {
    let calls = ALL_WORKERS.map(|worker| {
        let mut call = call(worker, &json!({ "do": "raise" }));
        call["LogType"] = json!("Tail");
        call
    });
    invoke_with_every_client(&calls, |client, responses| {
        let logs: Vec<&str> = responses.iter().map(|response| response["log"].as_str().expect("a log")).collect();
        for (log, error) in
            logs.iter().zip(["ERROR BadCase: requested", "[ERROR] ValueError: requested", "\tInvoke Error \t{"])
        {
            assert!(log.starts_with("START RequestId: ") && log.contains(error), "{client:?}: {log}");
        }
        assert!(logs[1].contains("\nTraceback (most recent call last):\n  File "), "{client:?}: {}", logs[1]);
    });
}

#[test]
fn event_runs_and_dry_run_does_not() {
    Program::both().iter().for_each(accepts_and_runs);
}

fn accepts_and_runs(program: &Program) {
    let dir = tempfile::tempdir().expect("a folder");
    for client in Client::ALL {
        for worker in ALL_WORKERS {
            let file = |kind: &str| dir.path().join(format!("{client:?}-{worker}-{kind}"));
            let calls = ["Event", "DryRun"].map(|kind| {
                let mut call = call(worker, &json!({ "do": "append", "path": file(kind) }));
                call["InvocationType"] = json!(kind);
                call
            });
            let Some(responses) = client.invoke(&program.url, &calls) else { continue };
            assert_eq!(
                (&responses[0]["status"], &responses[1]["status"]),
                (&json!(202), &json!(204)),
                "{client:?} {worker}"
            );
            assert_eq!((&responses[0]["payload"], &responses[0]["failed"]), (&json!(""), &Value::Null));
            while !std::fs::read_to_string(file("Event")).is_ok_and(|text| text == "ran\n") {
                std::thread::yield_now();
            }
            assert!(!file("DryRun").exists(), "{client:?} {worker}");
        }
    }
}

#[test]
fn names_arns_and_qualifiers_identify_the_worker() {
    let names = [
        "conformance-local-python_case".to_owned(),
        "python_case:$LATEST".to_owned(),
        format!("{ARN}:conformance-local-python_case"),
        format!("{ARN}:conformance-local-python_case:live"),
        "000000000000:function:python_case".to_owned(),
        // As in the environment of a deployed app.
        "arn:aws:lambda:eu-west-1:123456789012:function:conformance-prod-python_case".to_owned(),
    ];
    let mut calls: Vec<_> = names.iter().map(|name| call(name, &json!({ "do": "context" }))).collect();
    calls.push(json!({ "FunctionName": "python_case", "Qualifier": "live", "Payload": "{\"do\": \"context\"}" }));
    invoke_with_every_client(&calls, |client, responses| {
        for response in responses {
            let context = payload(response);
            assert_eq!(context["arn"], format!("{ARN}:conformance-local-python_case"), "{client:?}: {response}");
            assert_eq!((&context["version"], &response["version"]), (&json!("$LATEST"), &json!("$LATEST")));
            // The request id is that of the invocation.
            assert!(response["id"].is_null() || response["id"] == context["id"], "{client:?}: {response}");
        }
    });
}

#[test]
fn client_context_is_in_the_workers_context() {
    // {"custom":{"tenant":"a"}}
    let calls = HOSTED_WORKERS.map(|worker| {
        let mut call = call(worker, &json!({ "do": "context" }));
        call["ClientContext"] = json!("eyJjdXN0b20iOnsidGVuYW50IjoiYSJ9fQ==");
        call
    });
    invoke_with_every_client(&calls, |client, responses| {
        for response in responses {
            assert_eq!(payload(response)["caller"], json!({ "tenant": "a" }), "{client:?}: {response}");
        }
    });
}

#[test]
fn missing_payload_is_an_empty_event() {
    let calls = [json!({ "FunctionName": "node_case" })];
    invoke_with_every_client(&calls, |client, responses| {
        // The worker does not find its action, but it was invoked.
        assert_eq!(payload(&responses[0])["errorType"], "TypeError", "{client:?}");
    });
}

#[test]
fn functions_are_listed_in_pages_and_described() {
    Program::both().iter().for_each(lists);
}

fn lists(program: &Program) {
    for (client, [list, get, configuration]) in [
        (Client::Boto3, ["list_functions", "get_function", "get_function_configuration"]),
        (Client::JavaScriptSdk, ["ListFunctions", "GetFunction", "GetFunctionConfiguration"]),
    ] {
        let of = |name: &str| json!({ "FunctionName": name });
        let calls = json!([
            { "operation": list, "arguments": {} },
            { "operation": list, "arguments": { "MaxItems": 2, "Marker": "conformance-local-node_case" } },
            { "operation": get, "arguments": of("rust_case") },
            { "operation": configuration, "arguments": of(&format!("{ARN}:conformance-local-python_case")) },
            { "operation": get, "arguments": of("missing_worker") },
        ]);
        let Some(responses) = client.call_operations(&program.url, &calls) else { continue };
        let names = |response: &Value| -> Vec<String> {
            let functions = response["Functions"].as_array().expect("functions").iter();
            functions.map(|function| function["FunctionName"].as_str().expect("a name").to_owned()).collect()
        };
        assert_eq!(names(&responses[0]).len(), 14, "{client:?}: {:?}", names(&responses[0]));
        let second = ["conformance-local-node_import", "conformance-local-node_missing"].map(str::to_owned);
        assert_eq!(
            (names(&responses[1]), &responses[1]["NextMarker"]),
            (second.to_vec(), &json!(second[1])),
            "{client:?}"
        );
        let rust = &responses[2]["Configuration"];
        assert_eq!((&rust["Runtime"], &rust["Timeout"]), (&json!("provided.al2023"), &json!(5)), "{client:?}");
        let python = &responses[3];
        assert_eq!(python["FunctionArn"], format!("{ARN}:conformance-local-python_case"), "{client:?}");
        assert_eq!((&python["State"], &python["Version"]), (&json!("Active"), &json!("$LATEST")), "{client:?}");
        assert_eq!(responses[4]["exception"], "ResourceNotFoundException", "{client:?}");
    }
}
