//! How events finish: with success, after all retries, or at their maximum age; and what their destinations get.

use std::time::Duration;

use bedrock_dev::{AsyncEvent, Attempt, Condition, DestinationKind, EventInvokeConfig, EventState};
use bytes::Bytes;
use serde_json::{Value, json};

use super::fixture::{AUDITOR, DEAD_LETTERS, QueueFixture, event, failed, ids};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn failing_event_is_run_three_times_with_the_same_id() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, attempts) = fixture.queue(&store, |_| failed());
    let rules = EventInvokeConfig { on_failure: Some(DEAD_LETTERS.to_owned()), ..EventInvokeConfig::default() };
    queue.accept(&AsyncEvent { rules, ..event("a", fixture.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    for (moved, times) in [(MINUTE / 2, 1), (MINUTE / 2, 2), (MINUTE, 2), (MINUTE, 3), (100 * MINUTE, 3)] {
        fixture.clock.advance(moved);
        queue.settled().await.expect("settled");
        assert_eq!(ids(&attempts), vec!["a"; times]);
    }
    let listed = store.list().expect("events");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].state, EventState::Dead(Condition::RetriesExhausted));
    assert_eq!(listed[0].last, Some(json!({ "errorType": "ValueError", "errorMessage": "no" })));
    let delivered = store.delivered().expect("records");
    assert_eq!((delivered.len(), delivered[0].destination.as_str()), (1, DEAD_LETTERS));
    assert_eq!(
        delivered[0].record,
        json!({
            "version": "1.0",
            "timestamp": "2026-11-25T06:38:00.000Z",
            "requestContext": {
                "requestId": "a",
                "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:shop-local-fetcher:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3
            },
            "requestPayload": { "n": 1 },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "responsePayload": { "errorType": "ValueError", "errorMessage": "no" }
        })
    );
}

#[tokio::test]
async fn successful_event_is_deleted_and_its_record_is_delivered() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, attempts) = fixture.queue(&store, |_| Attempt::Answered(Bytes::from_static(b"[1]")));
    let rules = EventInvokeConfig { on_success: Some(AUDITOR.to_owned()), ..EventInvokeConfig::default() };
    queue.accept(&AsyncEvent { rules, ..event("a", fixture.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    assert_eq!(store.list().expect("events"), []);
    assert_eq!(store.delivered().expect("records"), []);
    let attempts = attempts.lock().expect("runs");
    let [(first, _, _), (second, id, record)] = &attempts[..] else { panic!("{attempts:?}") };
    assert_eq!((first.as_str(), second.as_str(), id.len()), ("fetcher", "auditor", 36));
    assert_eq!(record["requestContext"]["condition"], "Success");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!((&record["responsePayload"], &record["responseContext"]["functionError"]), (&json!([1]), &Value::Null));
}

#[tokio::test]
async fn refused_event_is_retried_until_its_maximum_age() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, attempts) = fixture.queue(&store, |_| Attempt::Refused("Rate Exceeded.".to_owned()));
    let rules =
        EventInvokeConfig { max_age: 60, on_failure: Some(DEAD_LETTERS.to_owned()), ..EventInvokeConfig::default() };
    queue.accept(&AsyncEvent { rules, ..event("a", fixture.clock.now()) }).expect("accepted");
    for second in 0..100 {
        queue.settled().await.expect("settled");
        fixture.clock.advance(Duration::from_secs(1));
        if second == 10 {
            let listed = store.list().expect("events");
            assert_eq!((listed[0].event.attempts, listed[0].event.refusals), (0, 4), "{listed:?}");
        }
    }
    // After 1, 2, 4, 8, 16 seconds; the next time would be too late.
    assert_eq!(ids(&attempts).len(), 6);
    assert_eq!(store.list().expect("events")[0].state, EventState::Dead(Condition::EventAgeExceeded));
    let record = &store.delivered().expect("records")[0].record;
    assert_eq!(record["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(
        (&record["requestContext"]["approximateInvokeCount"], &record["responsePayload"]),
        (&json!(0), &Value::Null)
    );
}

#[tokio::test]
async fn failed_event_can_be_retried_or_deleted() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, attempts) = fixture.queue(&store, |_| failed());
    let once = EventInvokeConfig { retries: 0, ..EventInvokeConfig::default() };
    for id in ["aa", "ab"] {
        queue.accept(&AsyncEvent { rules: once.clone(), ..event(id, fixture.clock.now()) }).expect("accepted");
    }
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["aa", "ab"]);
    assert_eq!(store.find("a").expect("events").len(), 2);
    assert!(store.retry("aa", fixture.clock.now()).expect("changed") && store.forget("ab").expect("changed"));
    assert!(!store.retry("no", fixture.clock.now()).expect("nothing") && !store.forget("no").expect("nothing"));
    queue.look();
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["aa", "ab", "aa"]);
    let left: Vec<_> = store.list().expect("events").into_iter().map(|listed| listed.event.id).collect();
    assert_eq!(left, ["aa"]);
}

