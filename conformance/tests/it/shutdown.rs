//! Tests of the end of the program: no process remains.

use std::io::{BufRead, BufReader};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::driver::{ALL_WORKERS, Run, descendants, finish};

/// Starts the program, starts a call that never ends in every language, and sends `signal`.
fn stop_during_calls(signal: Signal) -> crate::driver::RunResult {
    let warm: Vec<Value> =
        ALL_WORKERS.iter().map(|worker| json!({ "worker": worker, "event": { "do": "echo", "value": 1 } })).collect();
    let hanging: Vec<Value> = ["python_case", "node_case"]
        .iter()
        .map(|worker| json!({ "worker": worker, "event": { "do": "loop" }, "fire_and_forget": true }))
        .collect();
    let wait = json!({ "worker": "rust_case", "event": { "do": "sleep", "ms": 4000 } });
    let steps = [warm, hanging, vec![json!({ "worker": "say", "event": "hanging" }), wait]].concat();
    let (mut child, mark) = Run::new(&json!(steps)).start();
    let stdout = child.stdout.take().expect("a pipe");
    let is_hanging = BufReader::new(stdout).lines().map_while(Result::ok).any(|line| line == "\"hanging\"");
    assert!(is_hanging, "the program got so far");
    assert!(descendants(&mark).len() >= 3, "the app and its hosts: {:?}", descendants(&mark));
    kill_process(Pid::from_child(&child), signal).expect("a signal");
    if signal == Signal::INT {
        // Two events hang; a second Ctrl-C does not wait for them.
        while kill_process(Pid::from_child(&child), Signal::INT).is_ok() && child.try_wait().is_ok_and(|s| s.is_none())
        {
            std::thread::yield_now();
        }
    }
    finish(child, &mark)
}

#[test]
fn ctrl_c_during_calls_leaves_no_process() {
    let run_result = stop_during_calls(Signal::INT);
    assert_eq!(run_result.code, Some(130), "{}", run_result.stderr);
}

#[test]
fn sigkill_during_calls_leaves_no_process() {
    let run_result = stop_during_calls(Signal::KILL);
    assert_eq!(run_result.signal, Some(9), "{}", run_result.stderr);
}
