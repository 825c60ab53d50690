//! Workers that fail, and tests that do.

use bedrock::Error;
use bedrock::test::App;
use serde_json::{Value, json};

use super::is_there;

#[bedrock::test]
async fn an_unknown_worker_is_told_with_the_nearest_name(app: App) {
    let error = app.invoke::<Value>("rust_cas", ()).await.expect_err("no worker");
    assert_eq!(error.to_string(), "no worker named `rust_cas` in this app");
    assert_eq!(error.help(), Some("a worker with a similar name exists: `rust_case`"));
    assert_eq!(app.invocations(), []);
}

#[bedrock::test]
async fn a_worker_that_panics_fails_that_call_alone(app: App) -> bedrock::Result<()> {
    let error = app.invoke::<Value>("rust_case", json!({ "do": "panic" })).await.expect_err("a panic");
    assert_eq!(error.to_string(), "worker `rust_case` failed: Panic: the worker panicked: as it was told");
    assert_eq!(app.invoke::<u32>("rust_case", json!({ "do": "echo", "value": 1 })).await?, 1);
    app.assert_called("rust_case").failed("Panic").times(1);
    Ok(())
}

#[bedrock::test]
async fn a_process_that_is_killed_fails_that_call_and_the_next_has_another(app: App) -> bedrock::Result<()> {
    for worker in ["python_case", "node_case"] {
        if !is_there(&app, worker).await {
            continue;
        }
        let error = app.invoke::<Value>(worker, json!({ "do": "kill" })).await.expect_err("killed");
        let Error::Function { error_type, message, .. } = error else { panic!("{error}") };
        assert_eq!(
            (error_type.as_str(), message.as_str()),
            ("Runtime.ExitError", "Runtime exited with error: signal: killed")
        );
        assert_eq!(app.invoke::<u32>(worker, json!({ "do": "echo", "value": 1 })).await?, 1);
    }
    Ok(())
}

#[bedrock::test]
async fn a_worker_that_hangs_is_ended_at_its_timeout_in_real_time(app: App) {
    let error = app.invoke::<Value>("rust_case", json!({ "do": "sleep", "ms": 60_000 })).await;
    let error = error.expect_err("its timeout is 5 seconds");
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
}

#[bedrock::test]
#[should_panic(expected = "in the test itself")]
async fn a_test_that_panics_has_panicked(app: App) {
    let _: Value = app.invoke("rust_case", json!({ "do": "echo", "value": 1 })).await.expect("an answer");
    panic!("in the test itself");
}

#[bedrock::test]
#[should_panic(expected = "in the endpoint")]
async fn an_endpoint_that_panics_has_the_test_panic(app: App) {
    let handler = async || -> String { panic!("in the endpoint") };
    let app = app.with_router(axum::Router::new().route("/", axum::routing::get(handler)));
    let _ = app.get("/").await;
}