#[tokio::test]
async fn dead_letter_is_the_event_with_attributes() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, attempts) =
        fixture.queue(&store, |event| if event.worker == "auditor" { answered() } else { failed() });
    let (on_failure, dead_letter) = (Some("auditor".to_owned()), Some(DEAD_LETTERS.to_owned()));
    let rules = EventInvokeConfig { retries: 0, on_failure, dead_letter, ..EventInvokeConfig::default() };
    queue.accept(&AsyncEvent { rules, ..event("a", fixture.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    let delivered = store.delivered().expect("records");
    assert_eq!(delivered.len(), 1, "a delivery to a worker is an event: {delivered:?}");
    assert_eq!((delivered[0].destination.as_str(), delivered[0].why), (DEAD_LETTERS, DestinationKind::DeadLetter));
    assert_eq!((&delivered[0].record, delivered[0].worker.as_str()), (&json!({ "n": 1 }), "fetcher"));
    assert_eq!(
        delivered[0].attributes,
        Some(json!({
            "RequestID": { "Type": "String", "Value": "a" },
            "ErrorCode": { "Type": "Number", "Value": "200" },
            "ErrorMessage": { "Type": "String", "Value": "no" }
        }))
    );
    let attempts = attempts.lock().expect("runs");
    let [_, (worker, _, record)] = &attempts[..] else { panic!("{attempts:?}") };
    assert_eq!((worker.as_str(), &record["requestContext"]["condition"]), ("auditor", &json!("RetriesExhausted")));
}

#[tokio::test]
async fn store_upgrades_a_file_of_version_1() {
    let fixture = QueueFixture::new();
    let old = "
        CREATE TABLE events (id TEXT PRIMARY KEY, worker TEXT NOT NULL, arn TEXT NOT NULL, payload BLOB NOT NULL,
            trace TEXT NOT NULL, rules TEXT NOT NULL, accepted INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
            refusals INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting', due INTEGER NOT NULL, last TEXT);
        CREATE TABLE delivered (number INTEGER PRIMARY KEY, id TEXT NOT NULL, destination TEXT NOT NULL,
            record TEXT NOT NULL);
        INSERT INTO delivered (id, destination, record) VALUES ('old', 'arn', '{}');
        PRAGMA user_version = 1;
    ";
    rusqlite::Connection::open(fixture.path()).and_then(|file| file.execute_batch(old)).expect("a file");
    let store = fixture.store();
    let (queue, _) = fixture.queue(&store, |_| failed());
    let rules =
        EventInvokeConfig { retries: 0, dead_letter: Some(DEAD_LETTERS.to_owned()), ..EventInvokeConfig::default() };
    queue.accept(&AsyncEvent { rules, ..event("new", fixture.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    let delivered = store.delivered().expect("records");
    let of = |at: usize| (delivered[at].id.as_str(), delivered[at].why);
    assert_eq!((of(0), of(1)), (("old", DestinationKind::OnFailure), ("new", DestinationKind::DeadLetter)));
}

#[tokio::test]
async fn event_of_a_destination_continues_the_chain_of_calls() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let (queue, _) = fixture.queue(&store, move |event| {
        sender.send(event.trace.clone()).expect("a receiver");
        answered()
    });
    let rules = EventInvokeConfig { on_success: Some("auditor".to_owned()), ..EventInvokeConfig::default() };
    let first = AsyncEvent { rules, ..event("a", fixture.clock.now()) };
    queue.accept(&first).expect("accepted");
    queue.settled().await.expect("settled");
    let mut next = || seen.try_recv().expect("a run");
    assert_eq!((next(), next()), (first.trace.clone(), first.trace + ";Lineage=a:1"));
}

fn answered() -> Attempt {
    Attempt::Answered(Bytes::from_static(b"[1]"))
}
