//! Several apps at the same time, which are isolated from each other.

use std::time::Duration;

use bedrock::test::App;
use bedrock::{WorkerError, invoke};
use serde_json::{Value, json};

use super::can_run;

/// Returns an event that makes a worker call another worker.
fn call_event(worker: &str) -> Value {
    json!({ "do": "call", "worker": worker, "event": {} })
}

#[bedrock::test]
async fn apps_have_separate_mocks_invocations_and_clocks(one: App) -> bedrock::Result<()> {
    let other = App::start()?;
    one.mock("node_case", |_: Value| Ok("one"));
    other.mock("node_case", |_: Value| Ok("other"));
    for caller in ["rust_case", "python_case"] {
        if can_run(&one, caller).await {
            let (first, second) = tokio::join!(
                one.invoke::<String>(caller, call_event("node_case")),
                other.invoke(caller, call_event("node_case"))
            );
            assert_eq!((first?, second?), ("one".to_owned(), "other".to_owned()), "{caller}");
        }
    }
    assert_eq!(one.invocations().len(), other.invocations().len());
    for app in [&one, &other] {
        app.mock("node_case", |_: Value| Err::<(), _>(WorkerError::new("Busy", "later")));
        app.send("node_case", json!("event")).await?;
    }
    one.clock().advance(Duration::from_secs(60)).await;
    one.assert_called("node_case").with_event("event").times(2);
    other.settled().await;
    other.assert_called("node_case").with_event("event").times(1);
    Ok(())
}

#[bedrock::test]
async fn calls_of_the_test_belong_to_its_app_or_to_app_run(own: App) -> bedrock::Result<()> {
    let other = App::start()?;
    own.mock("node_case", |_: Value| Ok("own"));
    other.mock("node_case", |_: Value| Ok("other"));
    let call = || async { invoke!("node_case", json!({}), require_response = true).await };
    let responses: (String, String) = (call().await?, other.run(call()).await?);
    assert_eq!(responses, ("own".to_owned(), "other".to_owned()));
    Ok(())
}

#[tokio::test]
async fn calls_in_plain_tokio_tests_belong_to_the_only_app() -> bedrock::Result<()> {
    let app = App::start()?;
    app.mock("node_case", |_: Value| Ok(1));
    let response: u32 = invoke!("node_case", json!({}), require_response = true).await?;
    assert_eq!(response, 1);
    let second = App::start()?;
    let error = bedrock::invoke_arn("node_case", ()).require_response::<u32>().await.expect_err("ambiguous app");
    assert_eq!(
        error.to_string(),
        "worker `node_case` could not be started: this test has 2 apps, and the call could be that of any"
    );
    assert_eq!(error.help(), Some("make it within `app.run(async { … })`, or with `app.invoke`"));
    let call = async { bedrock::invoke_arn("node_case", ()).require_response::<u32>().await };
    assert_eq!(app.run(call).await?, 1);
    drop(second);
    assert_eq!(bedrock::invoke_arn("node_case", ()).require_response::<u32>().await?, 1);
    app.assert_called("node_case").times(3);
    Ok(())
}

#[bedrock::test]
async fn blocking_worker_calls_within_its_own_app(app: App) -> bedrock::Result<()> {
    let other = App::start()?;
    other.mock("node_case", |_: Value| Ok("other"));
    app.mock("node_case", |_: Value| Ok("own"));
    // The mock blocks its thread, and calls from a new thread.
    other.mock("python_case", |event: Value| {
        let handle = tokio::runtime::Handle::current();
        let call = bedrock::invoke_arn("node_case", event).require_response::<String>();
        Ok(std::thread::spawn(move || handle.block_on(call)).join().expect("no panic")?)
    });
    assert_eq!(other.invoke::<String>("python_case", json!({})).await?, "other");
    app.assert_not_called("node_case");
    Ok(())
}
