//! Python and JavaScript workers whose files change.

use std::fs;

use serde_json::json;

use super::continuous_callers::ContinuousCallers;
use super::fixture::{TestServer, invoke, javascript, python, wait_for_exit, wait_for_file};

type CodeOfVersion = fn(&str) -> String;

/// Worker, file, its code, and code with a syntax error in line 2.
const WORKERS: [(&str, &str, CodeOfVersion, &str); 2] = [
    ("snake", "workers/snake/main.py", python, "import os\ndef broken(:\n"),
    ("node_one", "workers/node_one/main.js", javascript, "const fs = 1;\nfunction broken( {\n"),
];

#[tokio::test(flavor = "multi_thread")]
async fn reload_of_hosted_workers_loses_no_call() {
    let mut server = TestServer::start(false).await;
    for (worker, file, code, _) in WORKERS {
        // Each version has the same size, and is saved within the same second.
        for (old, new) in [("old", "new"), ("new", "one"), ("one", "two")] {
            let callers = ContinuousCallers::start(&server, worker, old, new).await;
            server.save(file, &code(new));
            assert_eq!(server.next_summary().await, (worker.to_owned(), file.to_owned(), vec![]));
            for process in callers.join().await {
                wait_for_exit(process).await;
            }
        }
    }
    assert!(server.has_no_builds());
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn dependencies_are_installed_before_the_first_call() {
    let mut server = TestServer::start(false).await;
    let installed = server.root.join("workers/node_one/node_modules/own/package.json");
    server.save("workers/node_one/own/package.json", r#"{"name": "own", "version": "1.0.0"}"#);
    server.save("workers/node_one/package.json", r#"{"dependencies": {"own": "file:./own"}}"#);
    // A changed list is installed, although the worker was never called.
    while !installed.exists() {
        server.next_outcome().await;
    }
    fs::remove_dir_all(server.root.join("workers/node_one/node_modules")).expect("removed");
    server.install_dependencies().await;
    assert!(installed.exists());
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn running_call_finishes_in_its_old_host_process() {
    let mut server = TestServer::start(false).await;
    for (worker, file, code, _) in WORKERS {
        let started = server.signal_file(&format!("{worker}-started"));
        let until = server.signal_file(&format!("{worker}-until"));
        let url = server.url.clone();
        let event = json!({ "started": started, "until": until });
        let running_call = tokio::spawn(async move { invoke(&url, worker, &event).await });
        wait_for_file(&started).await;
        server.save(file, &code("new"));
        assert_eq!(server.next_summary().await.0, worker);
        assert_eq!(server.version(worker).await, "new");
        fs::write(until, "").expect("a file");
        let response = running_call.await.expect("no panic").expect("a response");
        assert_eq!(response["version"], "old");
        wait_for_exit(response["process"].as_u64().expect("a process id")).await;
    }
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_file_fails_new_calls_until_it_is_fixed() {
    let mut server = TestServer::start(false).await;
    for (worker, file, code, broken_code) in WORKERS {
        let started = server.signal_file(&format!("{worker}-started"));
        let until = server.signal_file(&format!("{worker}-until"));
        let url = server.url.clone();
        let event = json!({ "started": started, "until": until });
        let running_call = tokio::spawn(async move { invoke(&url, worker, &event).await });
        wait_for_file(&started).await;
        server.save(file, broken_code);
        let (workers, files, messages) = server.next_summary().await;
        assert_eq!((workers.as_str(), files.as_str(), messages.len()), (worker, file, 1));
        let file_name = file.rsplit('/').next().expect("a name");
        assert!(
            messages[0].starts_with(&format!("worker `{worker}` failed: Runtime.UserCodeSyntaxError")),
            "{messages:?}"
        );
        assert!(messages[0].contains(file_name) && messages[0].contains('2'), "{messages:?}");
        for _ in 0..2 {
            let error = server.invoke(worker, json!({})).await.expect_err("an error");
            assert_eq!(error["errorType"], "Runtime.UserCodeSyntaxError", "{error}");
        }
        fs::write(until, "").expect("a file");
        assert_eq!(running_call.await.expect("no panic").expect("a response")["version"], "old");
        server.save(file, &code("new"));
        assert_eq!(server.next_summary().await, (worker.to_owned(), file.to_owned(), vec![]));
        assert_eq!(server.version(worker).await, "new");
    }
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn ignored_and_unrelated_files_reload_nothing() {
    let mut server = TestServer::start(false).await;
    let process_of = |response: serde_json::Value| response["process"].clone();
    let process_before = process_of(server.invoke("snake", json!({})).await.expect("a response"));
    for path in ["target/debug/main.py", "workers/snake/__pycache__/main.pyc", "workers/snake/run.log", "README.md"] {
        server.save(path, "x");
    }
    // This change is noticed after them.
    server.save("workers/node_one/main.js", &javascript("new"));
    assert_eq!(server.next_summary().await, ("node_one".to_owned(), "workers/node_one/main.js".to_owned(), vec![]));
    assert_eq!(process_of(server.invoke("snake", json!({})).await.expect("a response")), process_before);
    assert_eq!(server.version("node_one").await, "new");
    assert!(server.has_no_builds());
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_settings_end_the_loop_with_the_changed_app() {
    let mut server = TestServer::start(false).await;
    server.save("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\nmemory = 1\n");
    let (workers, files, messages) = server.next_summary().await;
    assert_eq!((workers.as_str(), files.as_str()), ("", "Cargo.toml"));
    assert!(messages[0].starts_with("Cargo.toml:4:"), "{messages:?}");
    server.save("workers/second/main.py", &python("new"));
    assert!(server.next_summary().await.2[0].starts_with("Cargo.toml:4:"));
    server.save("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock.workers.snake]\ntimeout = 7\n");
    let app = (&mut server.reload_loop).await.expect("no panic").expect("an app");
    let timeouts: Vec<_> = app.workers.iter().map(|worker| (worker.name.as_str(), worker.settings.timeout)).collect();
    assert_eq!(timeouts.len(), 4, "{timeouts:?}");
    assert!(timeouts.contains(&("snake", 7)), "{timeouts:?}");
    server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_behind_links_are_reloaded() {
    let outside = tempfile::tempdir().expect("a folder");
    let mut server = TestServer::start(false).await;
    fs::copy(server.root.join("workers/node_one/worker.js"), outside.path().join("worker.js")).expect("copied");
    for (worker, file, code, _) in WORKERS {
        let name = file.rsplit('/').next().expect("a name");
        let target = outside.path().join(name);
        fs::write(&target, code("one")).expect("a file");
        let link = server.root.join(file);
        fs::remove_file(&link).expect("removed");
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        while server.version(worker).await != "one" {
            server.next_summary().await;
        }
        fs::write(&target, code("two")).expect("a file");
        // A write may be reported twice.
        while server.next_summary().await.1 != file || server.version(worker).await != "two" {}
    }
    server.close();
}
