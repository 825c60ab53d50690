//! How events end: answered, given up after retries or by age, handed on.

use std::time::Duration;

use bedrock_dev::{Attempt, Condition, Event, Rules, State};
use bytes::Bytes;
use serde_json::{Value, json};

use super::room::{AUDITOR, DEAD_LETTERS, Room, event, failed, ids};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_event_that_fails_is_run_three_times_with_the_same_id_and_then_given_up() {
    let room = Room::new();
    let store = room.store();
    let (queue, runs) = room.queue(&store, |_| failed());
    let rules = Rules { on_failure: Some(DEAD_LETTERS.to_owned()), ..Rules::default() };
    queue.accept(&Event { rules, ..event("a", room.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    for (moved, times) in [(MINUTE / 2, 1), (MINUTE / 2, 2), (MINUTE, 2), (MINUTE, 3), (100 * MINUTE, 3)] {
        room.clock.advance(moved);
        queue.settled().await.expect("settled");
        assert_eq!(ids(&runs), vec!["a"; times]);
    }
    let listed = store.list().expect("events");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].state, State::Dead(Condition::RetriesExhausted));
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
async fn an_event_that_succeeds_is_gone_and_its_response_goes_to_a_function_of_the_app() {
    let room = Room::new();
    let store = room.store();
    let (queue, runs) = room.queue(&store, |_| Attempt::Answered(Bytes::from_static(b"[1]")));
    let rules = Rules { on_success: Some(AUDITOR.to_owned()), ..Rules::default() };
    queue.accept(&Event { rules, ..event("a", room.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    assert_eq!(store.list().expect("events"), []);
    assert_eq!(store.delivered().expect("records"), []);
    let runs = runs.lock().expect("runs");
    let [(first, _, _), (second, id, record)] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!((first.as_str(), second.as_str(), id.len()), ("fetcher", "auditor", 36));
    assert_eq!(record["requestContext"]["condition"], "Success");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!((&record["responsePayload"], &record["responseContext"]["functionError"]), (&json!([1]), &Value::Null));
}

#[tokio::test]
async fn an_event_that_cannot_be_run_waits_for_its_turn_until_it_is_too_old() {
    let room = Room::new();
    let store = room.store();
    let (queue, runs) = room.queue(&store, |_| Attempt::Refused("Rate Exceeded.".to_owned()));
    let rules = Rules { max_age: 60, on_failure: Some(DEAD_LETTERS.to_owned()), ..Rules::default() };
    queue.accept(&Event { rules, ..event("a", room.clock.now()) }).expect("accepted");
    for second in 0..100 {
        queue.settled().await.expect("settled");
        room.clock.advance(Duration::from_secs(1));
        if second == 10 {
            let listed = store.list().expect("events");
            assert_eq!((listed[0].event.attempts, listed[0].event.refusals), (0, 4), "{listed:?}");
        }
    }
    // After 1, 2, 4, 8, 16 seconds; the next time would be too late.
    assert_eq!(ids(&runs).len(), 6);
    assert_eq!(store.list().expect("events")[0].state, State::Dead(Condition::EventAgeExceeded));
    let record = &store.delivered().expect("records")[0].record;
    assert_eq!(record["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(
        (&record["requestContext"]["approximateInvokeCount"], &record["responsePayload"]),
        (&json!(0), &Value::Null)
    );
}

#[tokio::test]
async fn an_event_that_was_given_up_can_be_run_again_or_forgotten_by_hand() {
    let room = Room::new();
    let store = room.store();
    let (queue, runs) = room.queue(&store, |_| failed());
    let once = Rules { retries: 0, ..Rules::default() };
    for id in ["aa", "ab"] {
        queue.accept(&Event { rules: once.clone(), ..event(id, room.clock.now()) }).expect("accepted");
    }
    queue.settled().await.expect("settled");
    assert_eq!(ids(&runs), ["aa", "ab"]);
    assert_eq!(store.find("a").expect("events").len(), 2);
    assert!(store.retry("aa", room.clock.now()).expect("changed") && store.forget("ab").expect("changed"));
    assert!(!store.retry("no", room.clock.now()).expect("nothing") && !store.forget("no").expect("nothing"));
    queue.look();
    queue.settled().await.expect("settled");
    assert_eq!(ids(&runs), ["aa", "ab", "aa"]);
    let left: Vec<_> = store.list().expect("events").into_iter().map(|listed| listed.event.id).collect();
    assert_eq!(left, ["aa"]);
}
