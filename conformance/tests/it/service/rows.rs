//! What every client sees of every worker: answers, failures, logs, names, and what the API refuses.

use serde_json::{Value, json};

use super::client::Client;
use super::program::Program;
use crate::driver::{ALL, HOSTED};

pub(super) const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function";

/// Makes the calls with every client that is there, of the app as `cargo run` and as `cargo bedrock dev` run it, and hands
/// over what came of them.
pub(super) fn by_every_client(calls: &[Value], check: impl Fn(Client, &[Value])) {
    for program in Program::both() {
        of_program(&program, calls, &check);
    }
}

fn of_program(program: &Program, calls: &[Value], check: impl Fn(Client, &[Value])) {
    for client in Client::ALL {
        let Some(answers) = client.invoke(&program.url, calls) else { continue };
        assert_eq!(answers.len(), calls.len(), "{client:?}");
        check(client, &answers);
    }
}

fn call(worker: &str, event: &Value) -> Value {
    json!({ "FunctionName": worker, "Payload": event.to_string() })
}

fn payload(answer: &Value) -> Value {
    serde_json::from_str(answer["payload"].as_str().expect("a payload")).expect("JSON")
}

#[test]
fn an_answer_is_a_200_with_the_response() {
    let event = json!({ "do": "echo", "value": { "text": "größer 🦀" } });
    let calls = ALL.map(|worker| call(worker, &event));
    by_every_client(&calls, |client, answers| {
        for answer in answers {
            assert_eq!(payload(answer), event["value"], "{client:?}");
            assert_eq!(
                (&answer["status"], &answer["failed"], &answer["version"], &answer["log"]),
                (&json!(200), &Value::Null, &json!("$LATEST"), &Value::Null),
                "{client:?}"
            );
        }
    });
}

#[test]
fn a_failure_is_a_200_with_the_error_that_the_runtime_of_the_language_writes() {
    let calls = ALL.map(|worker| call(worker, &json!({ "do": "raise" })));
    by_every_client(&calls, |client, answers| {
        for answer in answers {
            assert_eq!((&answer["status"], &answer["failed"]), (&json!(200), &json!("Unhandled")), "{client:?}");
        }
        let [rust, python, node] = [0, 1, 2].map(|at| payload(&answers[at]));
        assert_eq!(rust, json!({ "errorType": "BadCase", "errorMessage": "as it was told" }));
        assert_eq!((&python["errorType"], &python["errorMessage"]), (&json!("ValueError"), &json!("as it was told")));
        assert_eq!(python["requestId"].as_str().map(str::len), Some(36));
        assert!(python["stackTrace"][0].as_str().is_some_and(|line| line.contains("main.py")), "{python}");
        assert_eq!((&node["errorType"], &node["errorMessage"]), (&json!("RangeError"), &json!("as it was told")));
        assert!(node["trace"][1].as_str().is_some_and(|line| line.contains("main.js")), "{node}");
    });
}

#[test]
fn a_process_that_exits_is_a_failure_in_lambda_s_words() {
    let calls = HOSTED.map(|worker| call(worker, &json!({ "do": "hard_exit" })));
    by_every_client(&calls, |client, answers| {
        for answer in answers {
            let error = payload(answer);
            assert_eq!((&answer["failed"], &error["errorType"]), (&json!("Unhandled"), &json!("Runtime.ExitError")));
            let message = error["errorMessage"].as_str().expect("a message");
            assert!(message.starts_with("RequestId: "), "{client:?}: {message}");
            assert!(message.ends_with(" Error: Runtime exited with error: exit status 3"), "{client:?}: {message}");
        }
    });
}

#[test]
fn a_worker_that_takes_too_long_is_a_failure_in_lambda_s_words() {
    // Five seconds each, but all at once.
    let calls = ALL.map(|worker| call(worker, &json!({ "do": "sleep", "ms": 60_000 })));
    let programs = Program::both();
    for (program, client) in programs.iter().flat_map(|program| [(program, Client::Boto), (program, Client::Sdk)]) {
        for answer in client.invoke(&program.url, &calls).unwrap_or_default() {
            let error = payload(&answer);
            assert_eq!((&answer["failed"], &error["errorType"]), (&json!("Unhandled"), &json!("Sandbox.Timedout")));
            let message = error["errorMessage"].as_str().expect("a message");
            assert!(message.ends_with(" Error: Task timed out after 5.00 seconds"), "{client:?}: {message}");
        }
    }
}

