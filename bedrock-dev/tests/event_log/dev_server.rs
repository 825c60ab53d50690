//! A whole app at work: what its workers do is on the stream, and in a file when it has ended.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bedrock_dev::event_log::EventLogFile;
use bedrock_dev::execution::LogLine;
use bedrock_dev::{Clock, DevServer, DevServerConfig};
use serde_json::Value;

use super::client::send;
use super::fixture::{BASE, app};
use super::schema::check;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_prints_and_how_it_ends_is_on_the_stream_and_stays_on_disk() {
    let dir = tempfile::tempdir().expect("a folder");
    let lines = Arc::<Mutex<Vec<LogLine>>>::default();
    let taken = Arc::clone(&lines);
    let order = DevServerConfig {
        app: app(dir.path()),
        scratch: dir.path().join("target/bedrock"),
        state: dir.path().join("target/bedrock"),
        port: 0,
        clock: Clock::real(),
        // No runtime at all: it prints its variables and ends.
        programs: HashMap::from([("greeter".to_owned(), PathBuf::from("/usr/bin/env"))]),
        sink: Arc::new(move |line| taken.lock().expect("lines").push(line)),
        edges: None,
        strict: false,
    };
    let workshop = DevServer::open(order).await.expect("it opens");
    let address = workshop.url.trim_start_matches("http://").to_owned();
    let headers = [("authorization", "Bedrock any")];
    let answer = send(&address, "POST /2015-03-31/functions/greeter/invocations", &headers, "{}").await;
    assert_eq!(answer.json()["errorType"], "Runtime.ExitError");
    let id = answer.header("x-amzn-requestid").expect("an id");
    let line = format!("GET {BASE}/invocations/{id}");
    let invocation = send(&address, &line, &[], "").await.json();
    check("InvocationAlone", &invocation);
    let attempt = &invocation["invocation"]["attempts"][0];
    assert_eq!(attempt["error_type"], "Runtime.ExitError");
    assert_eq!(attempt["message"], answer.json()["errorMessage"]);
    // The process is gone, but what it printed may still be in its pipe.
    let mut reader = workshop.happenings.subscribe(None);
    let is_meant = |json: &Value| json["line"] == "AWS_LAMBDA_FUNCTION_NAME=shop-local-greeter";
    while !is_meant(&serde_json::from_str(&reader.next().await.expect("more").json()).expect("JSON")) {}
    let is_there = lines.lock().expect("lines").iter().any(|line| line.text.starts_with("AWS_LAMBDA_FUNCTION_NAME="));
    workshop.close();
    assert!(is_there);
    let disk = EventLogFile::in_folder(&dir.path().join("target/bedrock/dev"));
    let text = std::fs::read_to_string(disk.path).expect("a file");
    let written: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for happening in &written {
        check("Happening", happening);
    }
    let kinds: Vec<_> = written.iter().filter_map(|one| one["kind"].as_str()).filter(|kind| *kind != "log").collect();
    assert_eq!(kinds, ["app_started", "invocation_started", "invocation_ended", "app_stopped"]);
    assert!(written.iter().any(is_meant));
}
