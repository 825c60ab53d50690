//! Waits and retries, which the clock of the test ends.

use bedrock::test::{App, ExecutionStatus, OperationStatus, OperationType};
use serde_json::json;

use super::{DAY, HOUR, flows, operations};

#[bedrock::test]
async fn thirty_day_wait_passes_when_the_clock_moves(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let order = app.start_execution(flow, json!({ "case": "thirty_days", "amount": 7 })).await?;
        assert_eq!(order.status(), ExecutionStatus::Running, "{order}");
        let charge = order.operation("charge");
        assert_eq!((charge.operation_type, charge.status), (OperationType::Step, OperationStatus::Succeeded));
        assert_eq!((charge.attempts, charge.result), (1, Some(json!({ "paid": 7 }))), "{order}");
        let wait = order.operation("grace period");
        assert_eq!(order.pending(), std::slice::from_ref(&wait));
        let remaining = wait.due.expect("a time").duration_since(app.clock().now());
        assert!(remaining.is_ok_and(|remaining| remaining > DAY * 29), "{order}");
        app.clock().advance(DAY * 29).await;
        assert_eq!(order.pending().len(), 1, "{order}");
        app.clock().advance(DAY).await;
        let mail = json!({ "mailed": { "paid": 7 } });
        assert_eq!(order.response(), Some(json!({ "payment": { "paid": 7 }, "mail": mail })), "{order}");
        let expected = [("charge", "SUCCEEDED"), ("grace period", "SUCCEEDED"), ("mail", "SUCCEEDED")];
        assert_eq!(operations(&app, flow), expected.map(|(name, status)| (name.to_owned(), status)));
        app.assert_called("mailer").by(flow).with_event(json!({ "paid": 7 })).times(1);
        assert!(order.history().iter().any(|event| event["EventType"] == "ExecutionSucceeded"));
    }
    Ok(())
}

#[bedrock::test]
async fn failed_step_is_retried_when_the_clock_moves(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let execution = app.start_execution(flow, json!({ "case": "retried" })).await?;
        let flaky = execution.operation("flaky");
        assert_eq!((flaky.status, flaky.attempts), (OperationStatus::Pending, 1), "{execution}");
        assert_eq!(flaky.error.expect("an error").error_message.as_deref(), Some("attempt 1"));
        app.clock().advance(HOUR).await;
        assert_eq!(execution.operation("flaky").attempts, 2, "{execution}");
        app.clock().advance(HOUR).await;
        assert_eq!(execution.response(), Some(json!(3)), "{execution}");
        assert_eq!(execution.operation("flaky").attempts, 3);
    }
    Ok(())
}

#[bedrock::test]
async fn moving_the_clock_passes_all_waits_at_their_times(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let first = app.start_execution(flow, json!({ "case": "thirty_days", "amount": 1 })).await?;
        app.clock().advance(DAY).await;
        let second = app.start_execution(flow, json!({ "case": "retried" })).await?;
        app.clock().advance(DAY * 30).await;
        assert_eq!((first.status(), second.status()), (ExecutionStatus::Succeeded, ExecutionStatus::Succeeded));
        let ended = |history: Vec<serde_json::Value>| {
            let end = history.into_iter().find(|event| event["EventType"] == "ExecutionSucceeded");
            end.expect("an end")["EventTimestamp"].as_f64().expect("a time")
        };
        // A day after the start of the first one, two hours later.
        let days = (ended(first.history()) - ended(second.history())) / 86_400.0;
        assert!((28.9..28.95).contains(&days), "{days}");
    }
    Ok(())
}
