//! Tests of Rust workers in the dev server: their own binary, one process per execution environment, through the
//! Runtime API.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bedrock_build::Language;
use bedrock_dev::execution::{Function, LogLine, Program, RuntimeApi};
use bedrock_local::Reaper;
use bedrock_model::{Error, FunctionInfo, Invocation, LogTail};
use serde_json::{Value, json};

use crate::driver::descendants;
use crate::lambda_build::binary;

const MARK_VARIABLE: &str = "CONFORMANCE_RUN";

struct RustFunctionFixture {
    program: Program,
    function: Arc<Function>,
    lines: Arc<Mutex<Vec<LogLine>>>,
    reaper: Arc<Reaper>,
    mark: String,
}

impl RustFunctionFixture {
    async fn new(timeout: u64) -> Self {
        Self::capped(timeout, false).await
    }

    async fn capped(timeout: u64, is_capped: bool) -> Self {
        let default_mark = || format!("processes-{}-{:?}", std::process::id(), std::thread::current().id());
        let mark = std::env::var(MARK_VARIABLE).unwrap_or_else(|_| default_mark());
        let name = "conformance-local-rust_case".to_owned();
        let worker = "rust_case".to_owned();
        let program = Program {
            path: binary("rust_case"),
            folder: crate::driver::app_dir().join("workers/rust_case"),
            variables: vec![
                (MARK_VARIABLE.to_owned(), mark.clone()),
                ("AWS_REGION".to_owned(), "us-east-1".to_owned()),
            ],
            function: FunctionInfo {
                arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
                log_group: format!("/aws/lambda/{name}"),
                durable: None,
                name,
                worker,
                language: Language::Rust,
                runtime: "provided.al2023".to_owned(),
                handler: "bootstrap".to_owned(),
                timeout,
                memory: 512,
            },
            enforce_memory: is_capped,
        };
        let lines = Arc::<Mutex<Vec<LogLine>>>::default();
        let reaper = Arc::<Reaper>::default();
        let recorder = Arc::clone(&lines);
        let sink = Arc::new(move |line| recorder.lock().expect("lines").push(line));
        let runtime_api = RuntimeApi::start().await.expect("a port");
        let function = Function::new(program.clone(), runtime_api, Arc::clone(&reaper), sink);
        Self { program, function, lines, reaper, mark }
    }

    async fn invoke(&self, event: Value) -> Result<Value, Error> {
        self.send(Invocation::new(event.to_string().into(), None)).await
    }

    async fn send(&self, invocation: Invocation) -> Result<Value, Error> {
        self.function.invoke(invocation).await.map(|response| serde_json::from_slice(&response).expect("JSON"))
    }

    /// Sends an event that must fail and returns the type and the message of its error.
    async fn invoke_error(&self, event: Value) -> (String, String) {
        match self.invoke(event).await {
            Err(Error::Function { error_type, message, .. }) => (error_type, message),
            other => panic!("{other:?}"),
        }
    }

    /// Ends everything; no process may remain.
    fn end(self) {
        let Self { function, reaper, mark, .. } = self;
        drop(function);
        reaper.finish();
        while !descendants(&mark).is_empty() {
            std::thread::yield_now();
        }
    }
}

