//! Failing workers, and failing tests.

use bedrock::test::App;
use bedrock_model::Error;
use serde_json::{Value, json};

use super::can_run;

#[bedrock::test]
async fn unknown_worker_error_suggests_a_name(app: App) {
    let error = app.invoke::<Value>("rust_cas", ()).await.expect_err("no worker");
    assert_eq!(error.to_string(), "no worker named `rust_cas` in this app");
    assert_eq!(error.help(), Some("a worker with a similar name exists: `rust_case`"));
    assert_eq!(app.invocations(), []);
}

#[bedrock::test]
async fn panic_fails_only_its_own_call(app: App) -> bedrock::Result<()> {
    let error = app.invoke::<Value>("rust_case", json!({ "do": "panic" })).await.expect_err("a panic");
    assert_eq!(error.to_string(), "worker `rust_case` failed: Panic: the worker panicked: requested failure");
    assert_eq!(app.invoke::<u32>("rust_case", json!({ "do": "echo", "value": 1 })).await?, 1);
    app.assert_called("rust_case").failed("Panic").times(1);
    Ok(())
}

#[bedrock::test]
async fn killed_process_fails_its_call_and_is_replaced(app: App) -> bedrock::Result<()> {
    for worker in ["python_case", "node_case"] {
        if !can_run(&app, worker).await {
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
async fn hanging_worker_times_out_in_real_time(app: App) {
    let error = app.invoke::<Value>("rust_case", json!({ "do": "sleep", "ms": 60_000 })).await;
    let error = error.expect_err("its timeout is 5 seconds");
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
}

#[bedrock::test]
#[should_panic(expected = "in the test itself")]
async fn panic_in_the_test_fails_the_test(app: App) {
    let _: Value = app.invoke("rust_case", json!({ "do": "echo", "value": 1 })).await.expect("an answer");
    panic!("in the test itself");
}

#[bedrock::test]
#[should_panic(expected = "in the endpoint")]
async fn panic_in_the_endpoint_fails_the_test(app: App) {
    let handler = async || -> String { panic!("in the endpoint") };
    let app = app.with_router(axum::Router::new().route("/", axum::routing::get(handler)));
    let _ = app.get("/").await;
}
