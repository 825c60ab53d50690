//! Python and JavaScript workers whose files are saved.

use std::fs;

use serde_json::json;

use super::callers::Callers;
use super::room::{Room, invoke, is_gone, javascript, python, wait_for};

type Text = fn(&str) -> String;

/// Worker, file, what is in it, and what does not load with the line where it does not.
const WORKERS: [(&str, &str, Text, &str); 2] = [
    ("snake", "workers/snake/main.py", python, "import os\ndef broken(:\n"),
    ("node_one", "workers/node_one/main.js", javascript, "const fs = 1;\nfunction broken( {\n"),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_and_each_caller_meets_the_new_version_once_and_for_all() {
    let mut room = Room::open(false).await;
    for (worker, file, text, _) in WORKERS {
        // As long as the old one, and saved within the same second.
        for (old, new) in [("old", "new"), ("new", "one"), ("one", "two")] {
            let callers = Callers::begin(&room, worker, old, new).await;
            room.save(file, &text(new));
            assert_eq!(room.told().await, (worker.to_owned(), file.to_owned(), vec![]));
            for process in callers.end().await {
                is_gone(process).await;
            }
        }
    }
    assert!(room.built_nothing());
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_runs_is_finished_by_the_process_that_has_it() {
    let mut room = Room::open(false).await;
    for (worker, file, text, _) in WORKERS {
        let (begun, until) = (room.sign(&format!("{worker}-begun")), room.sign(&format!("{worker}-until")));
        let url = room.url.clone();
        let event = json!({ "begun": begun, "until": until });
        let long = tokio::spawn(async move { invoke(&url, worker, &event).await });
        wait_for(&begun).await;
        room.save(file, &text("new"));
        assert_eq!(room.told().await.0, worker);
        assert_eq!(room.version(worker).await, "new");
        fs::write(until, "").expect("a file");
        let answer = long.await.expect("no panic").expect("an answer");
        assert_eq!(answer["version"], "old");
        is_gone(answer["process"].as_u64().expect("a number")).await;
    }
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_does_not_load_is_an_error_of_new_calls_until_it_is_mended() {
    let mut room = Room::open(false).await;
    for (worker, file, text, broken) in WORKERS {
        let (begun, until) = (room.sign(&format!("{worker}-begun")), room.sign(&format!("{worker}-until")));
        let url = room.url.clone();
        let event = json!({ "begun": begun, "until": until });
        let long = tokio::spawn(async move { invoke(&url, worker, &event).await });
        wait_for(&begun).await;
        room.save(file, broken);
        let (workers, files, messages) = room.told().await;
        assert_eq!((workers.as_str(), files.as_str(), messages.len()), (worker, file, 1));
        let name = file.rsplit('/').next().expect("a name");
        assert!(
            messages[0].starts_with(&format!("worker `{worker}` failed: Runtime.UserCodeSyntaxError")),
            "{messages:?}"
        );
        assert!(messages[0].contains(name) && messages[0].contains('2'), "{messages:?}");
        for _ in 0..2 {
            let error = room.invoke(worker, json!({})).await.expect_err("an error");
            assert_eq!(error["errorType"], "Runtime.UserCodeSyntaxError", "{error}");
        }
        fs::write(until, "").expect("a file");
        assert_eq!(long.await.expect("no panic").expect("an answer")["version"], "old");
        room.save(file, &text("new"));
        assert_eq!(room.told().await, (worker.to_owned(), file.to_owned(), vec![]));
        assert_eq!(room.version(worker).await, "new");
    }
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ignored_and_what_belongs_to_nobody_changes_nothing() {
    let mut room = Room::open(false).await;
    let process = |answer: serde_json::Value| answer["process"].clone();
    let before = process(room.invoke("snake", json!({})).await.expect("an answer"));
    for path in ["target/debug/main.py", "workers/snake/__pycache__/main.pyc", "workers/snake/run.log", "README.md"] {
        room.save(path, "x");
    }
    // Noticed behind them.
    room.save("workers/node_one/main.js", &javascript("new"));
    assert_eq!(room.told().await, ("node_one".to_owned(), "workers/node_one/main.js".to_owned(), vec![]));
    assert_eq!(process(room.invoke("snake", json!({})).await.expect("an answer")), before);
    assert_eq!(room.version("node_one").await, "new");
    assert!(room.built_nothing());
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_settings_and_other_workers_end_the_loop_with_the_app_as_it_is_then() {
    let mut room = Room::open(false).await;
    room.save("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\nmemory = 1\n");
    let (workers, files, messages) = room.told().await;
    assert_eq!((workers.as_str(), files.as_str()), ("", "Cargo.toml"));
    assert!(messages[0].starts_with("Cargo.toml:4:"), "{messages:?}");
    room.save("workers/second/main.py", &python("new"));
    assert!(room.told().await.2[0].starts_with("Cargo.toml:4:"));
    room.save("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock.workers.snake]\ntimeout = 7\n");
    let app = (&mut room.ends).await.expect("no panic").expect("an app");
    let timeouts: Vec<_> = app.workers.iter().map(|worker| (worker.name.as_str(), worker.settings.timeout)).collect();
    assert_eq!(timeouts.len(), 4, "{timeouts:?}");
    assert!(timeouts.contains(&("snake", 7)), "{timeouts:?}");
    room.close();
}