#[test]
fn a_response_over_the_limit_is_a_failure() {
    let calls = ALL.map(|worker| call(worker, &json!({ "do": "make", "length": 6 * 1024 * 1024 })));
    by_every_client(&calls, |client, answers| {
        for answer in answers {
            let error = payload(answer);
            assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge", "{client:?}");
            assert!(error["errorMessage"].as_str().is_some_and(|text| text.contains("(6291458 bytes)")), "{error}");
        }
    });
}

#[test]
fn the_log_s_tail_has_what_the_worker_printed_between_lambda_s_own_lines() {
    let calls = HOSTED.map(|worker| {
        let mut call = call(worker, &json!({ "do": "print", "text": "printed by a worker\n", "times": 1000 }));
        call["LogType"] = json!("Tail");
        call
    });
    by_every_client(&calls, |client, answers| {
        for answer in answers {
            let log = answer["log"].as_str().expect("a log");
            // The last 4 KB of 20.
            assert!(log.len() <= 4096 && log.matches("printed by a worker\n").count() > 150, "{client:?}: {log}");
            let last: Vec<&str> = log.lines().rev().take(3).collect();
            let id = last[1].strip_prefix("END RequestId: ").expect(log);
            assert!(last[0].starts_with(&format!("REPORT RequestId: {id}\tDuration: ")), "{client:?}: {log}");
            assert_eq!(last[2], "printed by a worker", "{client:?}");
            assert!(answer["id"].is_null() || answer["id"] == id, "{client:?}: {answer}");
        }
    });
}

#[test]
fn the_report_has_the_memory_and_of_the_first_invocation_of_a_process_what_its_start_took() {
    for program in Program::both() {
        let workers = if program.is_workshop() { &ALL[..] } else { &HOSTED[..] };
        for worker in workers {
            let mut call = call(worker, &json!({ "do": "calls" }));
            call["LogType"] = json!("Tail");
            for is_first in [true, false] {
                let Some(answers) = Client::Boto.invoke(&program.url, std::slice::from_ref(&call)) else { continue };
                let log = answers[0]["log"].as_str().expect("a log");
                let report = log.lines().last().expect("a line");
                assert!(report.contains("\tMemory Size: 256 MB\tMax Memory Used: "), "{worker}: {report}");
                assert_eq!(report.contains("\tInit Duration: "), is_first, "{worker}: {report}");
            }
        }
    }
}

#[test]
fn the_log_s_tail_of_a_failure_has_the_error_as_the_runtime_logs_it() {
    let calls = ALL.map(|worker| {
        let mut call = call(worker, &json!({ "do": "raise" }));
        call["LogType"] = json!("Tail");
        call
    });
    by_every_client(&calls, |client, answers| {
        let logs: Vec<&str> = answers.iter().map(|answer| answer["log"].as_str().expect("a log")).collect();
        for (log, error) in logs.iter().zip(["ERROR BadCase: as it", "[ERROR] ValueError: as it", "\tInvoke Error \t{"])
        {
            assert!(log.starts_with("START RequestId: ") && log.contains(error), "{client:?}: {log}");
        }
        assert!(logs[1].contains("\nTraceback (most recent call last):\n  File "), "{client:?}: {}", logs[1]);
    });
}

#[test]
fn an_event_is_accepted_and_run_and_a_dry_run_is_not() {
    Program::both().iter().for_each(accepts_and_runs);
}

fn accepts_and_runs(program: &Program) {
    let dir = tempfile::tempdir().expect("a folder");
    for client in Client::ALL {
        for worker in ALL {
            let file = |kind: &str| dir.path().join(format!("{client:?}-{worker}-{kind}"));
            let calls = ["Event", "DryRun"].map(|kind| {
                let mut call = call(worker, &json!({ "do": "append", "path": file(kind) }));
                call["InvocationType"] = json!(kind);
                call
            });
            let Some(answers) = client.invoke(&program.url, &calls) else { continue };
            assert_eq!(
                (&answers[0]["status"], &answers[1]["status"]),
                (&json!(202), &json!(204)),
                "{client:?} {worker}"
            );
            assert_eq!((&answers[0]["payload"], &answers[0]["failed"]), (&json!(""), &Value::Null));
            while !std::fs::read_to_string(file("Event")).is_ok_and(|text| text == "ran\n") {
                std::thread::yield_now();
            }
            assert!(!file("DryRun").exists(), "{client:?} {worker}");
        }
    }
}

