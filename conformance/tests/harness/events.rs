//! Fire-and-forget on the clock of a test: retries, giving up, destinations, the end.

use std::time::Duration;

use bedrock::test::App;
use bedrock::{Error, WorkerError};
use serde_json::{Value, json};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Fails so many times, then answers.
fn failing(mut failures: u32) -> impl FnMut(Value) -> bedrock::Result<Value> + Send {
    move |_| {
        if failures > 0 {
            failures -= 1;
            return Err(WorkerError::new("Busy", "come back later"));
        }
        Ok(json!("done"))
    }
}

#[bedrock::test]
async fn a_failed_event_is_tried_again_after_one_minute_and_two_more(app: App) -> bedrock::Result<()> {
    app.mock("python_case", failing(2));
    app.send("python_case", json!({ "n": 1 })).await?;
    app.settled().await;
    app.assert_called("python_case").failed("Busy").times(1);
    app.clock().advance(seconds(59)).await;
    app.assert_called("python_case").times(1);
    app.clock().advance(seconds(1)).await;
    app.assert_called("python_case").times(2);
    app.clock().advance(seconds(119)).await;
    app.assert_called("python_case").times(2);
    app.clock().advance(seconds(1)).await;
    app.assert_called("python_case").times(3).answered("done").times(1);
    let attempts: Vec<_> = app.invocations().into_iter().map(|call| (call.attempt, call.request_id)).collect();
    let id = attempts[0].1.clone();
    assert_eq!(attempts, [1, 2, 3].map(|attempt| (Some(attempt), id.clone())));
    assert_eq!(app.left(), []);
    Ok(())
}

#[bedrock::test]
async fn a_long_jump_of_the_clock_runs_each_retry_at_its_time(app: App) -> bedrock::Result<()> {
    let began = app.clock().now();
    app.mock("python_case", failing(9));
    app.send("python_case", json!({ "n": 1 })).await?;
    app.clock().advance(seconds(3600)).await;
    app.assert_called("python_case").failed("Busy").times(3);
    assert_eq!(app.clock().now(), began + seconds(3600));
    let [left] = app.left().try_into().expect("one event");
    assert_eq!((left.worker.as_str(), left.condition, left.attempts), ("python_case", "RetriesExhausted", 3));
    assert_eq!((left.event, left.destination), (json!({ "n": 1 }), None));
    assert_eq!(left.record["responsePayload"]["errorType"], "Busy");
    assert_eq!(left.record["requestContext"]["approximateInvokeCount"], 3);
    Ok(())
}

#[bedrock::test]
async fn draining_moves_the_clock_as_far_as_events_need_it(app: App) -> bedrock::Result<()> {
    let began = app.clock().now();
    app.mock("python_case", failing(1));
    app.send("python_case", json!({})).await?;
    app.drained().await;
    app.assert_called("python_case").times(2);
    assert_eq!(app.clock().now(), began + seconds(60));
    Ok(())
}

#[bedrock::test]
async fn what_is_refused_is_no_attempt_and_is_tried_until_it_is_too_old(app: App) -> bedrock::Result<()> {
    let reason = "ReservedFunctionConcurrentInvocationLimitExceeded".to_owned();
    app.mock_error("python_case", Error::Throttled { worker: "python_case".to_owned(), reason });
    app.send("python_case", json!({})).await?;
    app.clock().advance(seconds(3)).await;
    // At once, after 1 second and after 2 more.
    app.assert_called("python_case").failed("Throttled").times(3);
    app.drained().await;
    let [left] = app.left().try_into().expect("one event");
    assert_eq!((left.condition, left.attempts), ("EventAgeExceeded", 0));
    Ok(())
}

#[bedrock::test]
async fn events_that_events_send_are_waited_for_too(app: App) -> bedrock::Result<()> {
    app.mock_async("python_case", async |event: Value| {
        bedrock::invoke_arn("node_case", event).await?;
        Ok(())
    });
    app.mock("node_case", |event: Value| Ok(event));
    for n in 0..50 {
        app.send("python_case", json!({ "n": n })).await?;
    }
    app.settled().await;
    app.assert_called("node_case").by("python_case").times(50);
    app.assert_called("node_case").with_event(json!({ "n": 49 })).times(1);
    Ok(())
}

#[bedrock::test]
async fn a_rust_worker_s_event_is_run_as_a_call_is(app: App) -> bedrock::Result<()> {
    app.send("rust_case", json!({ "do": "raise" })).await?;
    app.drained().await;
    app.assert_called("rust_case").failed("BadCase").times(3);
    Ok(())
}

#[bedrock::test]
async fn an_event_that_failed_for_good_goes_to_the_worker_that_the_settings_say(app: App) -> bedrock::Result<()> {
    app.mock("python_noclass", failing(1));
    app.mock("node_case", |record: Value| Ok(record));
    app.send("python_noclass", json!({ "n": 1 })).await?;
    app.settled().await;
    // Its setting says no retries.
    app.assert_called("python_noclass").times(1);
    let handed_on = app.assert_called("node_case").by("python_noclass").times(1);
    let record = &handed_on.calls()[0].event;
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(
        (&record["requestPayload"], &record["responsePayload"]["errorType"]),
        (&json!({ "n": 1 }), &json!("Busy"))
    );
    assert_eq!(app.left()[0].record, *record);
    Ok(())
}

#[bedrock::test]
async fn what_goes_to_a_destination_outside_of_the_app_can_be_seen(app: App) -> bedrock::Result<()> {
    app.mock("node_noclass", failing(9));
    app.send("node_noclass", json!({ "n": 1 })).await?;
    app.clock().advance(seconds(60)).await;
    app.assert_called("node_noclass").times(2);
    let [left] = app.left().try_into().expect("one event");
    assert_eq!(left.destination.as_deref(), Some("arn:aws:sqs:us-east-1:000000000000:dead"));
    assert_eq!((left.condition, left.attempts), ("RetriesExhausted", 2));
    Ok(())
}

#[bedrock::test]
async fn a_dead_letter_is_the_event_that_failed_for_good(app: App) -> bedrock::Result<()> {
    app.mock("python_missing", failing(1));
    app.mock("node_case", |record: Value| Ok(record));
    app.send("python_missing", json!({ "n": 1 })).await?;
    app.settled().await;
    let [failed, letter] = app.left().try_into().expect("one event, twice");
    assert_eq!(failed.destination.as_deref(), Some("node_case"));
    assert_eq!(failed.record["responsePayload"]["errorType"], "Busy");
    assert_eq!(letter.destination.as_deref(), Some("arn:aws:sqs:us-east-1:000000000000:letters"));
    assert_eq!((letter.condition, letter.attempts), ("RetriesExhausted", 1));
    assert_eq!((&letter.record, letter.request_id), (&json!({ "n": 1 }), failed.request_id));
    // One that succeeds is no dead letter.
    app.send("python_missing", json!({ "n": 2 })).await?;
    app.settled().await;
    assert_eq!(app.left().len(), 2);
    Ok(())
}
