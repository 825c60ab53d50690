//! The whole app of this package at work in `bedrock-dev`: three languages behind one port, Rust in processes of its own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_build::App;
use bedrock_dev::{Clock, Condition, Order, State, Workshop};
use serde_json::{Value, json};

use crate::built::binary;
use crate::driver::{ALL, app_dir};
use crate::service::client::Client;

/// The app as it is, with no call refused.
pub(crate) fn order(scratch: &Path, clock: &Clock) -> Order {
    Order {
        app: App::find(&app_dir()).expect("the app"),
        scratch: scratch.to_owned(),
        state: scratch.to_owned(),
        port: 0,
        clock: clock.clone(),
        programs: HashMap::from([("rust_case".to_owned(), binary("rust_case"))]),
        sink: Arc::new(|_| {}),
        edges: None,
        strict: false,
    }
}

async fn open(scratch: &Path, clock: &Clock) -> Workshop {
    Workshop::open(order(scratch, clock)).await.expect("it opens")
}

/// Makes calls with boto3, which blocks.
async fn invoke(workshop: &Workshop, calls: Vec<Value>) -> Option<Vec<Value>> {
    let url = workshop.url.clone();
    tokio::task::spawn_blocking(move || Client::Boto.invoke(&url, &calls)).await.expect("a thread")
}

