//! The end of tests: no process may remain. Tests that must fail do so only when another test runs them in a separate
//! process.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use bedrock::WorkerError;
use bedrock::test::App;
use serde_json::{Value, json};

use super::can_run;

/// The environment variable that marks a run and all its child processes.
const MARK_VARIABLE: &str = "HARNESS_RUN";

#[bedrock::test]
async fn child_run_fails_with_an_error(_app: App) -> bedrock::Result<()> {
    if !is_child_run() {
        return Ok(());
    }
    Err(WorkerError::new("Any", "this is why"))
}

#[test]
fn error_fails_the_test_and_is_printed() {
    let text = run_failing_test("teardown::child_run_fails_with_an_error");
    assert!(text.contains("\nerror: this is why\n"), "{text}");
}

#[bedrock::test]
async fn child_run_fails_with_a_waiting_event(app: App) -> bedrock::Result<()> {
    if !is_child_run() {
        return Ok(());
    }
    app.mock("node_case", |_: Value| Err::<(), _>(WorkerError::new("Busy", "come back later")));
    app.send("node_case", json!({ "n": 1 })).await?;
    app.settled().await;
    app.invoke::<()>("python_cas", ()).await?;
    Ok(())
}

#[test]
fn failed_test_prints_logs_help_and_waiting_events() {
    let text = run_failing_test("teardown::child_run_fails_with_a_waiting_event");
    for line in [
        " worker `node_case` failed: Busy: come back later",
        "a failed event waits: `node_case` with {\"n\":1}, attempt 2 in 60 s",
        "help: a worker with a similar name exists: `python_case`",
        "note: an event is not finished at the end of the test",
        "  `node_case` with {\"n\":1}, attempt 2 in 60 s",
        "error: no worker named `python_cas` in this app",
    ] {
        assert!(text.lines().any(|text| text.ends_with(line)), "`{line}` in:\n{text}");
    }
}

#[bedrock::test]
async fn child_run_panics_during_calls(app: App) {
    if is_child_run() {
        start_endless_calls(&app).await;
        panic!("expected panic");
    }
}

#[bedrock::test]
async fn child_run_hangs_during_calls(app: App) {
    if is_child_run() {
        start_endless_calls(&app).await;
        println!("calls started");
        std::future::pending().await
    }
}

fn is_child_run() -> bool {
    std::env::var_os(MARK_VARIABLE).is_some()
}

/// Starts a process of each language that has an endless event.
async fn start_endless_calls(app: &App) {
    for worker in ["python_case", "node_case"] {
        let _: Value = app.invoke(worker, json!({ "do": "echo", "value": 1 })).await.expect("an answer");
        app.send(worker, json!({ "do": "loop" })).await.expect("accepted");
    }
}

#[bedrock::test]
async fn no_process_remains_after_a_panic(app: App) {
    if can_run(&app, "python_case").await && can_run(&app, "node_case").await {
        let text = run_failing_test("teardown::child_run_panics_during_calls");
        assert!(text.contains("expected panic"), "{text}");
    }
}

#[bedrock::test]
async fn no_process_remains_after_a_kill(app: App) {
    if !can_run(&app, "python_case").await || !can_run(&app, "node_case").await {
        return;
    }
    let mark = mark("hangs");
    let mut command = test_command("teardown::child_run_hangs_during_calls", &mark);
    let mut child = command.arg("--nocapture").stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.ends_with("calls started")));
    child.kill().expect("it can be killed");
    child.wait().expect("it exits");
    assert_no_processes(&mark);
}

/// Runs one test of this program, which must fail and must leave no process. Returns its output.
fn run_failing_test(test: &str) -> String {
    let mark = mark(test);
    let Output { status, stdout, stderr } = test_command(test, &mark).output().expect("it runs");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(101), "{text}");
    assert_no_processes(&mark);
    text
}

fn test_command(test: &str, mark: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test]).env(MARK_VARIABLE, mark).env_remove("RUST_BACKTRACE");
    command
}

fn mark(test: &str) -> String {
    format!("{}-{test}", std::process::id())
}

/// Panics if a process of the run still exists after two seconds.
fn assert_no_processes(mark: &str) {
    let start = Instant::now();
    loop {
        let remaining = processes(mark);
        if remaining.is_empty() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(2), "still running: {remaining:?}");
        std::thread::yield_now();
    }
}

/// Returns the command lines of all processes with the mark in their environment.
fn processes(mark: &str) -> Vec<String> {
    let expected = format!("{MARK_VARIABLE}={mark}");
    let command_lines = std::fs::read_dir("/proc").expect("/proc").flatten().filter_map(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).ok()?;
        let has_mark = environment.split(|byte| *byte == 0).any(|variable| variable == expected.as_bytes());
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        (has_mark && !line.is_empty()).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
    });
    command_lines.collect()
}
