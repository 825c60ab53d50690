//! A Rust worker as `dev` runs it: its own binary, a process for each environment, over the Runtime API.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bedrock::Error;
use bedrock::local::service::FunctionInfo;
use bedrock::local::{Invocation, Reaper, Tail};
use bedrock_build::Language;
use bedrock_dev::runtime::{Function, Line, Program, RuntimeApi};
use serde_json::{Value, json};

use crate::built::binary;
use crate::driver::descendants;

const MARK: &str = "CONFORMANCE_RUN";

struct Room {
    program: Program,
    function: Arc<Function>,
    lines: Arc<Mutex<Vec<Line>>>,
    reaper: Arc<Reaper>,
    mark: String,
}

impl Room {
    async fn new(timeout: u64) -> Self {
        Self::capped(timeout, false).await
    }

    async fn capped(timeout: u64, is_capped: bool) -> Self {
        let own = || format!("processes-{}-{:?}", std::process::id(), std::thread::current().id());
        let mark = std::env::var(MARK).unwrap_or_else(|_| own());
        let (name, worker) = ("conformance-local-rust_case".to_owned(), "rust_case".to_owned());
        let program = Program {
            path: binary("rust_case"),
            folder: crate::driver::app_dir().join("workers/rust_case"),
            variables: vec![(MARK.to_owned(), mark.clone()), ("AWS_REGION".to_owned(), "us-east-1".to_owned())],
            function: FunctionInfo {
                arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
                log_group: format!("/aws/lambda/{name}"),
                name,
                worker,
                language: Language::Rust,
                runtime: "provided.al2023".to_owned(),
                handler: "bootstrap".to_owned(),
                timeout,
                memory: 512,
            },
            is_capped,
        };
        let (lines, reaper) = (Arc::<Mutex<Vec<Line>>>::default(), Arc::<Reaper>::default());
        let noted = Arc::clone(&lines);
        let sink = Arc::new(move |line| noted.lock().expect("lines").push(line));
        let api = RuntimeApi::start().await.expect("a port");
        let function = Function::new(program.clone(), api, Arc::clone(&reaper), sink);
        Self { program, function, lines, reaper, mark }
    }

    async fn invoke(&self, event: Value) -> Result<Value, Error> {
        self.send(Invocation::new(event.to_string().into(), None)).await
    }

    async fn send(&self, invocation: Invocation) -> Result<Value, Error> {
        self.function.invoke(invocation).await.map(|response| serde_json::from_slice(&response).expect("JSON"))
    }

    /// The type and the message of the error that must come of an event.
    async fn fails(&self, event: Value) -> (String, String) {
        match self.invoke(event).await {
            Err(Error::Function { error_type, message, .. }) => (error_type, message),
            other => panic!("{other:?}"),
        }
    }

