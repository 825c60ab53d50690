//! How tests end, and what is left of them: nothing. Those that must fail do so when another test asks for it, in a
//! process of their own.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use bedrock::WorkerError;
use bedrock::test::App;
use serde_json::{Value, json};

use super::is_there;

/// In the environment of a run and of whatever it starts.
const MARK: &str = "HARNESS_RUN";

#[bedrock::test]
async fn if_asked_fails_with_an_error(_app: App) -> bedrock::Result<()> {
    if !is_asked() {
        return Ok(());
    }
    Err(WorkerError::new("Any", "this is why"))
}

#[test]
fn an_error_fails_the_test_and_is_in_its_output() {
    let text = fails("ends::if_asked_fails_with_an_error");
    assert!(text.contains("\nerror: this is why\n"), "{text}");
}

#[bedrock::test]
async fn if_asked_fails_with_an_event_that_waits(app: App) -> bedrock::Result<()> {
    if !is_asked() {
        return Ok(());
    }
    app.mock("node_case", |_: Value| Err::<(), _>(WorkerError::new("Busy", "come back later")));
    app.send("node_case", json!({ "n": 1 })).await?;
    app.settled().await;
    app.invoke::<()>("python_cas", ()).await?;
    Ok(())
}

#[test]
fn what_workers_said_what_would_help_and_events_that_wait_are_in_the_output_of_a_test_that_fails() {
    let text = fails("ends::if_asked_fails_with_an_event_that_waits");
    for line in [
        " worker `node_case` failed: Busy: come back later",
        "a failed event waits: `node_case` with {\"n\":1}, attempt 2 in 60 s",
        "help: a worker with a similar name exists: `python_case`",
        "note: an event is not finished at the end of the test",
        "  `node_case` with {\"n\":1}, attempt 2 in 60 s",
        "error: no worker named `python_cas` in this app",
    ] {
        assert!(text.lines().any(|found| found.ends_with(line)), "`{line}` in:\n{text}");
    }
}

#[bedrock::test]
async fn if_asked_panics_with_processes_at_work(app: App) {
    if is_asked() {
        at_work(&app).await;
        panic!("as it was told");
    }
}

#[bedrock::test]
async fn if_asked_hangs_with_processes_at_work(app: App) {
    if is_asked() {
        at_work(&app).await;
        println!("at work");
        std::future::pending().await
    }
}

fn is_asked() -> bool {
    std::env::var_os(MARK).is_some()
}

/// A process of each language that waits, and one that loops.
async fn at_work(app: &App) {
    for worker in ["python_case", "node_case"] {
        let _: Value = app.invoke(worker, json!({ "do": "echo", "value": 1 })).await.expect("an answer");
        app.send(worker, json!({ "do": "loop" })).await.expect("accepted");
    }
}

#[bedrock::test]
async fn no_process_is_left_of_a_test_that_panics(app: App) {
    if is_there(&app, "python_case").await && is_there(&app, "node_case").await {
        let text = fails("ends::if_asked_panics_with_processes_at_work");
        assert!(text.contains("as it was told"), "{text}");
    }
}

#[bedrock::test]
async fn no_process_is_left_of_a_test_that_is_killed(app: App) {
    if !is_there(&app, "python_case").await || !is_there(&app, "node_case").await {
        return;
    }
    let mark = mark("hangs");
    let mut command = this_program("ends::if_asked_hangs_with_processes_at_work", &mark);
    let mut child = command.arg("--nocapture").stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.ends_with("at work")));
    child.kill().expect("killed");
    child.wait().expect("its end");
    nothing_left(&mark);
}

/// Asks one test of this program for it, which must fail and leave nothing; gives what it said.
fn fails(test: &str) -> String {
    let mark = mark(test);
    let Output { status, stdout, stderr } = this_program(test, &mark).output().expect("it runs");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(101), "{text}");
    nothing_left(&mark);
    text
}

fn this_program(test: &str, mark: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test]).env(MARK, mark).env_remove("RUST_BACKTRACE");
    command
}

fn mark(test: &str) -> String {
    format!("{}-{test}", std::process::id())
}

/// Fails if a process of the run is still there after two seconds.
fn nothing_left(mark: &str) {
    let began = Instant::now();
    loop {
        let left = processes(mark);
        if left.is_empty() {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(2), "still running: {left:?}");
        std::thread::yield_now();
    }
}

/// The command lines of all processes with the mark in their environment.
fn processes(mark: &str) -> Vec<String> {
    let wanted = format!("{MARK}={mark}");
    let found = std::fs::read_dir("/proc").expect("/proc").flatten().filter_map(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).ok()?;
        let marked = environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes());
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        (marked && !line.is_empty()).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
    });
    found.collect()
}