fn call(worker: &str, kind: &str, event: &Value) -> Value {
    json!({ "FunctionName": worker, "InvocationType": kind, "Payload": event.to_string() })
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_all_languages_call_one_another_over_one_port() {
    let scratch = tempfile::tempdir().expect("a folder");
    let workshop = open(scratch.path(), &Clock::real()).await;
    let echo = json!({ "do": "echo", "value": "größer" });
    let calls = ALL.iter().flat_map(|from| {
        ALL.map(|to| call(from, "RequestResponse", &json!({ "do": "call", "worker": to, "event": echo })))
    });
    if let Some(answers) = invoke(&workshop, calls.collect()).await {
        for answer in &answers {
            let payload: Value = serde_json::from_str(answer["payload"].as_str().expect("text")).expect("JSON");
            assert_eq!((&answer["failed"], &payload), (&Value::Null, &json!("größer")), "{answers:?}");
        }
    }
    workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_workers_of_all_languages_print_and_whom_they_call_is_on_the_stream() {
    let scratch = tempfile::tempdir().expect("a folder");
    let workshop = open(scratch.path(), &Clock::real()).await;
    let mut reader = workshop.happenings.subscribe(None);
    let print = json!({ "do": "print", "text": "hällo\n" });
    let calls =
        ALL.map(|worker| call(worker, "RequestResponse", &json!({ "do": "call", "worker": worker, "event": print })));
    let Some(answers) = invoke(&workshop, calls.to_vec()).await else { return };
    assert!(answers.iter().all(|answer| answer["failed"].is_null()), "{answers:?}");
    workshop.close();
    let mut all = Vec::new();
    while let Some(heard) = reader.next().await {
        all.push(serde_json::from_str::<Value>(&heard.json()).expect("JSON"));
    }
    for worker in ALL {
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
async fn what_an_invocation_took_of_the_machine_is_on_the_stream_and_a_cold_start_is_told() {
    let scratch = tempfile::tempdir().expect("a folder");
    let workshop = open(scratch.path(), &Clock::real()).await;
    let mut reader = workshop.happenings.subscribe(None);
    for worker in ALL {
        for _ in 0..2 {
            let calls = vec![call(worker, "RequestResponse", &json!({ "do": "calls" }))];
            let Some(answers) = invoke(&workshop, calls).await else { return };
            assert_eq!(answers[0]["status"], 200, "{answers:?}");
        }
    }
    workshop.close();
    let mut ended = Vec::new();
    while let Some(heard) = reader.next().await {
        let json: Value = serde_json::from_str(&heard.json()).expect("JSON");
        ended.extend(Some(json).filter(|json| json["kind"] == "invocation_ended"));
    }
    for worker in ALL {
        let of: Vec<_> = ended.iter().filter(|one| one["worker"] == worker).collect();
        let [cold, warm] = of[..] else { panic!("{ended:#?}") };
        assert!(cold["init_ms"].as_f64().is_some_and(|init| init > 0.0) && warm["init_ms"].is_null(), "{of:#?}");
        assert!(of.iter().all(|one| one["max_memory_mb"].as_u64().is_some_and(|used| used > 0)), "{of:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_of_a_rust_worker_is_an_error_and_nothing_else() {
    let scratch = tempfile::tempdir().expect("a folder");
    let workshop = open(scratch.path(), &Clock::real()).await;
    let calls = ["abort", "calls"].map(|what| call("rust_case", "RequestResponse", &json!({ "do": what })));
    for (call, expected) in calls.into_iter().zip(["Runtime exited with error: signal: aborted", "1"]) {
        if let Some(answers) = invoke(&workshop, vec![call]).await {
            assert!(answers[0]["payload"].as_str().is_some_and(|payload| payload.contains(expected)), "{answers:?}");
        }
    }
    workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_share_a_python_process_are_answered_when_one_of_them_ends_it() {
    let scratch = tempfile::tempdir().expect("a folder");
    let workshop = open(scratch.path(), &Clock::real()).await;
    // The process is there before they come, all at once.
    if invoke(&workshop, vec![call("python_case", "RequestResponse", &json!({ "do": "calls" }))]).await.is_none() {
        return;
    }
    let sleep = call("python_case", "RequestResponse", &json!({ "do": "sleep", "ms": 1000 }));
    let exit = call("python_case", "RequestResponse", &json!({ "do": "exit" }));
    let answers = invoke(&workshop, vec![sleep.clone(), sleep.clone(), sleep, exit]).await.expect("answers");
    let payloads: Vec<_> = answers.iter().map(|answer| answer["payload"].as_str().expect("text")).collect();
    assert_eq!(payloads[..3], ["\"slept\""; 3]);
    assert!(payloads[3].contains("Runtime.ExitError"), "{}", payloads[3]);
    workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_outlives_the_workshop_and_is_run_three_times_in_all() {
    let (scratch, clock) = (tempfile::tempdir().expect("a folder"), Clock::by_hand(SystemTime::now()));
    let file = |worker: &str| scratch.path().join(worker);
    let ran = |worker: &str| std::fs::read_to_string(file(worker)).map_or(0, |text| text.lines().count());
    let workshop = open(scratch.path(), &clock).await;
    let calls = ALL.map(|worker| call(worker, "Event", &json!({ "do": "append", "path": file(worker), "fail": true })));
    let Some(answers) = invoke(&workshop, calls.to_vec()).await else { return };
    assert!(answers.iter().all(|answer| answer["status"] == 202), "{answers:?}");
    workshop.queue.settled().await.expect("settled");
    assert_eq!(ALL.map(ran), [1, 1, 1]);
    workshop.close();
    clock.advance(Duration::from_secs(60));
    let workshop = loop_until_open(scratch.path(), &clock).await;
    for _ in 0..2 {
        workshop.queue.settled().await.expect("settled");
        clock.advance(Duration::from_secs(120));
    }
    workshop.queue.settled().await.expect("settled");
    assert_eq!(ALL.map(ran), [3, 3, 3]);
    let events = workshop.store.list().expect("events");
    assert!(events.iter().all(|listed| listed.state == State::Dead(Condition::RetriesExhausted)), "{events:?}");
    let types: Vec<_> = events.iter().filter_map(|listed| listed.last.as_ref()?["errorType"].as_str()).collect();
    assert_eq!(types.len(), 3, "{types:?}");
    workshop.close();
}

/// The tasks of the one before end in their own time, and hold its lock until then.
async fn loop_until_open(scratch: &Path, clock: &Clock) -> Workshop {
    until_closed(scratch).await;
    open(scratch, clock).await
}

pub(crate) async fn until_closed(scratch: &Path) {
    while matches!(bedrock_dev::Store::own(&scratch.join("queue.sqlite")), Err(bedrock_dev::Fault::Taken(_))) {
        tokio::task::yield_now().await;
    }
}
