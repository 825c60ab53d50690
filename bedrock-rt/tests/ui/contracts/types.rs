//! The event is a type of the contract, and so is the response.

use bedrock::invoke;
use serde_json::json;
use workers::system_fetcher::Event;

bedrock::workers!();

async fn _calls() -> Result<(), bedrock::Error> {
    invoke!("system_fetcher", Event { limt: 1 }).await?;
    let value = json!({ "limit": 1 });
    invoke!("system_fetcher", value).await?;
    let systems = invoke!("system_fetcher", json!({ "limit": 1 }), require_response = true).await?;
    let _ = systems[0].nme;
    Ok(())
}

fn main() {}
