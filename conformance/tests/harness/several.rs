//! Several apps at once: none sees what belongs to another.

use std::time::Duration;

use bedrock::test::App;
use bedrock::{WorkerError, invoke};
use serde_json::{Value, json};

use super::is_there;

/// Calls a worker through another one, so that the call is made by a worker's code.
fn through(worker: &str) -> Value {
    json!({ "do": "call", "worker": worker, "event": {} })
}

#[bedrock::test]
async fn two_apps_have_mocks_invocations_and_clocks_of_their_own(one: App) -> bedrock::Result<()> {
    let other = App::start()?;
    one.mock("node_case", |_: Value| Ok("one"));
    other.mock("node_case", |_: Value| Ok("other"));
    for caller in ["rust_case", "python_case"] {
        if is_there(&one, caller).await {
            let (first, second) = tokio::join!(
                one.invoke::<String>(caller, through("node_case")),
                other.invoke(caller, through("node_case"))
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
async fn calls_of_the_test_itself_are_those_of_its_own_app_unless_another_runs_them(own: App) -> bedrock::Result<()> {
    let other = App::start()?;
    own.mock("node_case", |_: Value| Ok("own"));
    other.mock("node_case", |_: Value| Ok("other"));
    let call = || async { invoke!("node_case", json!({}), require_response = true).await };
    let answers: (String, String) = (call().await?, other.run(call()).await?);
    assert_eq!(answers, ("own".to_owned(), "other".to_owned()));
    Ok(())
}

#[tokio::test]
async fn in_a_test_of_another_kind_a_call_belongs_to_its_one_app() -> bedrock::Result<()> {
    let app = App::start()?;
    app.mock("node_case", |_: Value| Ok(1));
    let answer: u32 = invoke!("node_case", json!({}), require_response = true).await?;
    assert_eq!(answer, 1);
    let second = App::start()?;
    let error = bedrock::invoke_arn("node_case", ()).require_response::<u32>().await.expect_err("whose?");
    assert_eq!(
        error.to_string(),
        "worker `node_case` could not be started: this test has 2 apps, and the call could be that of any"
    );
    assert_eq!(error.help(), Some("make it within `app.run(async { … })`, or with `app.invoke`"));
    let within = async { bedrock::invoke_arn("node_case", ()).require_response::<u32>().await };
    assert_eq!(app.run(within).await?, 1);
    drop(second);
    assert_eq!(bedrock::invoke_arn("node_case", ()).require_response::<u32>().await?, 1);
    app.assert_called("node_case").times(3);
    Ok(())
}

#[bedrock::test]
async fn a_worker_that_blocks_calls_within_its_own_app(app: App) -> bedrock::Result<()> {
    let other = App::start()?;
    other.mock("node_case", |_: Value| Ok("other"));
    app.mock("node_case", |_: Value| Ok("own"));
    // Blocks, waits on a thread of its own, and calls from there.
    other.mock("python_case", |event: Value| {
        let handle = tokio::runtime::Handle::current();
        let call = bedrock::invoke_arn("node_case", event).require_response::<String>();
        Ok(std::thread::spawn(move || handle.block_on(call)).join().expect("no panic")?)
    });
    assert_eq!(other.invoke::<String>("python_case", json!({})).await?, "other");
    app.assert_not_called("node_case");
    Ok(())
}
