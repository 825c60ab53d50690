//! The table of responses and errors, run by `bedrock::test`.

use bedrock::test::App;
use bedrock_model::Error;
use serde_json::{Value, json};

use super::can_run;

#[path = "../values/table.rs"]
mod table;

use table::{Case, assert_equal, error};

#[bedrock::test]
async fn values_reach_tests(app: App) {
    let cases = Case::all();
    let mut results = Vec::new();
    for case in &cases {
        if !can_run(&app, &case.worker).await {
            continue;
        }
        let result = match app.invoke::<Value>(&case.worker, &case.event).await {
            Ok(response) => json!({ "response": response }),
            Err(Error::Function { error_type, message, .. }) => error(&error_type, &message),
            Err(other) => error(other.error_type(), &other.to_string()),
        };
        results.push((case, result));
    }
    assert_equal("rust", &results);
}
