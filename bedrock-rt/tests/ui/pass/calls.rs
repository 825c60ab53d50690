//! Every form of a call, in a crate that forbids unsafe code.
#![forbid(unsafe_code)]
#![deny(warnings)]

use bedrock::invoke;
use greeter::{GreetRequest, GreetResponse, Greeter};
use serde_json::{Value, json};

async fn calls() -> Result<(), bedrock::Error> {
    invoke!("system_fetcher", json!({})).await?;
    let _: Vec<Value> = invoke!("system_fetcher", json!({}), require_response = true).await?;
    let _: Value = invoke!("thumbnailer", &[1, 2, 3], require_response = true,).await?;
    invoke!("thumbnailer", "text", require_response = false).await?;

    let name = String::from("Ada");
    let _: GreetResponse = invoke!(Greeter, GreetRequest { name: name.clone() }, require_response = true).await?;
    let response = invoke!(greeter::Greeter, GreetRequest { name: name.clone() }, require_response = true).await?;
    let _: String = response.message;
    let response = invoke!("greeter", GreetRequest { name: name.clone() }, require_response = true).await?;
    let _: String = response.message;
    invoke!(Greeter, GreetRequest { name }).await?;

    // A Rust worker that is not a dependency takes JSON.
    let _: Value = invoke!("resizer", json!({ "width": 1 }), require_response = true).await?;

    bedrock::invoke_arn("arn:aws:lambda:eu-west-1:123456789012:function:any", json!({})).await?;
    let _: Value = bedrock::invoke_arn("any", json!({})).require_response().await?;
    Ok(())
}

macro_rules! twice {
    ($name:literal, $worker:expr) => {
        async {
            invoke!($name, json!({})).await?;
            invoke!($name, json!({ "again": $worker })).await
        }
    };
}

fn is_send<T: Send>(_: T) {}

fn main() {
    is_send(calls());
    is_send(twice!("system_fetcher", 1));
}
