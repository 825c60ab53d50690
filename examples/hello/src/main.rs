//! The smallest app: one endpoint and one Rust worker.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use bedrock::invoke;
use greeter::{GreetRequest, GreetResponse, Greeter};

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    bedrock::serve(router()).await
}

fn router() -> Router {
    Router::new().route("/hello/{name}", get(hello))
}

async fn hello(Path(name): Path<String>) -> Result<Json<GreetResponse>, (StatusCode, String)> {
    // The compiler checks the event and response types of `Greeter`.
    let greeting = invoke!(Greeter, GreetRequest { name }, require_response = true).await;
    greeting.map(Json).map_err(|error| (StatusCode::BAD_GATEWAY, error.to_string()))
}

#[cfg(test)]
mod tests {
    use bedrock::WorkerError;
    use bedrock::test::App;
    use greeter::{GreetRequest, GreetResponse};
    use serde_json::json;

    use super::router;

    #[bedrock::test]
    async fn endpoint_responds_with_the_greeting_of_the_worker(app: App) -> bedrock::Result<()> {
        let app = app.with_router(router());
        let response = app.get("/hello/Ada").await?;
        assert_eq!(response.status(), 200);
        assert_eq!(response.json::<GreetResponse>()?.message, "Hello, Ada!");
        app.assert_called("greeter").by("endpoint").with_event(json!({ "name": "Ada" })).times(1);
        Ok(())
    }

    #[bedrock::test]
    async fn failed_worker_is_a_bad_gateway(app: App) -> bedrock::Result<()> {
        let app = app.with_router(router());
        app.mock("greeter", |_: GreetRequest| {
            Err::<GreetResponse, _>(WorkerError::new("Speechless", "nothing to say"))
        });
        let response = app.get("/hello/Ada").await?;
        assert_eq!(response.status(), 502);
        assert_eq!(response.text(), "worker `greeter` failed: Speechless: nothing to say");
        Ok(())
    }
}
