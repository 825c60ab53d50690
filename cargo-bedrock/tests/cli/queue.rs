//! `cargo bedrock queue`, with the queue of a program that has ended or is running.

use std::time::{Duration, UNIX_EPOCH};

use bedrock_dev::{
    AsyncEvent, Condition, DestinationDelivery, DestinationKind, EventInvokeConfig, EventState, QueueStore,
};
use bedrock_model::{Attempt, EventStore, FinishedEvent};
use insta::assert_snapshot;
use serde_json::json;

use crate::test_app::{MANIFEST, TestApp};

const FIRST: &str = "0b1c2d3e-0000-4000-8000-000000000001";
const SECOND: &str = "0b1c2d3f-0000-4000-8000-000000000002";
const THIRD: &str = "f0000000-0000-4000-8000-000000000003";

/// Creates an app that cargo can read.
fn app() -> TestApp {
    TestApp::with_manifest(MANIFEST).file("src/main.rs", "fn main() {}\n").file("workers/fetcher/main.py", "")
}

fn store(app: &TestApp) -> QueueStore {
    let folder = app.path("target/bedrock");
    std::fs::create_dir_all(&folder).expect("a folder");
    QueueStore::own(&folder.join("queue.sqlite")).expect("a store")
}

fn event(id: &str, seconds: u64) -> AsyncEvent {
    AsyncEvent {
        id: id.to_owned(),
        worker: "fetcher".to_owned(),
        arn: "arn:aws:lambda:us-east-1:000000000000:function:my_app-local-fetcher".to_owned(),
        payload: "{\"name\": \"Ada\"}".into(),
        trace: String::new(),
        rules: EventInvokeConfig::default(),
        accepted: UNIX_EPOCH + Duration::from_secs(1_795_588_500 + seconds),
        attempts: 0,
        refusals: 0,
    }
}

/// Finishes a claimed event.
fn finish(
    store: &QueueStore,
    event: &AsyncEvent,
    condition: Condition,
    last_attempt: Option<&Attempt>,
    deliveries: &[DestinationDelivery],
) {
    let finished = FinishedEvent { event, condition, last_attempt, deliveries, new_events: &[] };
    EventStore::finish(store, &finished).expect("finished");
}

/// Adds three events: one has failed permanently, one waits for its second attempt, and one is new.
fn three_events(app: &TestApp) -> QueueStore {
    let store = store(app);
    let error = json!({ "errorType": "ValueError", "errorMessage": "no such star\nat all" });
    let now = UNIX_EPOCH + Duration::from_secs(1_795_588_600);
    for (id, seconds) in [(FIRST, 0), (SECOND, 1)] {
        store.add(&event(id, seconds)).expect("added");
        let claimed = store.claim(now).expect("claimed").event.expect("an event");
        if id == FIRST {
            finish(&store, &claimed, Condition::RetriesExhausted, Some(&Attempt::Failed(error.clone())), &[]);
        } else {
            store.reschedule(&claimed, now + Duration::from_secs(60), &error).expect("put back");
        }
    }
    store.add(&event(THIRD, 2)).expect("added");
    store
}

