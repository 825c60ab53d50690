//! Tests of successful invocations: events, contexts, instances and nested calls.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::driver::{ALL_WORKERS, HOSTED_WORKERS, Run, finish, responses};

#[test]
fn every_language_returns_its_event() {
    for worker in ALL_WORKERS {
        let value = json!({ "text": "größer 🦀 \u{0} \u{202e}", "list": [1, -2.5, null, true], "empty": {} });
        let results = responses(&json!([{ "worker": worker, "event": { "do": "echo", "value": value } }]));
        assert_eq!(results[0]["ok"], value, "{worker}");
    }
}

#[test]
fn context_matches_a_lambda_function() {
    for worker in ALL_WORKERS {
        let results = responses(&json!([{ "worker": worker, "event": { "do": "context" } }]));
        let context = &results[0]["ok"];
        assert_eq!(
            context["arn"],
            format!("arn:aws:lambda:us-east-1:000000000000:function:conformance-local-{worker}")
        );
        assert_eq!(context["name"], format!("conformance-local-{worker}"));
        assert_eq!(context["memory"], 256, "{worker}");
        assert_eq!(context["version"], "$LATEST", "{worker}");
        assert_eq!(context["id"].as_str().map(str::len), Some(36), "{worker}");
        let remaining = context["remaining"].as_u64().expect("a number");
        assert!((4000..=5000).contains(&remaining), "{worker}: {remaining} of 5000 ms remain");
    }
}

