//! The smallest app: one endpoint, one Rust worker.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use bedrock::invoke;
use greeter::{GreetRequest, GreetResponse, Greeter};

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    let router = Router::new().route("/hello/{name}", get(hello));
    bedrock::serve(router).await
}

async fn hello(Path(name): Path<String>) -> Result<Json<GreetResponse>, (StatusCode, String)> {
    // `Greeter` is known to the compiler: another event or response type would not compile.
    let greeting = invoke!(Greeter, GreetRequest { name }, require_response = true).await;
    greeting.map(Json).map_err(|error| (StatusCode::BAD_GATEWAY, error.to_string()))
}
