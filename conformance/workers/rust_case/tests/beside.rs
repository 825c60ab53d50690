//! A test beside the library of a worker: the worker is linked, although nothing else here names it.

use bedrock::test::App;
use serde_json::{Value, json};

#[bedrock::test]
async fn the_worker_itself_and_those_in_other_languages_can_be_called(app: App) -> bedrock::Result<()> {
    let answer: Value = app.invoke("rust_case", json!({ "do": "echo", "value": 1 })).await?;
    assert_eq!(answer, 1);
    app.mock("python_case", |event: Value| Ok(event));
    let relayed = json!({ "do": "call", "worker": "python_case", "event": 2 });
    assert_eq!(app.invoke::<Value>("rust_case", relayed).await?, 2);
    Ok(())
}
