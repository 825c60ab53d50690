//! Tests of the end of the program: no process remains.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::driver::{ALL_WORKERS, Run, copy_of_app, descendants, finish};

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

#[test]
fn sigkill_during_installation_leaves_no_installer_or_list() {
    let app = copy_of_app();
    let tools = tempfile::tempdir().expect("a folder");
    let uv = tools.path().join("uv");
    let started = tools.path().join("started");
    // An installer that starts another process and waits for it.
    std::fs::write(&uv, format!("#!/bin/sh\nsleep 300 &\n: > '{}'\nwait\n", started.display())).expect("written");
    std::fs::set_permissions(&uv, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let worker = app.path().join("workers/python_case");
    let list = "lambda-bedrock==0.5.0\n--index-url http://user:password@127.0.0.1:9\nfoo==1\n";
    std::fs::write(worker.join("requirements.txt"), list).expect("written");
    let files = || std::fs::read_dir(&worker).expect("a folder").flatten().count();
    let before = files();
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap_or_default());
    let run = Run::new(&json!([{ "worker": "python_case", "event": { "do": "echo", "value": 1 } }]));
    let (child, mark) = run.env("BEDROCK_APP_DIR", app.path()).env("PATH", path).start();
    while !started.exists() {
        std::thread::yield_now();
    }
    assert_eq!(files(), before, "no list is in the folder of the worker");
    kill_process(Pid::from_child(&child), Signal::KILL).expect("a signal");
    assert_eq!(finish(child, &mark).signal, Some(9));
    assert_eq!(files(), before);
}
