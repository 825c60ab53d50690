//! Mocks, which replace workers.

use std::time::Duration;

use bedrock::test::App;
use bedrock::{Error, WorkerError, invoke};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::panic_message;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    number: u32,
}

#[bedrock::test]
async fn mock_replaces_workers_of_any_language_with_types(app: App) -> bedrock::Result<()> {
    for worker in ["rust_case", "python_case", "node_case"] {
        app.mock(worker, |order: Order| Ok(Order { number: order.number + 1 }));
        assert_eq!(app.invoke::<Order>(worker, Order { number: 6 }).await?.number, 7);
    }
    let typed: Value = invoke!(rust_case::RustCase, json!({ "number": 1 }), require_response = true).await?;
    assert_eq!(typed, json!({ "number": 2 }));
    let error = app.invoke::<Order>("node_case", json!({ "number": "six" })).await.expect_err("no number");
    assert_eq!(error.error_type(), "Runtime.UnmarshalError");
    assert!(app.invocations().iter().all(|call| call.is_mocked));
    Ok(())
}

#[bedrock::test]
async fn failing_mock_fails_only_its_own_call(app: App) -> bedrock::Result<()> {
    let mut calls = 0;
    app.mock("python_case", move |_: Value| {
        calls += 1;
        match calls {
            1 => Err(WorkerError::new("KeyError", "'width'")),
            2 => panic!("requested failure"),
            _ => Ok(calls),
        }
    });
    let mut results = Vec::new();
    for _ in 0..3 {
        results.push(app.invoke::<u32>("python_case", ()).await.map_err(|error| error.to_string()));
    }
    let expected = [
        Err("worker `python_case` failed: KeyError: 'width'".to_owned()),
        Err("worker `python_case` failed: Panic: the worker panicked: requested failure".to_owned()),
        Ok(3),
    ];
    assert_eq!(results, expected);
    Ok(())
}

#[bedrock::test]
async fn mock_error_is_returned_immediately(app: App) {
    let timeout = Error::Timeout { worker: "node_case".to_owned(), after: Duration::from_secs(5) };
    app.mock_error("node_case", timeout.clone());
    assert_eq!(app.invoke::<Value>("node_case", ()).await, Err(timeout));
    let relayed = app.invoke::<Value>("rust_case", json!({ "do": "call", "worker": "node_case", "event": 1 })).await;
    assert_eq!(relayed.expect_err("a timeout").error_type(), "Timeout");
}

#[bedrock::test]
async fn async_mocks_run_concurrently(app: App) -> bedrock::Result<()> {
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    app.mock_async("node_case", move |event: Value| {
        let barrier = std::sync::Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            Ok(event)
        }
    });
    let (first, second) = tokio::join!(app.invoke::<u32>("node_case", 1), app.invoke::<u32>("node_case", 2));
    assert_eq!((first?, second?), (1, 2));
    Ok(())
}

#[bedrock::test]
async fn mock_of_unknown_worker_panics(app: App) {
    let text = panic_message(|| app.mock("pyton_case", |_: Value| Ok(())));
    assert_eq!(
        text,
        "no worker named `pyton_case` in this app\nhelp: a worker with a similar name exists: `python_case`"
    );
}
