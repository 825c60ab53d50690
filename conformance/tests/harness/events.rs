//! Asynchronous invocations with the clock of a test: retries, failure after all retries, and destinations.

use std::time::Duration;

use bedrock::test::App;
use bedrock::{Error, WorkerError};
use serde_json::{Value, json};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns a mock that fails `failures` times, and then succeeds.
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
async fn failed_event_is_retried_after_one_and_two_minutes(app: App) -> bedrock::Result<()> {
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
async fn clock_jump_runs_each_retry_at_its_time(app: App) -> bedrock::Result<()> {
    let start = app.clock().now();
    app.mock("python_case", failing(9));
    app.send("python_case", json!({ "n": 1 })).await?;
    app.clock().advance(seconds(3600)).await;
    app.assert_called("python_case").failed("Busy").times(3);
    assert_eq!(app.clock().now(), start + seconds(3600));
    let [left] = app.left().try_into().expect("one event");
    assert_eq!((left.worker.as_str(), left.condition, left.attempts), ("python_case", "RetriesExhausted", 3));
    assert_eq!((left.event, left.destination), (json!({ "n": 1 }), None));
    assert_eq!(left.record["responsePayload"]["errorType"], "Busy");
    assert_eq!(left.record["requestContext"]["approximateInvokeCount"], 3);
    Ok(())
}

#[bedrock::test]
async fn draining_advances_the_clock_to_the_last_retry(app: App) -> bedrock::Result<()> {
    let start = app.clock().now();
    app.mock("python_case", failing(1));
    app.send("python_case", json!({})).await?;
    app.drained().await;
    app.assert_called("python_case").times(2);
    assert_eq!(app.clock().now(), start + seconds(60));
    Ok(())
}

#[bedrock::test]
async fn throttled_event_is_retried_until_its_maximum_age(app: App) -> bedrock::Result<()> {
    let reason = "ReservedFunctionConcurrentInvocationLimitExceeded".to_owned();
    app.mock_error("python_case", Error::Throttled { worker: "python_case".to_owned(), reason });
    app.send("python_case", json!({})).await?;
    app.clock().advance(seconds(3)).await;
    // Immediately, after 1 second and after 2 more seconds.
    app.assert_called("python_case").failed("Throttled").times(3);
    app.drained().await;
    let [left] = app.left().try_into().expect("one event");
    assert_eq!((left.condition, left.attempts), ("EventAgeExceeded", 0));
    Ok(())
}

#[bedrock::test]
async fn settling_waits_for_events_sent_by_events(app: App) -> bedrock::Result<()> {
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
async fn rust_worker_event_is_retried_on_failure(app: App) -> bedrock::Result<()> {
    app.send("rust_case", json!({ "do": "raise" })).await?;
    app.drained().await;
    app.assert_called("rust_case").failed("BadCase").times(3);
    Ok(())
}

#[bedrock::test]
async fn failed_event_goes_to_its_on_failure_worker(app: App) -> bedrock::Result<()> {
    app.mock("python_noclass", failing(1));
    app.mock("node_case", |record: Value| Ok(record));
    app.send("python_noclass", json!({ "n": 1 })).await?;
    app.settled().await;
    // The worker has `retries = 0`.
    app.assert_called("python_noclass").times(1);
    let deliveries = app.assert_called("node_case").by("python_noclass").times(1);
    let record = &deliveries.calls()[0].event;
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(
        (&record["requestPayload"], &record["responsePayload"]["errorType"]),
        (&json!({ "n": 1 }), &json!("Busy"))
    );
    assert_eq!(app.left()[0].record, *record);
    Ok(())
}

#[bedrock::test]
async fn record_for_external_destination_is_visible(app: App) -> bedrock::Result<()> {
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
async fn dead_letter_is_the_failed_event(app: App) -> bedrock::Result<()> {
    app.mock("python_missing", failing(1));
    app.mock("node_case", |record: Value| Ok(record));
    app.send("python_missing", json!({ "n": 1 })).await?;
    app.settled().await;
    let [failed, dead_letter] = app.left().try_into().expect("a record and a dead letter");
    assert_eq!(failed.destination.as_deref(), Some("node_case"));
    assert_eq!(failed.record["responsePayload"]["errorType"], "Busy");
    assert_eq!(dead_letter.destination.as_deref(), Some("arn:aws:sqs:us-east-1:000000000000:letters"));
    assert_eq!((dead_letter.condition, dead_letter.attempts), ("RetriesExhausted", 1));
    assert_eq!((&dead_letter.record, dead_letter.request_id), (&json!({ "n": 1 }), failed.request_id));
    // An event that succeeds is not sent to the dead-letter queue.
    app.send("python_missing", json!({ "n": 2 })).await?;
    app.settled().await;
    assert_eq!(app.left().len(), 2);
    Ok(())
}
