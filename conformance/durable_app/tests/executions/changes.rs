//! Stops, pauses and the timeout of an execution.

use bedrock::Error;
use bedrock::test::{App, ExecutionStatus, OperationStatus};
use serde_json::json;

use super::{DAY, HOUR, flows};

#[bedrock::test]
async fn stopped_execution_ends(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let execution = app.start_execution(flow, json!({ "case": "thirty_days", "amount": 1 })).await?;
        execution.stop().await?;
        assert_eq!(execution.status(), ExecutionStatus::Stopped, "{execution}");
        app.clock().advance(DAY * 30).await;
        app.assert_not_called("mailer");
        let error = execution.pause().await.expect_err("it has ended");
        assert!(matches!(&error, Error::Function { error_type, .. } if error_type == "ResourceConflictException"));
    }
    Ok(())
}

#[bedrock::test]
async fn paused_execution_continues_when_it_is_resumed(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let execution = app.start_execution(flow, json!({ "case": "retried" })).await?;
        execution.pause().await?;
        assert_eq!(execution.status(), ExecutionStatus::Paused, "{execution}");
        // Longer than the timeout of the execution, which is paused, too.
        app.clock().advance(DAY * 50).await;
        assert_eq!(execution.status(), ExecutionStatus::Paused, "{execution}");
        assert_eq!(execution.operation("flaky").attempts, 1, "{execution}");
        execution.resume().await?;
        app.clock().advance(HOUR).await;
        assert_eq!(execution.status(), ExecutionStatus::Succeeded, "{execution}");
    }
    Ok(())
}

#[bedrock::test]
async fn callback_times_out_during_a_pause(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let execution = app.start_execution(flow, json!({ "case": "approval", "timeout": 3600 })).await?;
        execution.pause().await?;
        app.clock().advance(HOUR * 2).await;
        assert_eq!(execution.operation("approval").status, OperationStatus::TimedOut, "{execution}");
        assert_eq!(execution.status(), ExecutionStatus::Paused, "{execution}");
        execution.resume().await?;
        assert_eq!(execution.status(), ExecutionStatus::Failed, "{execution}");
    }
    Ok(())
}

#[bedrock::test]
async fn pause_may_let_the_timeout_run(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let execution = app.start_execution(flow, json!({ "case": "approval" })).await?;
        execution.pause_without_timeout().await?;
        app.clock().advance(DAY * 39).await;
        assert_eq!(execution.status(), ExecutionStatus::Paused, "{execution}");
        app.clock().advance(DAY).await;
        assert_eq!(execution.status(), ExecutionStatus::TimedOut, "{execution}");
    }
    Ok(())
}
