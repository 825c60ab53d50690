//! Callbacks: the test answers them, lets them time out, or stops their heartbeats.

use bedrock::Error;
use bedrock::test::{App, ExecutionStatus, OperationStatus};
use serde_json::{Value, json};

use super::{DAY, HOUR, flows, panic_message};

/// Returns what a callback with this result gives the code: the text, or what an SDK reads from it.
fn answer(response: Option<Value>) -> Value {
    let approval = response.expect("a response")["approval"].clone();
    approval.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(approval)
}

#[bedrock::test]
async fn test_answers_a_callback(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let execution = app.start_execution(flow, json!({ "case": "approval" })).await?;
        let callback = execution.callback("approval");
        callback.succeed(json!({ "by": "ada" })).await?;
        assert_eq!(answer(execution.response()), json!({ "by": "ada" }), "{execution}");
        let again = callback.succeed(1).await.expect_err("it was answered");
        assert!(matches!(&again, Error::Function { error_type, .. } if error_type == "CallbackTimeoutException"));
        let text = panic_message(|| drop(execution.callback("approval")));
        assert!(text.starts_with("no open callback has the name `approval`\nexecution `"), "{text}");
    }
    Ok(())
}

#[bedrock::test]
async fn failed_callback_is_an_error_of_the_code(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let execution = app.start_execution(flow, json!({ "case": "approval" })).await?;
        execution.callback("approval").fail("Rejected", "not this card").await?;
        assert_eq!(execution.status(), ExecutionStatus::Failed, "{execution}");
        let error = execution.error().expect("an error").to_string();
        assert!(error.contains("not this card"), "{error}");
        assert_eq!(execution.operation("approval").error.expect("an error").error_type.as_deref(), Some("Rejected"));
    }
    Ok(())
}

#[bedrock::test]
async fn callback_times_out_when_the_clock_moves(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let execution = app.start_execution(flow, json!({ "case": "approval", "timeout": 3600 })).await?;
        app.clock().advance(HOUR / 2).await;
        assert_eq!(execution.operation("approval").status, OperationStatus::Started, "{execution}");
        app.clock().advance(HOUR / 2).await;
        assert_eq!(execution.operation("approval").status, OperationStatus::TimedOut, "{execution}");
        assert_eq!(execution.status(), ExecutionStatus::Failed, "{execution}");
    }
    Ok(())
}

#[bedrock::test]
async fn heartbeats_keep_a_callback_until_they_stop(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let event = json!({ "case": "approval", "timeout": 86_400, "heartbeat": 3600 });
        let execution = app.start_execution(flow, event).await?;
        let callback = execution.callback("approval");
        for _ in 0..3 {
            app.clock().advance(HOUR * 2 / 3).await;
            callback.heartbeat().await?;
        }
        assert_eq!(execution.status(), ExecutionStatus::Running, "{execution}");
        app.clock().advance(HOUR).await;
        let error = execution.operation("approval").error.expect("an error");
        assert_eq!(error.error_type.as_deref(), Some("Callback.Heartbeat"), "{execution}");
        assert!(callback.heartbeat().await.is_err());
        assert_eq!(execution.status(), ExecutionStatus::Failed, "{execution}");
    }
    Ok(())
}

#[bedrock::test]
async fn callback_of_wait_for_callback_has_its_name(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let execution = app.start_execution(flow, json!({ "case": "waited_for" })).await?;
        execution.callback("approval").succeed("yes").await?;
        assert_eq!(execution.status(), ExecutionStatus::Succeeded, "{execution}");
        let late = app.start_execution(flow, json!({ "case": "waited_for" })).await?;
        app.clock().advance(DAY).await;
        assert_eq!(late.status(), ExecutionStatus::Failed, "{late}");
    }
    Ok(())
}
