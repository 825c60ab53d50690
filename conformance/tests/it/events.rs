//! Fire-and-forget: accepted at once, run for certain, retried twice, counted when given up.

use std::fs;

use serde_json::{Value, json};

use crate::driver::{ALL, Run, finish};

fn append(worker: &str, path: &std::path::Path, more: Value) -> Value {
    let mut event = json!({ "do": "append", "path": path });
    for (key, value) in more.as_object().cloned().unwrap_or_default() {
        event[key] = value;
    }
    json!({ "worker": worker, "event": event, "fire_and_forget": true })
}

fn lines(path: &std::path::Path) -> usize {
    fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[test]
fn the_caller_goes_on_before_the_worker_ends() {
    for worker in ALL {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("ran");
        let warm = json!({ "worker": worker, "event": { "do": "echo", "value": 1 } });
        let ran = Run::new(&json!([warm, append(worker, &path, json!({ "ms": 1000 }))])).run();
        let ms = ran.answers[1]["ms"].as_u64().expect("a number");
        assert!(ms < 500, "{worker}: {ms} ms");
        // The program had nothing more to do, and waited for the event all the same.
        assert_eq!(lines(&path), 1, "{worker}: {}", ran.stderr);
        assert_eq!(ran.code, Some(0), "{worker}");
    }
}

#[test]
fn a_failing_event_is_tried_three_times_and_then_given_up_aloud() {
    for worker in ALL {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("ran");
        let ran = Run::new(&json!([append(worker, &path, json!({ "fail": true }))])).run();
        assert_eq!(lines(&path), 3, "{worker}: {}", ran.stderr);
        assert!(ran.stderr.contains("attempt 1 of 3"), "{worker}: {}", ran.stderr);
        let given_up = format!("for worker `{worker}` failed 3 times and is given up (1 so far)");
        assert!(ran.stderr.contains(&given_up), "{worker}: {}", ran.stderr);
    }
}

#[test]
fn an_accepted_event_is_run_although_the_program_is_asked_to_stop() {
    for worker in ALL {
        let dir = tempfile::tempdir().expect("a folder");
        let (accepted, path) = (dir.path().join("accepted"), dir.path().join("ran"));
        let mark = json!({ "worker": "rust_case", "event": { "do": "append", "path": accepted } });
        let steps = json!([append(worker, &path, json!({ "ms": 500 })), mark, { "worker": "wait", "event": 60_000 }]);
        let (child, run) = Run::new(&steps).start();
        while lines(&accepted) == 0 {
            std::thread::yield_now();
        }
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
        let ran = finish(child, &run);
        assert_eq!(lines(&path), 1, "{worker}: {}", ran.stderr);
        assert!(ran.stderr.contains("waiting up to 10 s for 1 accepted event"), "{worker}: {}", ran.stderr);
    }
}

#[test]
fn draining_has_a_bound_and_says_what_was_lost() {
    let (child, run) = Run::new(&json!([
        { "worker": "rust_case", "event": { "do": "sleep", "ms": 4000 }, "fire_and_forget": true },
        { "worker": "python_case", "event": { "do": "loop" }, "fire_and_forget": true },
    ]))
    .start();
    let ran = finish(child, &run);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: 1 accepted event was not done within 10 s"), "{}", ran.stderr);
}

#[test]
fn an_event_for_nobody_is_not_accepted() {
    let ran = Run::new(&json!([{ "worker": "nobody", "event": {}, "fire_and_forget": true }])).run();
    assert_eq!(ran.answers[0]["error"], "WorkerNotFound");
}