#[test]
fn names_and_arns_with_and_without_qualifiers_mean_the_worker() {
    let names = [
        "conformance-local-python_case".to_owned(),
        "python_case:$LATEST".to_owned(),
        format!("{ARN}:conformance-local-python_case"),
        format!("{ARN}:conformance-local-python_case:live"),
        "000000000000:function:python_case".to_owned(),
        // What a deployed app's environment may say.
        "arn:aws:lambda:eu-west-1:123456789012:function:conformance-prod-python_case".to_owned(),
    ];
    let mut calls: Vec<_> = names.iter().map(|name| call(name, &json!({ "do": "context" }))).collect();
    calls.push(json!({ "FunctionName": "python_case", "Qualifier": "live", "Payload": "{\"do\": \"context\"}" }));
    by_every_client(&calls, |client, answers| {
        for answer in answers {
            let context = payload(answer);
            assert_eq!(context["arn"], format!("{ARN}:conformance-local-python_case"), "{client:?}: {answer}");
            assert_eq!((&context["version"], &answer["version"]), (&json!("$LATEST"), &json!("$LATEST")));
            // The request's id is the invocation's.
            assert!(answer["id"].is_null() || answer["id"] == context["id"], "{client:?}: {answer}");
        }
    });
}

#[test]
fn what_the_caller_says_of_itself_is_in_the_context() {
    // {"custom":{"tenant":"a"}}
    let calls = HOSTED.map(|worker| {
        let mut call = call(worker, &json!({ "do": "context" }));
        call["ClientContext"] = json!("eyJjdXN0b20iOnsidGVuYW50IjoiYSJ9fQ==");
        call
    });
    by_every_client(&calls, |client, answers| {
        for answer in answers {
            assert_eq!(payload(answer)["caller"], json!({ "tenant": "a" }), "{client:?}: {answer}");
        }
    });
}

#[test]
fn no_payload_is_an_empty_event() {
    let calls = [json!({ "FunctionName": "node_case" })];
    by_every_client(&calls, |client, answers| {
        // The worker does not find what it is to do, but it was asked.
        assert_eq!(payload(&answers[0])["errorType"], "TypeError", "{client:?}");
    });
}

#[test]
fn functions_can_be_listed_page_by_page_and_looked_at() {
    Program::both().iter().for_each(lists);
}

fn lists(program: &Program) {
    for (client, [list, get, configuration]) in [
        (Client::Boto, ["list_functions", "get_function", "get_function_configuration"]),
        (Client::Sdk, ["ListFunctions", "GetFunction", "GetFunctionConfiguration"]),
    ] {
        let of = |name: &str| json!({ "FunctionName": name });
        let calls = json!([
            { "operation": list, "arguments": {} },
            { "operation": list, "arguments": { "MaxItems": 2, "Marker": "conformance-local-node_case" } },
            { "operation": get, "arguments": of("rust_case") },
            { "operation": configuration, "arguments": of(&format!("{ARN}:conformance-local-python_case")) },
            { "operation": get, "arguments": of("nobody") },
        ]);
        let Some(answers) = client.ask(&program.url, &calls) else { continue };
        let names = |answer: &Value| -> Vec<String> {
            let functions = answer["Functions"].as_array().expect("functions").iter();
            functions.map(|function| function["FunctionName"].as_str().expect("a name").to_owned()).collect()
        };
        assert_eq!(names(&answers[0]).len(), 12, "{client:?}: {:?}", names(&answers[0]));
        let second = ["conformance-local-node_import", "conformance-local-node_missing"].map(str::to_owned);
        assert_eq!((names(&answers[1]), &answers[1]["NextMarker"]), (second.to_vec(), &json!(second[1])), "{client:?}");
        let rust = &answers[2]["Configuration"];
        assert_eq!((&rust["Runtime"], &rust["Timeout"]), (&json!("provided.al2023"), &json!(5)), "{client:?}");
        let python = &answers[3];
        assert_eq!(python["FunctionArn"], format!("{ARN}:conformance-local-python_case"), "{client:?}");
        assert_eq!((&python["State"], &python["Version"]), (&json!("Active"), &json!("$LATEST")), "{client:?}");
        assert_eq!(answers[4]["exception"], "ResourceNotFoundException", "{client:?}");
    }
}
