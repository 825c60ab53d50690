//! Tests of this package's app in `bedrock-dev`: three languages behind one port, Rust workers in processes of their
//! own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_build::App;
use bedrock_dev::{Clock, Condition, DevServer, DevServerConfig, EventState};
use serde_json::{Value, json};

use crate::driver::{ALL_WORKERS, app_dir};
use crate::lambda_build::binary;
use crate::service::access::exchange;
use crate::service::client::Client;

/// Returns the configuration of the app, without rejected calls.
pub(crate) fn config(scratch: &Path, clock: &Clock) -> DevServerConfig {
    DevServerConfig {
        app: App::find(&app_dir()).expect("the app"),
        install_folder: scratch.to_owned(),
        state_folder: scratch.to_owned(),
        port: 0,
        clock: clock.clone(),
        executables: HashMap::from([("rust_case".to_owned(), binary("rust_case"))]),
        log_sink: Arc::new(|_| {}),
        call_graph: None,
        strict: false,
        relaxed: false,
    }
}

async fn open(scratch: &Path, clock: &Clock) -> DevServer {
    DevServer::start(config(scratch, clock)).await.expect("it opens")
}

/// Makes calls with boto3 on a blocking thread. `None` if it is not installed.
async fn invoke(dev_server: &DevServer, calls: Vec<Value>) -> Option<Vec<Value>> {
    let url = dev_server.url.clone();
    tokio::task::spawn_blocking(move || Client::Boto3.invoke(&url, &calls)).await.expect("a thread")
}

fn call(worker: &str, kind: &str, event: &Value) -> Value {
    json!({ "FunctionName": worker, "InvocationType": kind, "Payload": event.to_string() })
}

