//! What failed assertions say.

use bedrock::WorkerError;
use bedrock::test::App;
use serde_json::{Value, json};

use super::panic_of;

/// An order that is billed, and a mail of it that fails.
async fn an_order(app: &App) -> bedrock::Result<()> {
    app.mock_async("rust_case", async |order: Value| {
        bedrock::invoke_arn("node_case", json!({ "to": "ada" })).await?;
        Ok(json!({ "billed": order }))
    });
    app.mock("node_case", |_: Value| Err::<(), _>(WorkerError::new("NoSuchAddress", "nobody is there")));
    app.invoke::<Value>("rust_case", 7).await?;
    app.settled().await;
    Ok(())
}

const STORY: &str = "
the invocations so far:
  1. `rust_case` called by the test with 7, mocked: {\"billed\":7}
  2. `node_case` called by `rust_case` with {\"to\":\"ada\"}, an event, attempt 1, mocked: NoSuchAddress: nobody is there
events that are not finished:
  `node_case` with {\"to\":\"ada\"}, attempt 2 in 60 s
help: `app.wait_for_due_events().await` waits for running events, `app.clock().advance(…).await` runs waiting ones";

#[bedrock::test]
async fn a_wrong_number_of_calls_is_told_with_what_happened(app: App) -> bedrock::Result<()> {
    an_order(&app).await?;
    let text = panic_of(|| drop(app.assert_called("node_case").times(3)));
    assert_eq!(text, format!("worker `node_case` was called once, expected 3 times{STORY}"));
    let text = panic_of(|| drop(app.assert_called("node_case").with_event(json!({ "to": "bob" }))));
    assert_eq!(text, format!("worker `node_case` was never called\n  with {{\"to\":\"bob\"}}{STORY}"));
    let text = panic_of(|| drop(app.assert_called("node_case").by("rust_case").answered(1)));
    assert_eq!(text, format!("worker `node_case` was never called\n  by `rust_case`\n  answered 1{STORY}"));
    let text = panic_of(|| app.assert_not_called("rust_case"));
    assert_eq!(text, format!("worker `rust_case` was called, expected never{STORY}"));
    Ok(())
}

#[bedrock::test]
async fn a_worker_that_was_never_called_or_does_not_exist_is_told(app: App) {
    let text = panic_of(|| drop(app.assert_called("node_case")));
    assert_eq!(text, "worker `node_case` was never called\nno worker has been invoked so far");
    let text = panic_of(|| drop(app.assert_called("node_cas")));
    assert_eq!(text, "no worker named `node_cas` in this app\nhelp: a worker with a similar name exists: `node_case`");
    app.assert_not_called("node_case");
}

#[bedrock::test]
async fn long_events_are_cut_and_old_invocations_are_counted(app: App) -> bedrock::Result<()> {
    app.mock("node_case", |_: Value| Ok(()));
    for _ in 0..42 {
        app.invoke::<()>("node_case", "x".repeat(1000)).await?;
    }
    let text = panic_of(|| app.assert_not_called("node_case"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[2]), (43, "  … 2 before these"));
    let shown = "x".repeat(199);
    assert_eq!(lines[3], format!("  3. `node_case` called by the test with \"{shown}… (1002 bytes), mocked: null"));
    Ok(())
}