#[test]
fn variables_of_settings_and_of_lambda_reach_workers() {
    let variable = |worker: &str, name: &str| json!({ "worker": worker, "event": { "do": "variable", "name": name } });
    let run = |steps: &Value| {
        let run = Run::new(steps).env("CASE_TOKEN", "secret").env("TZ", "America/New_York");
        let run = run.env("HTTP_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "a.example").run();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.responses
    };
    for worker in ALL_WORKERS {
        let results = run(&json!([variable(worker, "CASE_MODE"), variable(worker, "CASE_TOKEN")]));
        assert_eq!(results[0]["ok"], format!("of {worker}"));
        assert_eq!(results[1]["ok"], "secret", "{worker}");
    }
    for worker in HOSTED_WORKERS {
        let names = ["TZ", "LANG", "NO_PROXY"];
        let results = run(&json!(names.map(|name| variable(worker, name))));
        let values: Vec<&Value> = results.iter().map(|response| &response["ok"]).collect();
        assert_eq!(values, [":UTC", "en_US.UTF-8", "a.example,127.0.0.1,localhost"], "{worker}");
    }
}

#[test]
fn instance_lives_as_long_as_its_environment() {
    for worker in ["rust_case", "node_case"] {
        let step = json!({ "worker": worker, "event": { "do": "calls" } });
        let results = responses(&json!([step, step, step]));
        let calls: Vec<&Value> = results.iter().map(|response| &response["ok"]).collect();
        assert_eq!(calls, [1, 2, 3], "{worker}");
    }
    let step = json!({ "worker": "python_case", "event": { "do": "calls" } });
    let results = responses(&json!([step, step, step]));
    // Each thread of the process corresponds to an execution environment; sequential calls use the same one.
    assert_eq!(results[2]["ok"], 3);
}

#[test]
fn worker_calls_worker_of_any_language() {
    for outer in ALL_WORKERS {
        for inner in ALL_WORKERS {
            let event = json!({ "do": "call", "worker": inner, "event": { "do": "echo", "value": [outer, inner] } });
            let results = responses(&json!([{ "worker": outer, "event": event }]));
            assert_eq!(results[0]["ok"], json!([outer, inner]));
        }
    }
}

#[test]
fn function_name_or_arn_reaches_the_worker() {
    for target in [
        "conformance-local-python_case",
        "conformance-prod-python_case",
        "123456789012:function:conformance-prod-python_case",
        "arn:aws:lambda:eu-west-1:123456789012:function:conformance-prod-python_case:live",
    ] {
        let echo = json!({ "do": "echo", "value": 7 });
        let results = responses(&json!([
            { "worker": target, "event": echo },
            { "worker": "node_case", "event": { "do": "call", "worker": target, "event": echo } },
        ]));
        assert_eq!((&results[0]["ok"], &results[1]["ok"]), (&json!(7), &json!(7)), "{target}");
    }
}

#[test]
fn nested_call_error_reaches_the_caller() {
    for outer in HOSTED_WORKERS {
        let unknown = json!({ "do": "call", "worker": "missing_worker", "event": {} });
        let failing = json!({ "do": "call", "worker": "rust_case", "event": { "do": "raise" } });
        let results = responses(&json!([{ "worker": outer, "event": unknown }, { "worker": outer, "event": failing }]));
        assert_eq!(results[0]["error"], "InvocationError", "{outer}: {}", results[0]);
        assert!(
            results[0]["message"].as_str().is_some_and(|m| m.contains("missing_worker")),
            "{outer}: {}",
            results[0]
        );
        assert!(
            results[1]["message"].as_str().is_some_and(|m| m.contains("requested failure")),
            "{outer}: {}",
            results[1]
        );
    }
}

#[test]
fn nested_call_ends_at_its_callers_deadline() {
    // The callee's own timeout of 5 s would end 8 s after the start of the caller, but the caller's 5 s end first.
    for outer in ALL_WORKERS {
        let inner = if outer == "rust_case" { "python_case" } else { "rust_case" };
        let event = json!({ "do": "call", "after": 3000, "worker": inner, "event": { "do": "sleep", "ms": 60_000 } });
        let results = responses(&json!([{ "worker": outer, "event": event }]));
        assert!(results[0]["error"].is_string(), "{outer}: {}", results[0]);
        let ms = results[0]["ms"].as_u64().expect("a number");
        assert!((4000..7500).contains(&ms), "{outer}: {ms} ms");
    }
}

#[test]
fn two_hundred_concurrent_calls_succeed() {
    for worker in ALL_WORKERS {
        let results = responses(&json!([{ "worker": worker, "event": { "do": "sleep", "ms": 20 }, "times": 200 }]));
        assert_eq!(results.len(), 200, "{worker}");
        assert!(results.iter().all(|response| response["ok"] == "slept"), "{worker}: {results:?}");
    }
}

#[test]
fn blocking_workers_do_not_delay_other_calls() {
    // 64 blocked workers are more than the runtime has threads; other calls must still succeed.
    for worker in ALL_WORKERS {
        let quick = json!({ "worker": worker, "event": { "do": "echo", "value": 1 }, "times": 8 });
        let blocked = json!({ "worker": worker, "event": { "do": "block", "ms": 300 }, "times": 64 });
        let results = responses(&json!([quick, quick, quick, blocked, quick]));
        assert_eq!(results.len(), 8 * 4 + 64, "{worker}");
        assert!(
            results.iter().all(|response| response["ok"] == 1 || response["ok"] == "blocked"),
            "{worker}: {results:?}"
        );
    }
}

#[test]
fn calls_queued_at_a_hanging_process_run_elsewhere_once() {
    // A fast worker is sent calls in advance; then one of them hangs, waiting or in a loop.
    for (hanging, most) in [(json!({ "do": "sleep", "ms": 4000 }), 3000), (json!({ "do": "loop" }), 9000)] {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("ran");
        let echo = json!({ "worker": "node_case", "event": { "do": "echo", "value": 1 } });
        let hanging = json!({ "worker": "node_case", "event": hanging, "fire_and_forget": true });
        let append = json!({ "worker": "node_case", "event": { "do": "append", "path": path }, "times": 12 });
        let (child, mark) = Run::new(&json!([echo, echo, echo, echo, echo, echo, hanging, append])).start();
        let run_result = finish(child, &mark);
        let appended = &run_result.responses[7..];
        assert_eq!(appended.len(), 12, "{:?}", run_result.responses);
        for response in appended {
            assert_eq!(response["ok"], "appended", "{response}");
            assert!(response["ms"].as_u64().is_some_and(|ms| ms < most), "{response}");
        }
        let lines = std::fs::read_to_string(&path).expect("the file").lines().count();
        assert_eq!(lines, 12, "each runs once");
    }
}

#[test]
fn single_invocation_writes_only_its_response_to_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("response");
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command.env("BEDROCK_INVOKE", "rust_case").env("BEDROCK_INVOKE_RESPONSE", &path).env_remove("RUST_LOG");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
    let event = json!({ "do": "log", "text": "a warning" }).to_string();
    child.stdin.take().expect("a pipe").write_all(event.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("the end");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout.is_empty(), "{stderr}");
    assert!(stderr.contains("WARN") && stderr.contains("a warning"), "{stderr}");
    let response = std::fs::read_to_string(&path).expect("a response");
    assert!(serde_json::from_str::<Value>(&response).is_ok(), "{response}");
}
