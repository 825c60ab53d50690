//! An integration test of a worker: the worker is linked, although the test does not use its library.

use bedrock::test::App;
use serde_json::{Value, json};

#[bedrock::test]
async fn worker_and_mocks_of_other_workers_can_be_called(app: App) -> bedrock::Result<()> {
    let response: Value = app.invoke("rust_case", json!({ "do": "echo", "value": 1 })).await?;
    assert_eq!(response, 1);
    app.mock("python_case", |event: Value| Ok(event));
    let relayed = json!({ "do": "call", "worker": "python_case", "event": 2 });
    assert_eq!(app.invoke::<Value>("rust_case", relayed).await?, 2);
    Ok(())
}
