//! Events that cause themselves again: the recursive loop is stopped like on Lambda, and waiting for it ends.

use bedrock::test::{App, Left};
use bedrock::{WorkerError, invoke_arn};
use serde_json::{Value, json};

/// The number of runs of one function in a chain before Lambda stops the recursive loop.
const MAX_RUNS: usize = 16;

/// Returns worker, condition, attempts and destination of an event that was not delivered.
fn summary(left: &Left) -> (&str, &str, u32, Option<&str>) {
    (&left.worker, left.condition, left.attempts, left.destination.as_deref())
}

#[bedrock::test]
async fn worker_as_its_own_destination_runs_sixteen_times(app: App) -> bedrock::Result<()> {
    app.mock("node_syntax", |record: Value| Ok(record["requestContext"]["approximateInvokeCount"].clone()));
    app.send("node_syntax", json!({ "n": 1 })).await?;
    app.settled().await;
    app.assert_called("node_syntax").times(MAX_RUNS);
    let [left] = app.left().try_into().expect("one event");
    assert_eq!(summary(&left), ("node_syntax", "Success", 1, Some("node_syntax")));
    assert_eq!(left.record["requestContext"]["condition"], "Success");
    // Each chain is counted separately.
    app.send("node_syntax", json!({ "n": 2 })).await?;
    app.drained().await;
    app.assert_called("node_syntax").times(2 * MAX_RUNS);
    Ok(())
}

#[bedrock::test]
async fn loop_of_two_destinations_stops_at_the_first_worker(app: App) -> bedrock::Result<()> {
    for worker in ["node_import", "node_missing"] {
        app.mock(worker, |_: Value| Ok("done"));
    }
    app.send("node_import", json!({})).await?;
    app.drained().await;
    app.assert_called("node_import").times(MAX_RUNS);
    app.assert_called("node_missing").by("node_import").times(MAX_RUNS);
    let [left] = app.left().try_into().expect("one event");
    assert_eq!(summary(&left), ("node_missing", "Success", 1, Some("node_import")));
    Ok(())
}

#[bedrock::test]
async fn worker_that_invokes_itself_runs_sixteen_times(app: App) -> bedrock::Result<()> {
    app.mock_async("python_case", async |event: Value| {
        invoke_arn("python_case", event).await?;
        Ok(())
    });
    app.send("python_case", json!({ "n": 1 })).await?;
    app.clock().advance(std::time::Duration::from_secs(3600)).await;
    app.assert_called("python_case").with_event(json!({ "n": 1 })).times(MAX_RUNS);
    let [left] = app.left().try_into().expect("one event");
    assert_eq!(summary(&left), ("python_case", "RetriesExhausted", 0, None));
    // The event was not run, so there is no response.
    assert_eq!((&left.event, &left.record["responsePayload"]), (&json!({ "n": 1 }), &Value::Null));
    Ok(())
}

#[bedrock::test]
async fn retries_count_as_one_run_of_the_chain(app: App) -> bedrock::Result<()> {
    let mut runs = 0;
    app.mock("node_syntax", move |_: Value| {
        runs += 1;
        if runs % 2 == 1 { Err(WorkerError::new("Busy", "come back later")) } else { Ok("done") }
    });
    app.send("node_syntax", json!({})).await?;
    app.drained().await;
    app.assert_called("node_syntax").answered("done").times(MAX_RUNS);
    app.assert_called("node_syntax").failed("Busy").times(MAX_RUNS);
    Ok(())
}

#[bedrock::test]
async fn loop_allowed_by_settings_is_not_stopped(app: App) -> bedrock::Result<()> {
    let mut runs = 0;
    app.mock("python_syntax", move |_: Value| {
        runs += 1;
        if runs > 20 { Err(WorkerError::new("Stop", "after 20 runs")) } else { Ok(runs) }
    });
    app.send("python_syntax", json!({})).await?;
    app.settled().await;
    app.assert_called("python_syntax").times(21);
    let [left] = app.left().try_into().expect("one event");
    assert_eq!(summary(&left), ("python_syntax", "RetriesExhausted", 1, None));
    Ok(())
}
