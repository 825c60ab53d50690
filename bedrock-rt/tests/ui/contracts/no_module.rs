//! The module `workers` is missing in the crate.

use bedrock::invoke;
use serde_json::json;

async fn _calls() -> Result<(), bedrock::Error> {
    invoke!("system_fetcher", json!({ "limit": 1 }), require_response = true).await?;
    Ok(())
}

fn main() {}
