//! Messages of failed assertions.

use bedrock::WorkerError;
use bedrock::test::App;
use serde_json::{Value, json};

use super::panic_message;

/// Invokes a worker that sends an event, which fails.
async fn invoke_failing_chain(app: &App) -> bedrock::Result<()> {
    app.mock_async("rust_case", async |order: Value| {
        bedrock::invoke_arn("node_case", json!({ "to": "ada" })).await?;
        Ok(json!({ "billed": order }))
    });
    app.mock("node_case", |_: Value| Err::<(), _>(WorkerError::new("NoSuchAddress", "unknown recipient")));
    app.invoke::<Value>("rust_case", 7).await?;
    app.settled().await;
    Ok(())
}

const CALL_HISTORY: &str = "
the invocations so far:
  1. `rust_case` called by the test with 7, mocked: {\"billed\":7}
  2. `node_case` called by `rust_case` with {\"to\":\"ada\"}, an event, attempt 1, mocked: NoSuchAddress: unknown recipient
events that are not finished:
  `node_case` with {\"to\":\"ada\"}, attempt 2 in 60 s
help: `app.wait_for_due_events().await` waits for running events, `app.clock().advance(…).await` runs waiting ones";

#[bedrock::test]
async fn wrong_call_count_message_has_the_call_history(app: App) -> bedrock::Result<()> {
    invoke_failing_chain(&app).await?;
    let text = panic_message(|| drop(app.assert_called("node_case").times(3)));
    assert_eq!(text, format!("worker `node_case` was called once, expected 3 times{CALL_HISTORY}"));
    let text = panic_message(|| drop(app.assert_called("node_case").with_event(json!({ "to": "bob" }))));
    assert_eq!(text, format!("worker `node_case` was never called\n  with {{\"to\":\"bob\"}}{CALL_HISTORY}"));
    let text = panic_message(|| drop(app.assert_called("node_case").by("rust_case").answered(1)));
    assert_eq!(text, format!("worker `node_case` was never called\n  by `rust_case`\n  answered 1{CALL_HISTORY}"));
    let text = panic_message(|| app.assert_not_called("rust_case"));
    assert_eq!(text, format!("worker `rust_case` was called, expected never{CALL_HISTORY}"));
    Ok(())
}

#[bedrock::test]
async fn missing_call_and_unknown_worker_are_reported(app: App) {
    let text = panic_message(|| drop(app.assert_called("node_case")));
    assert_eq!(text, "worker `node_case` was never called\nno worker has been invoked so far");
    let text = panic_message(|| drop(app.assert_called("node_cas")));
    assert_eq!(text, "no worker named `node_cas` in this app\nhelp: a worker with a similar name exists: `node_case`");
    app.assert_not_called("node_case");
}

#[bedrock::test]
async fn long_events_are_truncated_and_old_calls_counted(app: App) -> bedrock::Result<()> {
    app.mock("node_case", |_: Value| Ok(()));
    for _ in 0..42 {
        app.invoke::<()>("node_case", "x".repeat(1000)).await?;
    }
    let text = panic_message(|| app.assert_not_called("node_case"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[2]), (43, "  … 2 before these"));
    let truncated = "x".repeat(199);
    assert_eq!(lines[3], format!("  3. `node_case` called by the test with \"{truncated}… (1002 bytes), mocked: null"));
    Ok(())
}