/// Invokes a worker and returns its response. The client is not one of AWS.
async fn invoke_plainly(dev_server: &DevServer, worker: &str, event: &Value) -> Value {
    let path = format!("POST /2015-03-31/functions/{worker}/invocations");
    let url = dev_server.url.clone();
    let event = event.to_string();
    let host = format!("Host: {}", url.trim_start_matches("http://"));
    let headers = [host.as_str(), "Authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/lambda/x"];
    let (_, body) = tokio::task::block_in_place(|| exchange(&url, &path, &headers, &event));
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_of_settings_and_of_lambda_reach_workers() {
    let scratch = tempfile::tempdir().expect("a folder");
    let dev_server = open(scratch.path(), &Clock::real()).await;
    for (worker, runtime) in [
        ("rust_case", Value::Null),
        ("python_case", json!("AWS_Lambda_python3.13")),
        ("node_case", json!("AWS_Lambda_nodejs24.x")),
    ] {
        for (name, expected) in [
            ("CASE_MODE", json!(format!("of {worker}"))),
            ("TZ", json!(":UTC")),
            ("LANG", json!("en_US.UTF-8")),
            ("AWS_XRAY_CONTEXT_MISSING", json!("LOG_ERROR")),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", json!("on-demand")),
            ("AWS_DEFAULT_REGION", json!("us-east-1")),
            ("AWS_EXECUTION_ENV", runtime.clone()),
        ] {
            let value = invoke_plainly(&dev_server, worker, &json!({ "do": "variable", "name": name })).await;
            assert_eq!(value, expected, "{worker} {name}");
        }
    }
    dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_all_languages_call_each_other() {
    let scratch = tempfile::tempdir().expect("a folder");
    let dev_server = open(scratch.path(), &Clock::real()).await;
    let echo = json!({ "do": "echo", "value": "größer" });
    let calls = ALL_WORKERS.iter().flat_map(|from| {
        ALL_WORKERS.map(|to| call(from, "RequestResponse", &json!({ "do": "call", "worker": to, "event": echo })))
    });
    if let Some(responses) = invoke(&dev_server, calls.collect()).await {
        for response in &responses {
            let payload: Value = serde_json::from_str(response["payload"].as_str().expect("text")).expect("JSON");
            assert_eq!((&response["failed"], &payload), (&Value::Null, &json!("größer")), "{responses:?}");
        }
    }
    dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn event_log_has_output_and_nested_calls() {
    let scratch = tempfile::tempdir().expect("a folder");
    let dev_server = open(scratch.path(), &Clock::real()).await;
    let mut reader = dev_server.event_log.subscribe(None);
    let print = json!({ "do": "print", "text": "hällo\n" });
    let calls = ALL_WORKERS
        .map(|worker| call(worker, "RequestResponse", &json!({ "do": "call", "worker": worker, "event": print })));
    let Some(responses) = invoke(&dev_server, calls.to_vec()).await else { return };
    assert!(responses.iter().all(|response| response["failed"].is_null()), "{responses:?}");
    dev_server.close();
    let mut all = Vec::new();
    while let Some(item) = reader.next().await {
        all.push(serde_json::from_str::<Value>(&item.json()).expect("JSON"));
    }
    for worker in ALL_WORKERS {
        let of =
            |kind: &str| all.iter().filter(|one| one["kind"] == kind && one["worker"] == worker).collect::<Vec<_>>();
        let [outer, inner] = of("invocation_started")[..] else { panic!("{all:#?}") };
        assert_eq!((&inner["caller"], &inner["parent_request_id"]), (&json!(worker), &outer["request_id"]), "{inner}");
        assert_eq!(inner["trace"], outer["trace"]);
        let printed = of("log").into_iter().find(|log| log["line"] == "hällo");
        assert_eq!(printed.map(|log| &log["request_id"]), Some(&inner["request_id"]), "{worker} {all:#?}");
        assert!(of("invocation_ended").iter().all(|ended| ended["outcome"] == "ok"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn event_log_has_memory_and_init_duration() {
    let scratch = tempfile::tempdir().expect("a folder");
    let dev_server = open(scratch.path(), &Clock::real()).await;
    let mut reader = dev_server.event_log.subscribe(None);
    for worker in ALL_WORKERS {
        for _ in 0..2 {
            let calls = vec![call(worker, "RequestResponse", &json!({ "do": "calls" }))];
            let Some(responses) = invoke(&dev_server, calls).await else { return };
            assert_eq!(responses[0]["status"], 200, "{responses:?}");
        }
    }
    dev_server.close();
    let mut ended = Vec::new();
    while let Some(item) = reader.next().await {
        let json: Value = serde_json::from_str(&item.json()).expect("JSON");
        ended.extend(Some(json).filter(|json| json["kind"] == "invocation_ended"));
    }
    for worker in ALL_WORKERS {
        let of: Vec<_> = ended.iter().filter(|one| one["worker"] == worker).collect();
        let [cold, warm] = of[..] else { panic!("{ended:#?}") };
        assert!(cold["init_ms"].as_f64().is_some_and(|init| init > 0.0) && warm["init_ms"].is_null(), "{of:#?}");
        assert!(of.iter().all(|one| one["max_memory_mb"].as_u64().is_some_and(|used| used > 0)), "{of:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn abort_of_a_rust_worker_fails_only_its_call() {
    let scratch = tempfile::tempdir().expect("a folder");
    let dev_server = open(scratch.path(), &Clock::real()).await;
    let calls = ["abort", "calls"].map(|what| call("rust_case", "RequestResponse", &json!({ "do": what })));
    for (call, expected) in calls.into_iter().zip(["Runtime exited with error: signal: aborted", "1"]) {
        if let Some(responses) = invoke(&dev_server, vec![call]).await {
            assert!(
                responses[0]["payload"].as_str().is_some_and(|payload| payload.contains(expected)),
                "{responses:?}"
            );
        }
    }
    dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn python_exit_does_not_fail_concurrent_calls() {
    let scratch = tempfile::tempdir().expect("a folder");
    let dev_server = open(scratch.path(), &Clock::real()).await;
    // The process has started before the concurrent calls.
    if invoke(&dev_server, vec![call("python_case", "RequestResponse", &json!({ "do": "calls" }))]).await.is_none() {
        return;
    }
    let sleep = call("python_case", "RequestResponse", &json!({ "do": "sleep", "ms": 1000 }));
    let exit = call("python_case", "RequestResponse", &json!({ "do": "exit" }));
    let responses = invoke(&dev_server, vec![sleep.clone(), sleep.clone(), sleep, exit]).await.expect("answers");
    let payloads: Vec<_> = responses.iter().map(|response| response["payload"].as_str().expect("text")).collect();
    assert_eq!(payloads[..3], ["\"slept\""; 3]);
    assert!(payloads[3].contains("Runtime.ExitError"), "{}", payloads[3]);
    dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn event_survives_a_restart_and_runs_three_times() {
    let scratch = tempfile::tempdir().expect("a folder");
    let clock = Clock::manual(SystemTime::now());
    let file = |worker: &str| scratch.path().join(worker);
    let run_result = |worker: &str| std::fs::read_to_string(file(worker)).map_or(0, |text| text.lines().count());
    let dev_server = open(scratch.path(), &clock).await;
    let calls =
        ALL_WORKERS.map(|worker| call(worker, "Event", &json!({ "do": "append", "path": file(worker), "fail": true })));
    let Some(responses) = invoke(&dev_server, calls.to_vec()).await else { return };
    assert!(responses.iter().all(|response| response["status"] == 202), "{responses:?}");
    dev_server.queue.settled().await.expect("settled");
    assert_eq!(ALL_WORKERS.map(run_result), [1, 1, 1]);
    dev_server.close();
    clock.advance(Duration::from_secs(60));
    let dev_server = reopen(scratch.path(), &clock).await;
    for _ in 0..2 {
        dev_server.queue.settled().await.expect("settled");
        clock.advance(Duration::from_secs(120));
    }
    dev_server.queue.settled().await.expect("settled");
    assert_eq!(ALL_WORKERS.map(run_result), [3, 3, 3]);
    let events = dev_server.store.list().expect("events");
    assert!(events.iter().all(|listed| listed.state == EventState::Dead(Condition::RetriesExhausted)), "{events:?}");
    let types: Vec<_> = events.iter().filter_map(|listed| listed.last.as_ref()?["errorType"].as_str()).collect();
    assert_eq!(types.len(), 3, "{types:?}");
    dev_server.close();
}

/// The tasks of the previous server hold its lock until they end.
async fn reopen(scratch: &Path, clock: &Clock) -> DevServer {
    wait_until_closed(scratch).await;
    open(scratch, clock).await
}

pub(crate) async fn wait_until_closed(scratch: &Path) {
    while matches!(bedrock_dev::QueueStore::own(&scratch.join("queue.sqlite")), Err(bedrock_dev::StoreError::Taken(_)))
    {
        tokio::task::yield_now().await;
    }
}
