//! What goes wrong inside a worker: each gives the right error, the next call works, and nothing is left behind.

use serde_json::{Value, json};

use crate::driver::{ALL, HOSTED, Run, answers};

/// Makes the call and then a good one, which must be answered; gives what the first came to.
fn then_the_next_call_works(worker: &str, event: &Value) -> Value {
    let good = json!({ "worker": worker, "event": { "do": "echo", "value": "fine" } });
    let got = answers(&json!([good, { "worker": worker, "event": event }, good]));
    assert_eq!(got.len(), 3, "{worker} {event}: {got:?}");
    assert_eq!(got[2]["ok"], "fine", "{worker} {event}: the next call");
    got[1].clone()
}

fn fails(worker: &str, case: &str, error: &str, message: &str) -> Value {
    let answer = then_the_next_call_works(worker, &json!({ "do": case }));
    assert_eq!(answer["error"], error, "{worker} {case}: {answer}");
    assert!(answer["message"].as_str().is_some_and(|m| m.contains(message)), "{worker} {case}: {answer}");
    assert_eq!(answer["may_have_run"], true, "{worker} {case}");
    answer
}

#[test]
fn an_exception_is_an_error_of_its_class() {
    fails("rust_case", "raise", "BadCase", "as it was told");
    let python = fails("python_case", "raise", "ValueError", "as it was told");
    let node = fails("node_case", "raise", "RangeError", "as it was told");
    for answer in [python, node] {
        assert!(answer["trace"].as_u64().is_some_and(|lines| lines > 0), "{answer}");
    }
}

#[test]
fn a_panic_is_an_error_of_that_invocation_only() {
    fails("rust_case", "panic", "Panic", "the worker panicked: as it was told");
}

#[test]
fn a_worker_that_exits_is_told_from_one_that_fails() {
    fails("python_case", "exit", "Runtime.ExitError", "exit status 3");
    fails("python_case", "hard_exit", "Runtime.ExitError", "exit status 3");
    fails("node_case", "exit", "Runtime.ExitError", "exit status 3");
    for worker in HOSTED {
        fails(worker, "abort", "Runtime.ExitError", "signal: aborted");
        fails(worker, "kill", "Runtime.ExitError", "signal: killed");
    }
}

#[test]
fn a_rust_worker_that_ends_the_process_leaves_no_host_behind() {
    // On a thread of the app it ends the app, as it would end the environment on Lambda; the hosts must go with it.
    for (case, code, signal) in [("exit", Some(3), None), ("abort", None, Some(6))] {
        let warm = |worker| json!({ "worker": worker, "event": { "do": "echo", "value": 1 } });
        let steps = json!([warm("python_case"), warm("node_case"), { "worker": "rust_case", "event": { "do": case } }]);
        let ran = Run::new(&steps).run();
        assert_eq!((ran.code, ran.signal), (code, signal), "{case}: {}", ran.stderr);
        assert_eq!(ran.answers.len(), 2);
    }
}

#[test]
fn a_worker_that_never_answers_times_out() {
    for worker in ALL {
        for case in ["loop", "deadlock"] {
            let answer = fails(worker, case, "Timeout", "timed out after 5.0");
            let ms = answer["ms"].as_u64().expect("a number");
            assert!((4900..8000).contains(&ms), "{worker} {case}: {ms} ms");
        }
    }
}

#[test]
fn a_promise_that_nothing_will_ever_settle_is_null_as_on_lambda() {
    let answer = then_the_next_call_works("node_case", &json!({ "do": "never" }));
    assert_eq!((&answer["ok"], &answer["error"]), (&Value::Null, &Value::Null), "{answer}");
}

#[test]
fn a_call_beside_one_that_hangs_is_answered_at_once() {
    for worker in ALL {
        let hang = json!({ "worker": worker, "event": { "do": "loop" }, "fire_and_forget": true });
        let good = json!({ "worker": worker, "event": { "do": "echo", "value": "fine" } });
        let (child, mark) = Run::new(&json!([good, hang, { "worker": "wait", "event": 200 }, good])).start();
        let ran = crate::driver::finish(child, &mark);
        let ms = ran.answers[2]["ms"].as_u64().expect("a number");
        assert_eq!(ran.answers[2]["ok"], "fine", "{worker}: {:?}", ran.answers);
        assert!(ms < 2000, "{worker}: {ms} ms");
    }
}

#[test]
fn a_storm_of_prints_is_no_hindrance() {
    let line = "x".repeat(1023) + "\n";
    for worker in ALL {
        let event = json!({ "do": "print", "text": line, "times": 100 * 1024 });
        let answer = then_the_next_call_works(worker, &event);
        // 100 MB in 5 s; a machine that is too slow for that may time out, but must not hang or grow.
        assert!(answer["ok"] == "printed" || answer["error"] == "Timeout", "{worker}: {answer}");
    }
}

#[test]
fn what_is_printed_without_a_line_end_is_shown() {
    for worker in HOSTED {
        let ran = Run::new(&json!([{ "worker": worker, "event": { "do": "print", "text": "no end" } }])).run();
        assert_eq!(ran.answers[0]["ok"], "printed");
        let line = ran.stderr.lines().find(|line| line.ends_with(" no end")).expect(&ran.stderr);
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some(worker));
        assert_eq!(words.next().map(str::len), Some(8), "the request id: {line}");
    }
}

#[test]
fn a_closed_stdout_is_no_hindrance() {
    for worker in HOSTED {
        let answer = then_the_next_call_works(worker, &json!({ "do": "close_stdout" }));
        assert_eq!(answer["ok"], "closed", "{worker}: {answer}");
    }
}

#[test]
fn nothing_returned_is_null() {
    for worker in ALL {
        assert_eq!(then_the_next_call_works(worker, &json!({ "do": "nothing" }))["ok"], Value::Null, "{worker}");
    }
}

#[test]
fn a_result_that_json_cannot_hold_is_an_error() {
    fails("python_case", "unwritable", "Runtime.MarshalError", "not JSON serializable");
    let node = then_the_next_call_works("node_case", &json!({ "do": "unwritable" }));
    assert!(node["message"].as_str().is_some_and(|m| m.contains("stringify") || m.contains("BigInt")), "{node}");
}

#[test]
fn a_host_that_writes_nonsense_is_ended() {
    for worker in HOSTED {
        fails(worker, "nonsense", "Runtime.ExitError", "the host process violated the protocol");
    }
}

#[test]
fn what_a_worker_started_ends_with_it() {
    for worker in HOSTED {
        // `run` checks that nothing is left: the `sleep 300` is gone too.
        let got = answers(&json!([{ "worker": worker, "event": { "do": "child" } }]));
        assert_eq!(got[0]["ok"], "started", "{worker}");
    }
}
