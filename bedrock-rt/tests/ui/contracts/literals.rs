//! Literals of `json!` are checked at their tokens.

use bedrock::invoke;
use serde_json::json;

bedrock::workers!();

async fn _calls() -> Result<(), bedrock::Error> {
    invoke!("system_fetcher", json!({ "limit": 1, "ordr": "near" })).await?;
    invoke!("system_fetcher", json!({ "limit": "1", "order": "nearest" })).await?;
    invoke!("system_fetcher", json!({ "order": "near" })).await?;
    invoke!("system_fetcher", json!({ "limit": 101, "origin": { "kind": "star" } }), require_response = true).await?;
    invoke!("system_fetcher", json!([])).await?;
    Ok(())
}

fn main() {}
