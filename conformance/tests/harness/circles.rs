//! Events that lead to themselves: the chain ends as on Lambda, and so does the wait for it.

use bedrock::test::{App, Left};
use bedrock::{WorkerError, invoke_arn};
use serde_json::{Value, json};

/// Runs of one function in one chain.
const MOST: usize = 16;

/// What can be told of an event that left without its destination having been run.
fn told(left: &Left) -> (&str, &str, u32, Option<&str>) {
    (&left.worker, left.condition, left.attempts, left.destination.as_deref())
}

#[bedrock::test]
async fn a_worker_that_is_its_own_destination_is_run_sixteen_times(app: App) -> bedrock::Result<()> {
    app.mock("node_syntax", |record: Value| Ok(record["requestContext"]["approximateInvokeCount"].clone()));
    app.send("node_syntax", json!({ "n": 1 })).await?;
    app.settled().await;
    app.assert_called("node_syntax").times(MOST);
    let [left] = app.left().try_into().expect("one event");
    assert_eq!(told(&left), ("node_syntax", "Success", 1, Some("node_syntax")));
    assert_eq!(left.record["requestContext"]["condition"], "Success");
    // Another chain counts for itself.
    app.send("node_syntax", json!({ "n": 2 })).await?;
    app.drained().await;
    app.assert_called("node_syntax").times(2 * MOST);
    Ok(())
}

#[bedrock::test]
async fn a_circle_of_two_destinations_ends_at_the_one_that_began_it(app: App) -> bedrock::Result<()> {
    for worker in ["node_import", "node_missing"] {
        app.mock(worker, |_: Value| Ok("done"));
    }
    app.send("node_import", json!({})).await?;
    app.drained().await;
    app.assert_called("node_import").times(MOST);
    app.assert_called("node_missing").by("node_import").times(MOST);
    let [left] = app.left().try_into().expect("one event");
    assert_eq!(told(&left), ("node_missing", "Success", 1, Some("node_import")));
    Ok(())
}

#[bedrock::test]
async fn a_worker_that_sends_itself_its_event_is_run_sixteen_times(app: App) -> bedrock::Result<()> {
    app.mock_async("python_case", async |event: Value| {
        invoke_arn("python_case", event).await?;
        Ok(())
    });
    app.send("python_case", json!({ "n": 1 })).await?;
    app.clock().advance(std::time::Duration::from_secs(3600)).await;
    app.assert_called("python_case").with_event(json!({ "n": 1 })).times(MOST);
    let [left] = app.left().try_into().expect("one event");
    assert_eq!(told(&left), ("python_case", "RetriesExhausted", 0, None));
    // It was not run: there is nothing that it answered.
    assert_eq!((&left.event, &left.record["responsePayload"]), (&json!({ "n": 1 }), &Value::Null));
    Ok(())
}

#[bedrock::test]
async fn retries_are_one_run_of_the_chain(app: App) -> bedrock::Result<()> {
    let mut runs = 0;
    app.mock("node_syntax", move |_: Value| {
        runs += 1;
        if runs % 2 == 1 { Err(WorkerError::new("Busy", "come back later")) } else { Ok("done") }
    });
    app.send("node_syntax", json!({})).await?;
    app.drained().await;
    app.assert_called("node_syntax").answered("done").times(MOST);
    app.assert_called("node_syntax").failed("Busy").times(MOST);
    Ok(())
}

#[bedrock::test]
async fn a_circle_that_the_settings_allow_goes_on(app: App) -> bedrock::Result<()> {
    let mut rounds = 0;
    app.mock("python_syntax", move |_: Value| {
        rounds += 1;
        if rounds > 20 { Err(WorkerError::new("Enough", "it is")) } else { Ok(rounds) }
    });
    app.send("python_syntax", json!({})).await?;
    app.settled().await;
    app.assert_called("python_syntax").times(21);
    let [left] = app.left().try_into().expect("one event");
    assert_eq!(told(&left), ("python_syntax", "RetriesExhausted", 1, None));
    Ok(())
}
