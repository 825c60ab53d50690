//! Tests of errors in workers: each is reported correctly, the next call succeeds, and no process remains.

use serde_json::{Value, json};

use crate::driver::{ALL_WORKERS, HOSTED_WORKERS, Run, responses};

/// Makes the call between two others, which must succeed, and returns its result.
fn call_between_successes(worker: &str, event: &Value) -> Value {
    let good = json!({ "worker": worker, "event": { "do": "echo", "value": "fine" } });
    let results = responses(&json!([good, { "worker": worker, "event": event }, good]));
    assert_eq!(results.len(), 3, "{worker} {event}: {results:?}");
    assert_eq!(results[2]["ok"], "fine", "{worker} {event}: the next call");
    results[1].clone()
}

fn fails(worker: &str, case: &str, error: &str, message: &str) -> Value {
    let response = call_between_successes(worker, &json!({ "do": case }));
    assert_eq!(response["error"], error, "{worker} {case}: {response}");
    assert!(response["message"].as_str().is_some_and(|m| m.contains(message)), "{worker} {case}: {response}");
    assert_eq!(response["may_have_run"], true, "{worker} {case}");
    response
}

#[test]
fn exception_is_an_error_of_its_class() {
    fails("rust_case", "raise", "BadCase", "requested failure");
    let python = fails("python_case", "raise", "ValueError", "requested failure");
    let node = fails("node_case", "raise", "RangeError", "requested failure");
    for response in [python, node] {
        assert!(response["trace"].as_u64().is_some_and(|lines| lines > 0), "{response}");
    }
}

#[test]
fn panic_fails_only_its_invocation() {
    fails("rust_case", "panic", "Panic", "the worker panicked: requested failure");
}

#[test]
fn process_exit_differs_from_a_worker_error() {
    fails("python_case", "exit", "Runtime.ExitError", "exit status 3");
    fails("python_case", "hard_exit", "Runtime.ExitError", "exit status 3");
    fails("node_case", "exit", "Runtime.ExitError", "exit status 3");
    for worker in HOSTED_WORKERS {
        fails(worker, "abort", "Runtime.ExitError", "signal: aborted");
        fails(worker, "kill", "Runtime.ExitError", "signal: killed");
    }
}

#[test]
fn exiting_rust_worker_leaves_no_host_process() {
    // On a thread of the app it ends the app, as it would end the environment on Lambda; the hosts must end too.
    for (case, code, signal) in [("exit", Some(3), None), ("abort", None, Some(6))] {
        let warm = |worker| json!({ "worker": worker, "event": { "do": "echo", "value": 1 } });
        let steps = json!([warm("python_case"), warm("node_case"), { "worker": "rust_case", "event": { "do": case } }]);
        let run_result = Run::new(&steps).run();
        assert_eq!((run_result.code, run_result.signal), (code, signal), "{case}: {}", run_result.stderr);
        assert_eq!(run_result.responses.len(), 2);
    }
}

#[test]
fn hanging_worker_times_out() {
    for worker in ALL_WORKERS {
        for case in ["loop", "deadlock"] {
            let response = fails(worker, case, "Timeout", "timed out after 5.0");
            let ms = response["ms"].as_u64().expect("a number");
            assert!((4900..8000).contains(&ms), "{worker} {case}: {ms} ms");
        }
    }
}

#[test]
fn promise_that_never_settles_is_an_error() {
    fails("node_case", "never", "Runtime.NodeJsExit", "can never settle");
}

#[test]
fn call_during_a_hanging_call_succeeds() {
    for worker in ALL_WORKERS {
        let hanging = json!({ "worker": worker, "event": { "do": "loop" }, "fire_and_forget": true });
        let good = json!({ "worker": worker, "event": { "do": "echo", "value": "fine" } });
        let (child, mark) = Run::new(&json!([good, hanging, { "worker": "wait", "event": 200 }, good])).start();
        let run_result = crate::driver::finish(child, &mark);
        let ms = run_result.responses[2]["ms"].as_u64().expect("a number");
        assert_eq!(run_result.responses[2]["ok"], "fine", "{worker}: {:?}", run_result.responses);
        assert!(ms < 2000, "{worker}: {ms} ms");
    }
}

#[test]
fn burst_of_output_does_not_block_the_worker() {
    let line = "x".repeat(1023) + "\n";
    for worker in ALL_WORKERS {
        let event = json!({ "do": "print", "text": line, "times": 100 * 1024 });
        let response = call_between_successes(worker, &event);
        // 100 MB in 5 s. A slow machine may time out, but must neither hang nor use more memory.
        assert!(response["ok"] == "printed" || response["error"] == "Timeout", "{worker}: {response}");
    }
}

#[test]
fn output_without_a_line_end_is_printed() {
    for worker in HOSTED_WORKERS {
        let run_result = Run::new(&json!([{ "worker": worker, "event": { "do": "print", "text": "no end" } }])).run();
        assert_eq!(run_result.responses[0]["ok"], "printed");
        let line = run_result.stderr.lines().find(|line| line.ends_with(" no end")).expect(&run_result.stderr);
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some(worker));
        assert_eq!(words.next().map(str::len), Some(8), "the request id: {line}");
    }
}

#[test]
fn closed_stdout_does_not_block_the_worker() {
    for worker in HOSTED_WORKERS {
        let response = call_between_successes(worker, &json!({ "do": "close_stdout" }));
        assert_eq!(response["ok"], "closed", "{worker}: {response}");
    }
}

#[test]
fn missing_return_value_is_null() {
    for worker in ALL_WORKERS {
        assert_eq!(call_between_successes(worker, &json!({ "do": "nothing" }))["ok"], Value::Null, "{worker}");
    }
}

#[test]
fn unserializable_result_is_an_error() {
    fails("python_case", "unwritable", "Runtime.MarshalError", "not JSON serializable");
    let node = call_between_successes("node_case", &json!({ "do": "unwritable" }));
    assert!(node["message"].as_str().is_some_and(|m| m.contains("stringify") || m.contains("BigInt")), "{node}");
}

#[test]
fn host_that_violates_the_protocol_is_killed() {
    for worker in HOSTED_WORKERS {
        fails(worker, "nonsense", "Runtime.ExitError", "the host process violated the protocol");
    }
}

#[test]
fn child_processes_end_with_their_worker() {
    for worker in HOSTED_WORKERS {
        // `run` checks that no process remains, including `sleep 300`.
        let results = responses(&json!([{ "worker": worker, "event": { "do": "child" } }]));
        assert_eq!(results[0]["ok"], "started", "{worker}");
    }
}
