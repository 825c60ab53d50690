//! Fire-and-forget calls of `cargo run`: accepted at once, always run, retried and finished as the settings say.

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
        let failed = format!("for worker `{worker}` failed permanently after 3 attempts: RetriesExhausted (1 so far)");
        assert!(ran.stderr.contains(&failed), "{worker}: {}", ran.stderr);
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

/// The stderr of a run that sends one event to `worker`, which cannot be loaded.
fn stderr_of_event_for(worker: &str) -> String {
    Run::new(&json!([{ "worker": worker, "event": {}, "fire_and_forget": true }])).run().stderr
}

#[test]
fn retries_of_the_settings_limit_the_attempts() {
    let stderr = stderr_of_event_for("node_noclass");
    assert!(stderr.contains("attempt 1 of 2 of event"), "{stderr}");
    assert!(
        stderr.contains("for worker `node_noclass` failed permanently after 2 attempts: RetriesExhausted"),
        "{stderr}"
    );
    assert!(stderr.contains("is not delivered to `arn:aws:sqs:us-east-1:000000000000:dead`"), "{stderr}");
}

#[test]
fn event_age_of_the_settings_ends_the_retries() {
    // The second attempt would be due after a minute, which is more than the maximum age together with the first one.
    let stderr = stderr_of_event_for("node_syntax");
    assert!(
        stderr.contains("for worker `node_syntax` failed permanently after 1 attempt: EventAgeExceeded"),
        "{stderr}"
    );
}

#[test]
fn on_failure_record_is_an_event_for_a_worker_of_the_app() {
    let stderr = stderr_of_event_for("python_noclass");
    assert!(
        stderr.contains("for worker `python_noclass` failed permanently after 1 attempt: RetriesExhausted"),
        "{stderr}"
    );
    // `node_case` does not know what to do with the record, so that its event fails, too.
    assert!(stderr.contains("for worker `node_case` failed permanently after 3 attempts"), "{stderr}");
}

#[test]
fn an_event_for_nobody_is_not_accepted() {
    let ran = Run::new(&json!([{ "worker": "nobody", "event": {}, "fire_and_forget": true }])).run();
    assert_eq!(ran.answers[0]["error"], "WorkerNotFound");
}
