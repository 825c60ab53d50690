//! Asynchronous events of `cargo run`: accepted at once, always run, retried and finished as the settings say.

use std::fs;

use serde_json::{Value, json};

use crate::driver::{ALL_WORKERS, Run, finish};

fn append(worker: &str, path: &std::path::Path, extra_fields: Value) -> Value {
    let mut event = json!({ "do": "append", "path": path });
    for (key, value) in extra_fields.as_object().cloned().unwrap_or_default() {
        event[key] = value;
    }
    json!({ "worker": worker, "event": event, "fire_and_forget": true })
}

fn lines(path: &std::path::Path) -> usize {
    fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[test]
fn caller_continues_before_the_worker_ends() {
    for worker in ALL_WORKERS {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("ran");
        let warm = json!({ "worker": worker, "event": { "do": "echo", "value": 1 } });
        let run_result = Run::new(&json!([warm, append(worker, &path, json!({ "ms": 1000 }))])).run();
        let ms = run_result.responses[1]["ms"].as_u64().expect("a number");
        assert!(ms < 500, "{worker}: {ms} ms");
        // The program ended only after the event, although it had nothing else to do.
        assert_eq!(lines(&path), 1, "{worker}: {}", run_result.stderr);
        assert_eq!(run_result.code, Some(0), "{worker}");
    }
}

#[test]
fn failing_event_is_reported_after_three_attempts() {
    for worker in ALL_WORKERS {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("ran");
        let run_result = Run::new(&json!([append(worker, &path, json!({ "fail": true }))])).run();
        assert_eq!(lines(&path), 3, "{worker}: {}", run_result.stderr);
        assert!(run_result.stderr.contains("attempt 1 of 3"), "{worker}: {}", run_result.stderr);
        let failed = format!("for worker `{worker}` failed permanently after 3 attempts: RetriesExhausted (1 so far)");
        assert!(run_result.stderr.contains(&failed), "{worker}: {}", run_result.stderr);
    }
}

#[test]
fn accepted_event_runs_after_sigterm() {
    for worker in ALL_WORKERS {
        let dir = tempfile::tempdir().expect("a folder");
        let accepted = dir.path().join("accepted");
        let path = dir.path().join("ran");
        let marker_step = json!({ "worker": "rust_case", "event": { "do": "append", "path": accepted } });
        let steps =
            json!([append(worker, &path, json!({ "ms": 500 })), marker_step, { "worker": "wait", "event": 60_000 }]);
        let (child, mark) = Run::new(&steps).start();
        while lines(&accepted) == 0 {
            std::thread::yield_now();
        }
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
        let run_result = finish(child, &mark);
        assert_eq!(lines(&path), 1, "{worker}: {}", run_result.stderr);
        assert!(
            run_result.stderr.contains("waiting up to 10 s for 1 accepted event"),
            "{worker}: {}",
            run_result.stderr
        );
    }
}

#[test]
fn draining_ends_after_its_timeout_and_reports_the_rest() {
    let (child, mark) = Run::new(&json!([
        { "worker": "rust_case", "event": { "do": "sleep", "ms": 4000 }, "fire_and_forget": true },
        { "worker": "python_case", "event": { "do": "loop" }, "fire_and_forget": true },
    ]))
    .start();
    let run_result = finish(child, &mark);
    assert_eq!(run_result.code, Some(1), "{}", run_result.stderr);
    assert!(run_result.stderr.contains("error: 1 accepted event was not done within 10 s"), "{}", run_result.stderr);
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
fn event_for_unknown_worker_is_not_accepted() {
    let run_result = Run::new(&json!([{ "worker": "missing_worker", "event": {}, "fire_and_forget": true }])).run();
    assert_eq!(run_result.responses[0]["error"], "WorkerNotFound");
}
