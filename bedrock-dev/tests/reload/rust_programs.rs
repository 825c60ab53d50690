//! Rust workers whose programs are rebuilt.

use std::fs;
use std::path::Path;

use bedrock_dev::{BuildError, ReloadOutcome};
use serde_json::json;

use super::continuous_callers::ContinuousCallers;
use super::fixture::{
    BuildRequest, Programs, TestServer, compile, invoke, program, script, wait_for_exit, wait_for_file,
};

const FILE: &str = "workers/rusty/src/lib.rs";

/// Returns a program that writes its process id to a file when it starts.
fn program_with_pid_file(pid_file: &Path, version: &str) -> String {
    let temporary = pid_file.with_extension("temporary");
    let [temporary, pid_file] = [temporary.display(), pid_file.display()];
    let write_pid = format!(
        "import os\nopen('{temporary}', 'w').write(str(os.getpid()))\nos.rename('{temporary}', '{pid_file}')\n"
    );
    let program = program(version);
    let (first_line, rest) = program.split_once('\n').expect("lines");
    format!("{first_line}\n{write_pid}{rest}")
}

/// Returns the summary of an outcome: workers, files and messages.
fn summary(workers: &str, files: &str, messages: Vec<String>) -> (String, String, Vec<String>) {
    (workers.to_owned(), files.to_owned(), messages)
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_of_rust_programs_loses_no_call() {
    let mut server = TestServer::start(true).await;
    for (old, new) in [("old", "new"), ("new", "one")] {
        let mut callers = ContinuousCallers::start(&server, "rusty", old, new).await;
        server.save(FILE, new);
        let build = server.next_build().await;
        assert!(build.affected.rust_workers && build.affected.endpoint && build.affected.hosted_workers.is_empty());
        // Cargo has written the program, but has not exited yet.
        let programs = compile(&server.root, &program(new));
        callers.wait_for_responses().await;
        build.result.send(Ok(programs)).expect("the reloader waits");
        assert_eq!(server.next_summary().await, summary("rusty", FILE, vec![]));
        for process in callers.join().await {
            wait_for_exit(process).await;
        }
    }
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn running_call_finishes_in_the_old_program() {
    let mut server = TestServer::start(true).await;
    let started = server.signal_file("started");
    let until = server.signal_file("until");
    let url = server.url.clone();
    let event = json!({ "started": started, "until": until });
    let running_call = tokio::spawn(async move { invoke(&url, "rusty", &event).await });
    wait_for_file(&started).await;
    server.save(FILE, "new");
    server.complete_build("new").await;
    assert_eq!(server.next_summary().await, summary("rusty", FILE, vec![]));
    assert_eq!(server.version("rusty").await, "new");
    fs::write(until, "").expect("a file");
    let response = running_call.await.expect("no panic").expect("a response");
    assert_eq!(response["version"], "old");
    wait_for_exit(response["process"].as_u64().expect("a process id")).await;
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_keeps_old_version_on_compile_error() {
    let mut server = TestServer::start(true).await;
    let process_of = |response: serde_json::Value| response["process"].clone();
    let process_before = process_of(server.invoke("rusty", json!({})).await.expect("a response"));
    server.save(FILE, "broken");
    let messages = vec!["error: expected item, found `broken`".to_owned()];
    server
        .next_build()
        .await
        .result
        .send(Err(BuildError { messages: messages.clone(), compiler_output: Vec::new() }))
        .expect("the reloader waits");
    assert_eq!(server.next_summary().await, summary("", FILE, messages));
    assert_eq!(process_of(server.invoke("rusty", json!({})).await.expect("a response")), process_before);
    // A comment does not change the program.
    server.save(FILE, "// new");
    server.complete_build("old").await;
    assert_eq!(server.next_summary().await, summary("", FILE, vec![]));
    assert_eq!(process_of(server.invoke("rusty", json!({})).await.expect("a response")), process_before);
    server.close();
}

/// Starts a build that has built and started a new program, while another one is still being built. Returns the build,
/// its programs, and the new process.
async fn stage_program(server: &mut TestServer) -> (BuildRequest, Programs, u64) {
    assert_eq!(server.version("rusty").await, "old");
    let pid_file = server.signal_file("pid");
    server.save(FILE, "new");
    let build = server.next_build().await;
    let programs = compile(&server.root, &program_with_pid_file(&pid_file, "new"));
    build.progress.executable_built("rusty".to_owned(), programs["rusty"].clone());
    wait_for_file(&pid_file).await;
    let process = fs::read_to_string(&pid_file).expect("a file").parse().expect("a number");
    (build, programs, process)
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_program_serves_before_the_compiler_exits() {
    let mut server = TestServer::start(true).await;
    let (build, programs, _) = stage_program(&mut server).await;
    assert_eq!(server.version("rusty").await, "old");
    build.progress.all_built();
    while server.version("rusty").await != "new" {}
    build.result.send(Ok(programs)).expect("the reloader waits");
    assert_eq!(server.next_summary().await, summary("rusty", FILE, vec![]));
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_program_waits_for_all_to_compile() {
    let mut server = TestServer::start(true).await;
    let (build, programs, process) = stage_program(&mut server).await;
    let messages = vec!["the endpoint does not compile".to_owned()];
    build
        .result
        .send(Err(BuildError { messages: messages.clone(), compiler_output: Vec::new() }))
        .expect("the reloader waits");
    assert_eq!(server.next_summary().await, summary("", FILE, messages));
    wait_for_exit(process).await;
    assert_eq!(server.version("rusty").await, "old");
    // Cargo does not rebuild it in the next build.
    server.save("src/main.rs", "fixed");
    server.next_build().await.result.send(Ok(programs)).expect("the reloader waits");
    assert_eq!(server.next_summary().await, summary("rusty", "src/main.rs", vec![]));
    assert_eq!(server.version("rusty").await, "new");
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn program_that_does_not_start_fails_new_calls() {
    let mut server = TestServer::start(true).await;
    assert_eq!(server.version("rusty").await, "old");
    server.save(FILE, "exit");
    let programs = compile(&server.root, &script("import sys; sys.exit(3)"));
    server.next_build().await.result.send(Ok(programs)).expect("the reloader waits");
    let exited = "worker `rusty` failed: Runtime.ExitError: Runtime exited with error: exit status 3".to_owned();
    assert_eq!(server.next_summary().await, summary("rusty", FILE, vec![exited]));
    let error = server.invoke("rusty", json!({})).await.expect_err("an error");
    assert_eq!(error["errorType"], "Runtime.ExitError", "{error}");
    server.save(FILE, "new");
    server.complete_build("new").await;
    assert_eq!(server.next_summary().await, summary("rusty", FILE, vec![]));
    assert_eq!(server.version("rusty").await, "new");
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn unbuilt_worker_fails_until_it_is_built() {
    let mut server = TestServer::start(false).await;
    let error = server.invoke("rusty", json!({})).await.expect_err("an error");
    assert!(error.to_string().contains("its executable does not exist"), "{error}");
    server.save(FILE, "new");
    server.complete_build("new").await;
    assert_eq!(server.next_summary().await, summary("rusty", FILE, vec![]));
    assert_eq!(server.version("rusty").await, "new");
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_during_a_build_are_built_together() {
    let mut server = TestServer::start(true).await;
    server.save("src/main.rs", "1");
    let first = server.next_build().await;
    assert!(first.affected.endpoint && !first.affected.rust_workers);
    // Python workers do not wait for cargo. When one has been reloaded, the file saved before it has been noticed.
    for (path, text) in [(FILE, "2"), ("shared/money/src/lib.rs", "3")] {
        server.save(path, text);
        server.save("workers/snake/main.py", text);
        assert_eq!(server.next_summary().await.0, "snake");
    }
    assert!(server.has_no_builds());
    first.result.send(Ok(compile(&server.root, &program("new")))).expect("the reloader waits");
    assert_eq!(server.next_summary().await, summary("rusty", "src/main.rs", vec![]));
    let second = server.next_build().await;
    assert!(second.affected.endpoint && second.affected.rust_workers);
    second.result.send(Ok(Programs::new())).expect("the reloader waits");
    assert_eq!(server.next_summary().await, summary("", &format!("shared/money/src/lib.rs {FILE}"), vec![]));
    assert!(server.has_no_builds());
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_endpoint_is_passed_on_as_a_copy() {
    let mut server = TestServer::start(true).await;
    let original = server.signal_file("endpoint");
    fs::write(&original, "an endpoint").expect("a program");
    for is_new in [true, false] {
        server.save("src/main.rs", if is_new { "1" } else { "2" });
        let programs = Programs::from([("endpoint".to_owned(), original.clone())]);
        server.next_build().await.result.send(Ok(programs)).expect("the reloader waits");
        let ReloadOutcome::Reloaded(success) = server.next_outcome().await else { panic!("the reload failed") };
        assert_eq!(success.endpoint.is_some(), is_new);
        let is_copy = |path: &Path| *path != original && fs::read(path).expect("a copy") == b"an endpoint";
        assert!(success.endpoint.as_deref().is_none_or(is_copy));
    }
    server.close();
}
