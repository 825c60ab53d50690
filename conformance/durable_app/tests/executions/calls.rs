//! Calls of durable workers: by the test with and without a name, by workers, by mocks, and through Lambda's API.

use bedrock::test::{App, ExecutionStatus, Outcome};
use bedrock::{Error, WorkerError};
use serde_json::{Value, json};

use super::{DAY, flows, panic_message, python};

#[bedrock::test]
async fn waiting_call_gets_the_response_of_the_execution(app: App) -> bedrock::Result<()> {
    if !python() {
        return Ok(());
    }
    let response: Value = app.invoke("quick_flow", json!({ "order": 7 })).await?;
    assert_eq!(response, json!({ "seen": { "order": 7 } }));
    let error = app.invoke::<Value>("quick_flow", json!({ "fail": "no stock" })).await.expect_err("it fails");
    assert!(error.to_string().contains("no stock"), "{error}");
    let [first, second] = &app.invocations()[..] else { panic!("{:?}", app.invocations()) };
    assert_eq!(first.outcome, Outcome::Answered(response));
    assert_eq!(first.logs, ["answering {'order': 7}"]);
    assert!(matches!(&second.outcome, Outcome::Failed(failed) if *failed == error), "{second}");
    Ok(())
}

#[bedrock::test]
async fn waiting_call_of_the_test_fails_when_the_clock_must_move(app: App) -> bedrock::Result<()> {
    if !python() {
        return Ok(());
    }
    let error = app.invoke::<Value>("quick_flow", json!({ "wait": 5 })).await.expect_err("it waits");
    assert!(error.to_string().contains("waits for the clock or a callback"), "{error}");
    app.clock().advance(DAY).await;
    assert_eq!(app.execution("quick_flow").status(), ExecutionStatus::Succeeded);
    Ok(())
}

#[bedrock::test]
async fn workers_call_durable_workers(app: App) -> bedrock::Result<()> {
    if !python() {
        return Ok(());
    }
    app.mock_async("mailer", |event: Value| async move {
        let response: Value = bedrock::invoke!("quick_flow", event, require_response = true).await?;
        Ok(json!({ "flow": response }))
    });
    let response: Value = app.invoke("mailer", json!({ "a": 1 })).await?;
    assert_eq!(response, json!({ "flow": { "seen": { "a": 1 } } }));
    app.assert_called("quick_flow").by("mailer").with_event(json!({ "a": 1 })).times(1);
    Ok(())
}

#[bedrock::test]
async fn event_for_a_durable_worker_starts_an_execution(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        app.send(flow, json!({ "case": "thirty_days", "amount": 3 })).await?;
        app.wait_for_due_events().await;
        assert_eq!(app.execution(flow).operation("charge").result, Some(json!({ "paid": 3 })));
    }
    Ok(())
}

#[bedrock::test]
async fn name_starts_one_execution(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        let event = json!({ "case": "approval" });
        let first = app.start_named_execution(flow, "order-7", &event).await?;
        let second = app.start_named_execution(flow, "order-7", &event).await?;
        assert_eq!((first.arn(), first.name(), first.worker().as_str()), (second.arn(), "order-7", flow));
        assert_eq!(app.executions(flow).len(), 1);
        assert_eq!(app.execution("order-7").arn(), app.execution(first.arn()).arn());
        let error = app.start_named_execution(flow, "order-7", json!({ "case": "retried" })).await;
        let error = error.expect_err("another event");
        assert!(matches!(&error, Error::Function { error_type, .. } if error_type.contains("AlreadyStarted")));
        first.stop().await?;
    }
    Ok(())
}

#[bedrock::test]
async fn chained_worker_may_be_a_mock(app: App) -> bedrock::Result<()> {
    for flow in flows() {
        app.mock("mailer", |_: Value| Err::<Value, _>(WorkerError::new("NoSuchAddress", "unknown recipient")));
        let order = app.start_execution(flow, json!({ "case": "thirty_days", "amount": 7 })).await?;
        app.clock().advance(DAY * 30).await;
        assert_eq!(order.status(), ExecutionStatus::Failed, "{order}");
        let error = order.operation("mail").error.expect("an error");
        assert_eq!(error.error_type.as_deref(), Some("NoSuchAddress"));
    }
    Ok(())
}

#[bedrock::test]
async fn mock_of_a_durable_worker_starts_no_execution(app: App) -> bedrock::Result<()> {
    app.mock("node_flow", |event: Value| Ok(json!({ "mock": event })));
    assert_eq!(app.invoke::<Value>("node_flow", 1).await?, json!({ "mock": 1 }));
    assert!(app.executions("node_flow").is_empty());
    Ok(())
}

#[bedrock::test]
async fn missing_executions_and_operations_are_reported(app: App) -> bedrock::Result<()> {
    let text = panic_message(|| drop(app.execution("order-7")));
    let expected = "no execution has the name, the ARN or the worker `order-7`\nno execution has started so far";
    assert_eq!(text, expected);
    for flow in flows() {
        let event = json!({ "case": "thirty_days", "amount": 7 });
        let order = app.start_named_execution(flow, "order-1", event).await?;
        let text = panic_message(|| drop(order.operation("mail")));
        let expected = format!(
            "no operation has the name `mail`\nexecution `order-1` of `{flow}`: RUNNING\n  STEP `charge`: SUCCEEDED: \
             {{\"paid\":7}}\n  WAIT `grace period`: STARTED, due in "
        );
        assert!(text.starts_with(&expected), "{text}");
    }
    Ok(())
}
