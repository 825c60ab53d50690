//! The end of the program, however it comes: no process is left behind.

use std::io::{BufRead, BufReader};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::driver::{ALL, Run, descendants, finish};

/// Starts the program, lets every language begin a call that never ends, and sends `signal`.
fn stop_during_calls(signal: Signal) -> crate::driver::Ran {
    let warm: Vec<Value> =
        ALL.iter().map(|worker| json!({ "worker": worker, "event": { "do": "echo", "value": 1 } })).collect();
    let hang: Vec<Value> = ["python_case", "node_case"]
        .iter()
        .map(|worker| json!({ "worker": worker, "event": { "do": "loop" }, "fire_and_forget": true }))
        .collect();
    let wait = json!({ "worker": "rust_case", "event": { "do": "sleep", "ms": 4000 } });
    let steps = [warm, hang, vec![json!({ "worker": "say", "event": "hanging" }), wait]].concat();
    let (mut child, mark) = Run::new(&json!(steps)).start();
    let stdout = child.stdout.take().expect("a pipe");
    let said = BufReader::new(stdout).lines().map_while(Result::ok).any(|line| line == "\"hanging\"");
    assert!(said, "the program got so far");
    assert!(descendants(&mark).len() >= 3, "the app and its hosts: {:?}", descendants(&mark));
    kill_process(Pid::from_child(&child), signal).expect("a signal");
    if signal == Signal::INT {
        // Two events hang; the second Ctrl-C does not wait for them.
        while kill_process(Pid::from_child(&child), Signal::INT).is_ok() && child.try_wait().is_ok_and(|s| s.is_none())
        {
            std::thread::yield_now();
        }
    }
    finish(child, &mark)
}

#[test]
fn ctrl_c_during_calls_leaves_nothing_behind() {
    let ran = stop_during_calls(Signal::INT);
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
}

#[test]
fn kill_9_during_calls_leaves_nothing_behind() {
    let ran = stop_during_calls(Signal::KILL);
    assert_eq!(ran.signal, Some(9), "{}", ran.stderr);
}