#[test]
fn events_are_listed_as_a_table_and_as_json() {
    let app = app();
    drop(three_events(&app));
    assert_snapshot!(app.run(&["queue", "ls"]), @"
    exit code 0
    -- stdout
    event     worker   runs  state                         last error
    0b1c2d3e  fetcher     1  RetriesExhausted              ValueError: no such star
    0b1c2d3f  fetcher     1  due 2026-11-25T06:37:40.000Z  ValueError: no such star
    f0000000  fetcher     0  due 2026-11-25T06:35:02.000Z
    ");
    assert_snapshot!(app.run(&["queue", "show", "f"]), @r#"
    exit code 0
    -- stdout
    {
      "accepted": "2026-11-25T06:35:02.000Z",
      "arn": "arn:aws:lambda:us-east-1:000000000000:function:my_app-local-fetcher",
      "due": "2026-11-25T06:35:02.000Z",
      "id": "f0000000-0000-4000-8000-000000000003",
      "last_error": null,
      "payload": {
        "name": "Ada"
      },
      "refusals": 0,
      "rules": {
        "dead_letter": null,
        "max_age": 21600,
        "on_failure": null,
        "on_success": null,
        "retries": 2
      },
      "runs": 0,
      "state": "waiting",
      "worker": "fetcher"
    }
    "#);
    let listed = app.output(&["queue", "ls", "--json"]).stdout;
    let listed: serde_json::Value = serde_json::from_slice(&listed).expect("JSON");
    assert_eq!(
        (listed["events"][0]["id"].as_str(), listed["events"][0]["state"].as_str()),
        (Some(FIRST), Some("RetriesExhausted"))
    );
}

#[test]
fn deliveries_are_listed_with_their_payloads() {
    let app = app();
    let store = store(&app);
    assert_snapshot!(app.run(&["queue", "ls", "--delivered"]), @"
    exit code 0
    -- stderr
    note: no deliveries to destinations
    ");
    let at = UNIX_EPOCH + Duration::from_secs(1_795_588_600);
    store.add(&event(FIRST, 0)).expect("added");
    let claimed = store.claim(at).expect("claimed").event.expect("an event");
    let delivery = |why, destination: &str, record, attributes| DestinationDelivery {
        id: FIRST.to_owned(),
        worker: "fetcher".to_owned(),
        destination: destination.to_owned(),
        why,
        record,
        attributes,
        as_event: None,
        at,
    };
    let deliveries = [
        delivery(
            DestinationKind::OnFailure,
            "arn:aws:sns:us-east-1:000000000000:alarms",
            json!({ "version": "1.0" }),
            None,
        ),
        delivery(
            DestinationKind::DeadLetter,
            "arn:aws:sqs:us-east-1:000000000000:lost",
            json!({ "n": 1 }),
            Some(json!({ "RequestID": { "Type": "String", "Value": FIRST } })),
        ),
    ];
    finish(&store, &claimed, Condition::RetriesExhausted, None, &deliveries);
    assert_snapshot!(app.run(&["queue", "ls", "--delivered"]), @"
    exit code 0
    -- stdout
    event     worker   at                        setting      destination
    0b1c2d3e  fetcher  2026-11-25T06:36:40.000Z  on-failure   arn:aws:sns:us-east-1:000000000000:alarms
    0b1c2d3e  fetcher  2026-11-25T06:36:40.000Z  dead-letter  arn:aws:sqs:us-east-1:000000000000:lost
    ");
    let listed = app.output(&["queue", "ls", "--delivered", "--json"]).stdout;
    let listed: serde_json::Value = serde_json::from_slice(&listed).expect("JSON");
    let [first, second] = [0, 1].map(|index| &listed["delivered"][index]);
    assert_eq!((&first["record"], &first["setting"]), (&json!({ "version": "1.0" }), &json!("on-failure")));
    assert_eq!((&second["body"], &second["attributes"]["RequestID"]["Value"]), (&json!({ "n": 1 }), &json!(FIRST)));
}

#[test]
fn retry_and_drop_accept_prefixes_of_ids() {
    let app = app();
    let store = three_events(&app);
    assert_snapshot!(app.run(&["queue", "retry", "--all"]), @"
    exit code 0
    -- stderr
    done: made 1 event due now
    ");
    assert_snapshot!(app.run(&["queue", "drop", "0b1c2d3f", THIRD]), @"
    exit code 0
    -- stderr
    done: deleted 2 events
    ");
    let remaining = store.list().expect("events");
    assert_eq!(remaining.len(), 1);
    assert!(matches!(remaining[0].state, EventState::Waiting(_)), "{remaining:?}");
    assert_eq!((remaining[0].event.id.as_str(), remaining[0].event.attempts), (FIRST, 0));
}

#[test]
fn unknown_ambiguous_and_running_events_are_errors() {
    let app = app();
    let store = three_events(&app);
    assert_snapshot!(app.run(&["queue", "drop", "0b1c"]), @"
    exit code 2
    -- stderr
    error: the ids of 2 events start with `0b1c`
    help: use more characters of the id
    ");
    // If one id is wrong, no event is changed.
    assert_snapshot!(app.run(&["queue", "drop", THIRD, "unknown"]), @"
    exit code 2
    -- stderr
    error: no event `unknown`
    help: see `cargo bedrock queue ls`
    ");
    assert_eq!(store.list().expect("events").len(), 3);
    let now = UNIX_EPOCH + Duration::from_secs(1_795_588_600);
    store.claim(now).expect("claimed").event.expect("an event");
    assert_snapshot!(app.run(&["queue", "retry", "f0"]), @"
    exit code 2
    -- stderr
    error: event `f0000000-0000-4000-8000-000000000003` is running
    help: wait until it is finished: `cargo bedrock queue ls`
    ");
    assert_snapshot!(app.run(&["queue", "retry"]), @"
    exit code 2
    -- stderr
    error: missing argument `<EVENT>...`
    help: usage: `cargo bedrock queue retry <EVENT>...`
    ");
}

#[test]
fn event_of_a_killed_program_is_not_running() {
    for (command, remaining) in [("drop", 2), ("retry", 3)] {
        let app = app();
        let store = three_events(&app);
        let now = UNIX_EPOCH + Duration::from_secs(1_795_588_600);
        assert_eq!(store.claim(now).expect("claimed").event.expect("an event").id, THIRD);
        drop(store);
        let output = app.run(&["queue", command, "f0"]);
        assert!(output.contains("exit code 0"), "{output}");
        assert_eq!(self::store(&app).list().expect("events").len(), remaining);
    }
}

#[test]
fn empty_queue_creates_no_file() {
    let app = app();
    assert_snapshot!(app.run(&["queue", "ls"]), @"
    exit code 0
    -- stderr
    note: no events
    ");
    assert_snapshot!(app.run(&["queue", "show", "a"]), @"
    exit code 2
    -- stderr
    error: no event `a`
    help: see `cargo bedrock queue ls`
    ");
    assert_snapshot!(app.run(&["queue", "drain"]), @"
    exit code 2
    -- stderr
    error: no running program processes the events of this app
    help: start `cargo bedrock dev` in another terminal
    ");
    assert!(!app.path("target/bedrock").exists());
}

#[test]
fn drain_waits_until_a_running_program_is_finished() {
    let app = app();
    drop(three_events(&app));
    assert_snapshot!(app.run(&["queue", "drain"]), @"
    exit code 2
    -- stderr
    error: no running program processes the events of this app
    help: start `cargo bedrock dev` in another terminal
    ");
    let store = store(&app);
    let mut drain = app.command(&["queue", "drain"]).spawn().expect("it starts");
    let mut ran = Vec::new();
    while drain.try_wait().expect("a process").is_none() {
        // Simulates a program whose workers always succeed.
        if let Some(event) = store.claim(UNIX_EPOCH + Duration::from_secs(1)).expect("claimed").event {
            finish(&store, &event, Condition::Success, None, &[]);
            ran.push(event.id);
        }
        std::thread::yield_now();
    }
    ran.sort();
    assert_eq!(ran, [SECOND, THIRD]);
    assert!(drain.wait().expect("it ends").success());
}

#[test]
fn redacted_fields_are_not_shown() {
    let manifest = format!("{MANIFEST}\n[package.metadata.bedrock.workers.fetcher]\nredact = ['name']\n");
    let app =
        TestApp::with_manifest(&manifest).file("src/main.rs", "fn main() {}\n").file("workers/fetcher/main.py", "");
    let store = store(&app);
    store.add(&event(FIRST, 0)).expect("added");
    let claimed = store.claim(UNIX_EPOCH + Duration::from_secs(1_795_588_600)).expect("claimed").event;
    let delivery = DestinationDelivery {
        id: FIRST.to_owned(),
        worker: "fetcher".to_owned(),
        destination: "arn:aws:sqs:us-east-1:000000000000:dead".to_owned(),
        why: DestinationKind::OnFailure,
        record: json!({ "requestPayload": { "name": "Ada" } }),
        attributes: None,
        as_event: None,
        at: UNIX_EPOCH,
    };
    finish(&store, &claimed.expect("an event"), Condition::RetriesExhausted, None, &[delivery]);
    for args in [&["show", FIRST][..], &["ls", "--json"], &["ls", "--delivered", "--json"]] {
        let output = app.output(&[&["queue"], args].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("«redacted»") && !text.contains("Ada"), "{args:?}: {text}");
    }
}

#[test]
fn damaged_queue_file_is_an_error_with_help() {
    let app = app().file("target/bedrock/queue.sqlite", &"x".repeat(4096));
    let output = app.output(&["queue", "ls"]);
    let output = String::from_utf8_lossy(&output.stderr);
    let path = app.path("target/bedrock/queue.sqlite").display().to_string();
    assert!(output.contains(&format!("`mv {path} {path}.damaged`")), "{output}");
}