    /// Ends everything; nothing may be left.
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
async fn one_process_answers_fails_and_panics_and_goes_on() {
    let room = Room::new(30).await;
    assert_eq!(room.invoke(json!({ "do": "echo", "value": "größer" })).await, Ok(json!("größer")));
    assert_eq!(room.fails(json!({ "do": "raise" })).await, failure("BadCase", "as it was told"));
    assert_eq!(room.fails(json!({ "do": "panic" })).await, failure("Panic", "the worker panicked: as it was told"));
    let (error_type, message) = room.fails(json!({ "do": "make", "length": 6 * 1024 * 1024 })).await;
    assert_eq!((error_type.as_str(), message.contains("(6291458 bytes)")), ("Function.ResponseSizeTooLarge", true));
    assert_eq!(room.invoke(json!({ "do": "calls" })).await, Ok(json!(5)));
    assert_eq!(room.function.idle(), 1);
    let invocation = Invocation::new(r#"{"do":"context"}"#.into(), None);
    let (id, trace) = (invocation.request_id.clone(), invocation.trace.clone());
    let context = room.send(invocation).await.expect("a context");
    assert_eq!((&context["id"], &context["trace"]), (&json!(id), &json!(trace)));
    assert_eq!(context["arn"], "arn:aws:lambda:us-east-1:000000000000:function:conformance-local-rust_case");
    assert_eq!((&context["memory"], &context["version"]), (&json!(512), &json!("$LATEST")));
    assert!(context["remaining"].as_u64().is_some_and(|ms| ms > 25_000 && ms <= 30_000), "{context}");
    room.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_itself_touches_no_other() {
    let room = Room::new(30).await;
    let long = room.invoke(json!({ "do": "sleep", "ms": 500 }));
    let ended = async {
        let exited = room.fails(json!({ "do": "exit" })).await;
        let aborted = room.fails(json!({ "do": "abort" })).await;
        (exited, aborted)
    };
    let (long, (exited, aborted)) = tokio::join!(long, ended);
    assert_eq!(long, Ok(json!("slept")));
    assert_eq!(exited, failure("Runtime.ExitError", "Runtime exited with error: exit status 3"));
    assert_eq!(aborted, failure("Runtime.ExitError", "Runtime exited with error: signal: aborted"));
    assert_eq!(room.invoke(json!({ "do": "calls" })).await, Ok(json!(2)));
    room.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_that_takes_too_long_ends_its_process() {
    let room = Room::new(1).await;
    for case in ["sleep", "loop", "deadlock"] {
        let error = room.invoke(json!({ "do": case, "ms": 60_000 })).await.expect_err("too long");
        assert!(matches!(&error, Error::Timeout { after, .. } if after.as_secs_f64() <= 1.0), "{case}: {error:?}");
        assert_eq!(room.invoke(json!({ "do": "calls" })).await, Ok(json!(1)), "{case}: a new process");
        room.function.retire();
    }
    room.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_belongs_to_its_request_and_is_in_its_tail() {
    let room = Room::new(30).await;
    for number in 0..20 {
        let event = json!({ "do": "print", "text": format!("line {number}\n"), "times": 100 });
        let mut invocation = Invocation::new(event.to_string().into(), None);
        let (id, tail) = (invocation.request_id.clone(), Tail::default());
        invocation.tail = Some(tail.clone());
        assert_eq!(room.send(invocation).await, Ok(json!("printed")));
        let log = String::from_utf8(tail.last()).expect("text");
        assert_eq!(log, format!("line {number}\n").repeat(100));
        let lines = std::mem::take(&mut *room.lines.lock().expect("lines"));
        assert_eq!(lines.len(), 103);
        let (first, last) = (&lines[0].text, &lines[102].text);
        assert_eq!(
            (first, &lines[101].text),
            (&format!("START RequestId: {id} Version: $LATEST"), &format!("END RequestId: {id}"))
        );
        assert!(last.starts_with(&format!("REPORT RequestId: {id}\tDuration: ")), "{last}");
        assert!(last.contains("\tMemory Size: 512 MB\tMax Memory Used: ") || !cfg!(target_os = "linux"), "{last}");
        assert_eq!(last.contains("\tInit Duration: "), number == 0, "{last}");
        assert!(
            lines.iter().all(|line| line.request_id.as_deref() == Some(id.as_str()) && &*line.worker == "rust_case"),
            "{lines:?}"
        );
    }
    room.end();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_more_memory_than_its_function_has_is_ended_where_there_is_a_cap() {
    let hold = |megabytes: u64| json!({ "do": "hold", "bytes": megabytes << 20 });
    for is_capped in [false, true] {
        let room = Room::capped(30, is_capped).await;
        assert_eq!(room.invoke(hold(300)).await, Ok(json!(300_u64 << 20)));
        assert_eq!(room.invoke(json!({ "do": "calls" })).await, Ok(json!(2)));
        room.lines.lock().expect("lines").clear();
        if !is_capped {
            assert_eq!(room.invoke(hold(600)).await, Ok(json!(600_u64 << 20)));
            let lines = std::mem::take(&mut *room.lines.lock().expect("lines"));
            let used = lines.iter().find_map(|line| line.text.split_once("Max Memory Used: ")).expect("a report").1;
            let used: u64 = used.split(' ').next().and_then(|used| used.parse().ok()).expect(used);
            assert!((600..700).contains(&used), "{used}");
            room.end();
            continue;
        }
        let killed = failure("Runtime.ExitError", "Runtime exited with error: signal: killed");
        assert_eq!(room.fails(hold(600)).await, killed);
        let lines: Vec<_> = room.lines.lock().expect("lines").iter().map(|line| line.text.clone()).collect();
        assert!(
            lines[1].starts_with("error: `rust_case` uses ") && lines[1].ends_with("512 MB are allowed"),
            "{lines:?}"
        );
        assert!(lines[2].starts_with("help: set `memory` of"), "{lines:?}");
        assert!(lines[4].ends_with("\tStatus: error\tError Type: Runtime.OutOfMemory\t"), "{lines:?}");
        assert_eq!(room.invoke(json!({ "do": "calls" })).await, Ok(json!(1)), "a new process");
        room.end();
    }
}

/// Nobody waits for the answer of one that never returns.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_does_not_give_its_memory_back_is_ended_while_it_runs() {
    let room = Room::capped(600, true).await;
    let (error_type, message) = room.fails(json!({ "do": "hold", "bytes": 600_u64 << 20, "ever": true })).await;
    assert_eq!((error_type, message), failure("Runtime.ExitError", "Runtime exited with error: signal: killed"));
    room.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_at_the_same_time_have_a_process_each_and_nobody_gets_another_s_answer() {
    let room = Room::new(30).await;
    let calls: Vec<_> = (0..8)
        .map(|number| {
            let function = Arc::clone(&room.function);
            let event = json!({ "do": "sleep", "ms": 300, "number": number }).to_string();
            tokio::spawn(async move { function.invoke(Invocation::new(event.into(), None)).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("a task"), Ok("\"slept\"".into()));
    }
    assert_eq!(room.function.idle(), 8);
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let function = Arc::clone(&room.function);
            let event = json!({ "do": "echo", "value": number }).to_string();
            tokio::spawn(async move { function.invoke(Invocation::new(event.into(), None)).await })
        })
        .collect();
    let mut seen = HashSet::new();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.expect("a task"), Ok(number.to_string().into()));
        seen.insert(number);
    }
    assert_eq!(seen.len(), 200);
    room.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_a_quick_function_waits_a_moment_for_those_that_run_and_then_has_a_process_of_its_own() {
    let room = Room::new(30).await;
    for _ in 0..10 {
        room.invoke(json!({ "do": "echo", "value": 1 })).await.expect("an answer");
    }
    let long: Vec<_> = (0..2 * std::thread::available_parallelism().expect("a number").get())
        .map(|_| {
            let (function, event) = (Arc::clone(&room.function), json!({ "do": "sleep", "ms": 2000 }).to_string());
            tokio::spawn(async move { function.invoke(Invocation::new(event.into(), None)).await })
        })
        .collect();
    let begun = || room.lines.lock().expect("lines").iter().filter(|line| line.text.starts_with("START")).count();
    while begun() < 10 + long.len() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    room.function.warm().await.expect("a process that rests");
    let began = Instant::now();
    assert_eq!(room.invoke(json!({ "do": "echo", "value": 1 })).await, Ok(json!(1)));
    assert!(began.elapsed() >= Duration::from_millis(3), "{:?}", began.elapsed());
    assert!(long.iter().all(|call| !call.is_finished()));
    for call in long {
        assert_eq!(call.await.expect("a task"), Ok("\"slept\"".into()));
    }
    room.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_whose_caller_goes_away_runs_to_its_end_and_its_process_goes_on() {
    let room = Room::new(60).await;
    room.function.warm().await.expect("it starts");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("ran");
    let event = json!({ "do": "append", "path": path, "ms": 100 });
    tokio::select! {
        biased;
        _ = room.invoke(event) => panic!("it takes a while"),
        () = tokio::time::sleep(Duration::from_millis(20)) => {}
    }
    let left = Instant::now();
    while room.function.idle() == 0 {
        assert!(left.elapsed() < Duration::from_secs(30), "nobody waits for what the process says");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(std::fs::read_to_string(path).expect("it ran"), "ran\n");
    assert_eq!(room.invoke(json!({ "do": "calls" })).await, Ok(json!(2)));
    room.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_or_does_not_speak_the_api_is_an_error() {
    let room = Room::new(30).await;
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
        };
        (path.to_owned(), info)
    };
    let api = RuntimeApi::start().await.expect("a port");
    for ((path, info), expected) in [
        (
            function("/nonexistent/bootstrap"),
            "worker `odd` could not be started: its executable does not exist: the worker does not compile, or the file was deleted",
        ),
        (function("/bin/false"), "worker `odd` failed: Runtime.ExitError: Runtime exited with error: exit status 1"),
    ] {
        let folder = crate::driver::app_dir();
        let program = Program { path: path.into(), folder, variables: Vec::new(), function: info, is_capped: false };
        let odd = Function::new(program, api.clone(), Arc::clone(&room.reaper), Arc::new(|_| {}));
        let error = odd.invoke(Invocation::new("{}".into(), None)).await.expect_err("no answer");
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    room.end();
}

/// Answers once, and asks for no more.
const ONCE: &str = r#"import os, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"].removeprefix("http://") + "/2018-06-01/runtime/invocation/"
with urllib.request.urlopen(api + "next") as event:
    request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
urllib.request.urlopen(api + request_id + "/response", data=str(os.getpid()).encode()).close()
time.sleep(600)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_asks_for_no_more_makes_nobody_wait_longer_than_the_timeout() {
    let room = Room::new(1).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (path, code) = (folder.path().join("once"), folder.path().join("once.py"));
    std::fs::write(&code, ONCE).expect("a file");
    std::fs::write(&path, format!("#!/bin/sh\nexec python3 {}\n", code.display())).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("rights");
    let once = Program { path, ..room.program.clone() };
    let api = RuntimeApi::start().await.expect("a port");
    let once = Function::new(once, api, Arc::clone(&room.reaper), Arc::new(|_| {}));
    let first = once.invoke(Invocation::new("{}".into(), None)).await.expect("an answer");
    let second = once.invoke(Invocation::new("{}".into(), None)).await.expect("an answer");
    assert_ne!(first, second);
    drop(once);
    room.end();
}

/// No test, but the program that the next one kills: its worker never returns.
#[tokio::test(flavor = "multi_thread")]
async fn a_loop_that_is_left_alone() {
    if std::env::var_os(MARK).is_none_or(|mark| !mark.to_string_lossy().starts_with("killed-")) {
        return;
    }
    let room = Room::new(600).await;
    let _ = room.invoke(json!({ "do": "loop" })).await;
}

#[test]
fn no_process_outlives_the_program_not_even_by_kill_9() {
    let mark = format!("killed-{}", std::process::id());
    binary("rust_case");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "processes::a_loop_that_is_left_alone"])
        .env(MARK, &mark)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let workers = || descendants(&mark).into_iter().filter(|line| line.contains("debug/rust_case")).count();
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