fn failure(error_type: &str, message: &str) -> (String, String) {
    (error_type.to_owned(), message.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn process_survives_errors_and_panics() {
    let fixture = RustFunctionFixture::new(30).await;
    assert_eq!(fixture.invoke(json!({ "do": "echo", "value": "größer" })).await, Ok(json!("größer")));
    assert_eq!(fixture.invoke_error(json!({ "do": "raise" })).await, failure("BadCase", "requested failure"));
    assert_eq!(
        fixture.invoke_error(json!({ "do": "panic" })).await,
        failure("Panic", "the worker panicked: requested failure")
    );
    let (error_type, message) = fixture.invoke_error(json!({ "do": "make", "length": 6 * 1024 * 1024 })).await;
    assert_eq!((error_type.as_str(), message.contains("(6291458 bytes)")), ("Function.ResponseSizeTooLarge", true));
    assert_eq!(fixture.invoke(json!({ "do": "calls" })).await, Ok(json!(5)));
    assert_eq!(fixture.function.idle(), 1);
    let invocation = Invocation::new(r#"{"do":"context"}"#.into(), None);
    let id = invocation.request_id.clone();
    let trace = invocation.trace.clone();
    let context = fixture.send(invocation).await.expect("a context");
    assert_eq!((&context["id"], &context["trace"]), (&json!(id), &json!(trace)));
    assert_eq!(context["arn"], "arn:aws:lambda:us-east-1:000000000000:function:conformance-local-rust_case");
    assert_eq!((&context["memory"], &context["version"]), (&json!(512), &json!("$LATEST")));
    assert!(context["remaining"].as_u64().is_some_and(|ms| ms > 25_000 && ms <= 30_000), "{context}");
    fixture.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn exiting_process_does_not_affect_others() {
    let fixture = RustFunctionFixture::new(30).await;
    let running_calls = fixture.invoke(json!({ "do": "sleep", "ms": 500 }));
    let ended = async {
        let exited = fixture.invoke_error(json!({ "do": "exit" })).await;
        let aborted = fixture.invoke_error(json!({ "do": "abort" })).await;
        (exited, aborted)
    };
    let (running_calls, (exited, aborted)) = tokio::join!(running_calls, ended);
    assert_eq!(running_calls, Ok(json!("slept")));
    assert_eq!(exited, failure("Runtime.ExitError", "Runtime exited with error: exit status 3"));
    assert_eq!(aborted, failure("Runtime.ExitError", "Runtime exited with error: signal: aborted"));
    assert_eq!(fixture.invoke(json!({ "do": "calls" })).await, Ok(json!(2)));
    fixture.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn timed_out_invocation_ends_its_process() {
    let fixture = RustFunctionFixture::new(1).await;
    for case in ["sleep", "loop", "deadlock"] {
        let error = fixture.invoke(json!({ "do": case, "ms": 60_000 })).await.expect_err("too long");
        assert!(matches!(&error, Error::Timeout { after, .. } if after.as_secs_f64() <= 1.0), "{case}: {error:?}");
        let lines: Vec<_> = fixture.lines.lock().expect("lines").drain(..).map(|line| line.text).collect();
        let [.., ended, help, _, report] = &lines[..] else { panic!("{lines:?}") };
        assert!(ended.starts_with("error: `rust_case` was ended: Task timed out after "), "{lines:?}");
        let table = "`[package.metadata.bedrock.workers.rust_case]` in `Cargo.toml`";
        assert_eq!(*help, format!("help: set `timeout` of {table} to a larger number"));
        assert!(report.ends_with("\tStatus: timeout\t"), "{lines:?}");
        assert_eq!(fixture.invoke(json!({ "do": "calls" })).await, Ok(json!(1)), "{case}: a new process");
        fixture.function.retire();
    }
    fixture.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn output_belongs_to_its_request_and_log_tail() {
    let fixture = RustFunctionFixture::new(30).await;
    for number in 0..20 {
        let event = json!({ "do": "print", "text": format!("line {number}\n"), "times": 100 });
        let mut invocation = Invocation::new(event.to_string().into(), None);
        let id = invocation.request_id.clone();
        let tail = LogTail::default();
        invocation.tail = Some(tail.clone());
        assert_eq!(fixture.send(invocation).await, Ok(json!("printed")));
        let log = String::from_utf8(tail.last()).expect("text");
        assert_eq!(log, format!("line {number}\n").repeat(100));
        let lines = std::mem::take(&mut *fixture.lines.lock().expect("lines"));
        assert_eq!(lines.len(), 103);
        let first_line = &lines[0].text;
        let last_line = &lines[102].text;
        assert_eq!(
            (first_line, &lines[101].text),
            (&format!("START RequestId: {id} Version: $LATEST"), &format!("END RequestId: {id}"))
        );
        assert!(last_line.starts_with(&format!("REPORT RequestId: {id}\tDuration: ")), "{last_line}");
        assert!(
            last_line.contains("\tMemory Size: 512 MB\tMax Memory Used: ") || !cfg!(target_os = "linux"),
            "{last_line}"
        );
        assert_eq!(last_line.contains("\tInit Duration: "), number == 0, "{last_line}");
        assert!(
            lines.iter().all(|line| line.request_id.as_deref() == Some(id.as_str()) && &*line.worker == "rust_case"),
            "{lines:?}"
        );
    }
    fixture.end();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn process_over_its_memory_limit_is_killed_in_strict_mode() {
    let hold = |megabytes: u64| json!({ "do": "hold", "bytes": megabytes << 20 });
    for is_capped in [false, true] {
        let fixture = RustFunctionFixture::capped(30, is_capped).await;
        assert_eq!(fixture.invoke(hold(300)).await, Ok(json!(300_u64 << 20)));
        assert_eq!(fixture.invoke(json!({ "do": "calls" })).await, Ok(json!(2)));
        fixture.lines.lock().expect("lines").clear();
        if !is_capped {
            assert_eq!(fixture.invoke(hold(600)).await, Ok(json!(600_u64 << 20)));
            let lines = std::mem::take(&mut *fixture.lines.lock().expect("lines"));
            let used = lines.iter().find_map(|line| line.text.split_once("Max Memory Used: ")).expect("a report").1;
            let used: u64 = used.split(' ').next().and_then(|used| used.parse().ok()).expect(used);
            assert!((600..700).contains(&used), "{used}");
            fixture.end();
            continue;
        }
        let killed = failure("Runtime.ExitError", "Runtime exited with error: signal: killed");
        assert_eq!(fixture.invoke_error(hold(600)).await, killed);
        let lines: Vec<_> = fixture.lines.lock().expect("lines").iter().map(|line| line.text.clone()).collect();
        assert!(
            lines[1].starts_with("error: `rust_case` uses ") && lines[1].ends_with("512 MB are allowed"),
            "{lines:?}"
        );
        assert!(lines[2].starts_with("help: set `memory` of"), "{lines:?}");
        assert!(lines[4].ends_with("\tStatus: error\tError Type: Runtime.OutOfMemory\t"), "{lines:?}");
        assert_eq!(fixture.invoke(json!({ "do": "calls" })).await, Ok(json!(1)), "a new process");
        fixture.end();
    }
}

/// The caller of an invocation that never returns does not wait for its timeout.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn process_over_its_memory_limit_is_killed_while_running() {
    let fixture = RustFunctionFixture::capped(600, true).await;
    let (error_type, message) =
        fixture.invoke_error(json!({ "do": "hold", "bytes": 600_u64 << 20, "ever": true })).await;
    assert_eq!((error_type, message), failure("Runtime.ExitError", "Runtime exited with error: signal: killed"));
    fixture.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_invocations_use_separate_processes() {
    let fixture = RustFunctionFixture::new(30).await;
    let calls: Vec<_> = (0..8)
        .map(|number| {
            let function = Arc::clone(&fixture.function);
            let event = json!({ "do": "sleep", "ms": 300, "number": number }).to_string();
            tokio::spawn(async move { function.invoke(Invocation::new(event.into(), None)).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("a task"), Ok("\"slept\"".into()));
    }
    assert_eq!(fixture.function.idle(), 8);
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let function = Arc::clone(&fixture.function);
            let event = json!({ "do": "echo", "value": number }).to_string();
            tokio::spawn(async move { function.invoke(Invocation::new(event.into(), None)).await })
        })
        .collect();
    let mut completed = HashSet::new();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.expect("a task"), Ok(number.to_string().into()));
        completed.insert(number);
    }
    assert_eq!(completed.len(), 200);
    fixture.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_processes_are_stopped_except_for_one() {
    let fixture = RustFunctionFixture::new(30).await;
    let idle_timeout = Duration::from_millis(100);
    let runtime_api = RuntimeApi::start().await.expect("a port");
    let program = fixture.program.clone();
    let reaper = Arc::clone(&fixture.reaper);
    let function = Function::with_idle_timeout(idle_timeout, program, runtime_api, reaper, Arc::new(|_| {}));
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let function = Arc::clone(&function);
            let event = json!({ "do": "sleep", "ms": 300 }).to_string();
            tokio::spawn(async move { function.invoke(Invocation::new(event.into(), None)).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("a task"), Ok("\"slept\"".into()));
    }
    while function.idle() > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (last, _) = function.process().expect("the last one stays");
    let event = json!({ "do": "echo", "value": 1 }).to_string();
    assert_eq!(function.invoke(Invocation::new(event.into(), None)).await, Ok("1".into()));
    assert_eq!(function.process().map(|(process, _)| process), Some(last));
    drop(function);
    fixture.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn fast_function_is_queued_briefly_before_a_new_process() {
    let fixture = RustFunctionFixture::new(30).await;
    for _ in 0..10 {
        fixture.invoke(json!({ "do": "echo", "value": 1 })).await.expect("an answer");
    }
    let running_calls: Vec<_> = (0..2 * std::thread::available_parallelism().expect("a number").get())
        .map(|_| {
            let function = Arc::clone(&fixture.function);
            let event = json!({ "do": "sleep", "ms": 2000 }).to_string();
            tokio::spawn(async move { function.invoke(Invocation::new(event.into(), None)).await })
        })
        .collect();
    let started_count =
        || fixture.lines.lock().expect("lines").iter().filter(|line| line.text.starts_with("START")).count();
    while started_count() < 10 + running_calls.len() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    fixture.function.warm().await.expect("a process that rests");
    let started = Instant::now();
    assert_eq!(fixture.invoke(json!({ "do": "echo", "value": 1 })).await, Ok(json!(1)));
    assert!(started.elapsed() >= Duration::from_millis(3), "{:?}", started.elapsed());
    assert!(running_calls.iter().all(|call| !call.is_finished()));
    for call in running_calls {
        assert_eq!(call.await.expect("a task"), Ok("\"slept\"".into()));
    }
    fixture.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_caller_does_not_end_the_invocation() {
    let fixture = RustFunctionFixture::new(60).await;
    fixture.function.warm().await.expect("it starts");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("ran");
    let event = json!({ "do": "append", "path": path, "ms": 100 });
    tokio::select! {
        biased;
        _ = fixture.invoke(event) => panic!("it takes a while"),
        () = tokio::time::sleep(Duration::from_millis(20)) => {}
    }
    let cancelled_at = Instant::now();
    while fixture.function.idle() == 0 {
        assert!(cancelled_at.elapsed() < Duration::from_secs(30), "the invocation does not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(std::fs::read_to_string(path).expect("it ran"), "ran\n");
    assert_eq!(fixture.invoke(json!({ "do": "calls" })).await, Ok(json!(2)));
    fixture.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_or_invalid_program_is_an_error() {
    let fixture = RustFunctionFixture::new(30).await;
    let function = |path: &str| {
        let info = FunctionInfo {
            worker: "odd".to_owned(),
            name: "odd".to_owned(),
            arn: "arn:aws:lambda:us-east-1:000000000000:function:odd".to_owned(),
            language: Language::Rust,
            runtime: "provided.al2023".to_owned(),
            handler: "bootstrap".to_owned(),
            timeout: 3,
            memory: 128,
            log_group: "/aws/lambda/odd".to_owned(),
            durable: None,
        };
        (path.to_owned(), info)
    };
    let runtime_api = RuntimeApi::start().await.expect("a port");
    for ((path, info), expected) in [
        (
            function("/nonexistent/bootstrap"),
            "worker `odd` could not be started: its executable does not exist: the worker does not compile, or the file was deleted",
        ),
        (function("/bin/false"), "worker `odd` failed: Runtime.ExitError: Runtime exited with error: exit status 1"),
    ] {
        let folder = crate::driver::app_dir();
        let program =
            Program { path: path.into(), folder, variables: Vec::new(), function: info, enforce_memory: false };
        let invalid_function =
            Function::new(program, runtime_api.clone(), Arc::clone(&fixture.reaper), Arc::new(|_| {}));
        let error = invalid_function.invoke(Invocation::new("{}".into(), None)).await.expect_err("no answer");
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    fixture.end();
}

/// Sends one response and does not request another event.
const SINGLE_RESPONSE_PROGRAM: &str = r#"import os, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"].removeprefix("http://") + "/2018-06-01/runtime/invocation/"
with urllib.request.urlopen(api + "next") as event:
    request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
urllib.request.urlopen(api + request_id + "/response", data=str(os.getpid()).encode()).close()
time.sleep(600)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn process_without_next_request_blocks_at_most_the_timeout() {
    let fixture = RustFunctionFixture::new(1).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("once");
    let code = folder.path().join("once.py");
    std::fs::write(&code, SINGLE_RESPONSE_PROGRAM).expect("a file");
    std::fs::write(&path, format!("#!/bin/sh\nexec python3 {}\n", code.display())).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("rights");
    let single_response_function = Program { path, ..fixture.program.clone() };
    let runtime_api = RuntimeApi::start().await.expect("a port");
    let single_response_function =
        Function::new(single_response_function, runtime_api, Arc::clone(&fixture.reaper), Arc::new(|_| {}));
    let first_line = single_response_function.invoke(Invocation::new("{}".into(), None)).await.expect("an answer");
    let second = single_response_function.invoke(Invocation::new("{}".into(), None)).await.expect("an answer");
    assert_ne!(first_line, second);
    drop(single_response_function);
    fixture.end();
}

/// Not a test by itself, but the program that the next one kills: its worker never returns.
#[tokio::test(flavor = "multi_thread")]
async fn endless_loop_for_the_kill_test() {
    if std::env::var_os(MARK_VARIABLE).is_none_or(|mark| !mark.to_string_lossy().starts_with("killed-")) {
        return;
    }
    let fixture = RustFunctionFixture::new(600).await;
    let _ = fixture.invoke(json!({ "do": "loop" })).await;
}

#[test]
fn no_process_outlives_a_killed_program() {
    let mark = format!("killed-{}", std::process::id());
    binary("rust_case");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "rust_environments::endless_loop_for_the_kill_test"])
        .env(MARK_VARIABLE, &mark)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let workers = || descendants(&mark).into_iter().filter(|line| line.contains("/rust_case")).count();
    while workers() == 0 {
        assert!(child.try_wait().expect("a process").is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    child.kill().expect("killed");
    child.wait().expect("it ends");
    while !descendants(&mark).is_empty() {
        std::thread::yield_now();
    }
}
