//! What a worker is told and what comes back when all goes well.

use serde_json::{Value, json};

use crate::driver::{ALL, HOSTED, Run, answers, finish};

#[test]
fn every_language_answers_what_it_is_asked() {
    for worker in ALL {
        let value = json!({ "text": "größer 🦀 \u{0} \u{202e}", "list": [1, -2.5, null, true], "empty": {} });
        let got = answers(&json!([{ "worker": worker, "event": { "do": "echo", "value": value } }]));
        assert_eq!(got[0]["ok"], value, "{worker}");
    }
}

#[test]
fn the_context_is_that_of_a_lambda_function() {
    for worker in ALL {
        let got = answers(&json!([{ "worker": worker, "event": { "do": "context" } }]));
        let context = &got[0]["ok"];
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
fn an_instance_lives_as_long_as_its_environment() {
    for worker in ["rust_case", "node_case"] {
        let step = json!({ "worker": worker, "event": { "do": "calls" } });
        let got = answers(&json!([step, step, step]));
        let calls: Vec<&Value> = got.iter().map(|answer| &answer["ok"]).collect();
        assert_eq!(calls, [1, 2, 3], "{worker}");
    }
    let step = json!({ "worker": "python_case", "event": { "do": "calls" } });
    let got = answers(&json!([step, step, step]));
    // Each thread of the process is an environment; a quiet worker stays on one.
    assert_eq!(got[2]["ok"], 3);
}

#[test]
fn a_worker_calls_a_worker_in_any_language() {
    for outer in ALL {
        for inner in ALL {
            let event = json!({ "do": "call", "worker": inner, "event": { "do": "echo", "value": [outer, inner] } });
            let got = answers(&json!([{ "worker": outer, "event": event }]));
            assert_eq!(got[0]["ok"], json!([outer, inner]));
        }
    }
}

#[test]
fn a_function_name_or_arn_reaches_the_worker() {
    for target in [
        "conformance-local-python_case",
        "conformance-prod-python_case",
        "123456789012:function:conformance-prod-python_case",
        "arn:aws:lambda:eu-west-1:123456789012:function:conformance-prod-python_case:live",
    ] {
        let echo = json!({ "do": "echo", "value": 7 });
        let got = answers(&json!([
            { "worker": target, "event": echo },
            { "worker": "node_case", "event": { "do": "call", "worker": target, "event": echo } },
        ]));
        assert_eq!((&got[0]["ok"], &got[1]["ok"]), (&json!(7), &json!(7)), "{target}");
    }
}

#[test]
fn a_nested_call_fails_as_what_it_is() {
    for outer in HOSTED {
        let unknown = json!({ "do": "call", "worker": "nobody", "event": {} });
        let failing = json!({ "do": "call", "worker": "rust_case", "event": { "do": "raise" } });
        let got = answers(&json!([{ "worker": outer, "event": unknown }, { "worker": outer, "event": failing }]));
        assert_eq!(got[0]["error"], "InvocationError", "{outer}: {}", got[0]);
        assert!(got[0]["message"].as_str().is_some_and(|m| m.contains("nobody")), "{outer}: {}", got[0]);
        assert!(got[1]["message"].as_str().is_some_and(|m| m.contains("as it was told")), "{outer}: {}", got[1]);
    }
}

#[test]
fn a_nested_call_does_not_outlive_its_caller() {
    // The callee has 5 s of its own, which would end 8 s after the caller began; but the caller's 5 s end first.
    for outer in ALL {
        let inner = if outer == "rust_case" { "python_case" } else { "rust_case" };
        let event = json!({ "do": "call", "after": 3000, "worker": inner, "event": { "do": "sleep", "ms": 60_000 } });
        let got = answers(&json!([{ "worker": outer, "event": event }]));
        assert!(got[0]["error"].is_string(), "{outer}: {}", got[0]);
        let ms = got[0]["ms"].as_u64().expect("a number");
        assert!((4000..7500).contains(&ms), "{outer}: {ms} ms");
    }
}

#[test]
fn two_hundred_calls_at_once_are_all_answered() {
    for worker in ALL {
        let got = answers(&json!([{ "worker": worker, "event": { "do": "sleep", "ms": 20 }, "times": 200 }]));
        assert_eq!(got.len(), 200, "{worker}");
        assert!(got.iter().all(|answer| answer["ok"] == "slept"), "{worker}: {got:?}");
    }
}

#[test]
fn workers_that_block_their_thread_stall_nobody() {
    // 64 blocked workers are more than the runtime has threads; the quick ones are answered all the same.
    for worker in ALL {
        let quick = json!({ "worker": worker, "event": { "do": "echo", "value": 1 }, "times": 8 });
        let blocked = json!({ "worker": worker, "event": { "do": "block", "ms": 300 }, "times": 64 });
        let got = answers(&json!([quick, quick, quick, blocked, quick]));
        assert_eq!(got.len(), 8 * 4 + 64, "{worker}");
        assert!(got.iter().all(|answer| answer["ok"] == 1 || answer["ok"] == "blocked"), "{worker}: {got:?}");
    }
}

#[test]
fn calls_that_were_sent_ahead_to_a_process_that_hangs_run_elsewhere_and_once() {
    // A worker that has been quick is sent calls ahead; then one of them hangs, waiting or in a loop.
    for (hang, most) in [(json!({ "do": "sleep", "ms": 4000 }), 3000), (json!({ "do": "loop" }), 9000)] {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("ran");
        let echo = json!({ "worker": "node_case", "event": { "do": "echo", "value": 1 } });
        let hang = json!({ "worker": "node_case", "event": hang, "fire_and_forget": true });
        let append = json!({ "worker": "node_case", "event": { "do": "append", "path": path }, "times": 12 });
        let (child, mark) = Run::new(&json!([echo, echo, echo, echo, echo, echo, hang, append])).start();
        let ran = finish(child, &mark);
        let appended = &ran.answers[7..];
        assert_eq!(appended.len(), 12, "{:?}", ran.answers);
        for answer in appended {
            assert_eq!(answer["ok"], "appended", "{answer}");
            assert!(answer["ms"].as_u64().is_some_and(|ms| ms < most), "{answer}");
        }
        let lines = std::fs::read_to_string(&path).expect("the file").lines().count();
        assert_eq!(lines, 12, "each ran once");
    }
}
