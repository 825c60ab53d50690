//! `GET /systems`: planetary systems, fetched by the Python worker, and a report on them by workers in all languages.

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use bedrock::invoke;
use distance_ranker::System;
use serde_json::{Value, json};

pub fn router() -> Router {
    Router::new().route("/systems", get(get_global))
}

async fn get_global() -> (StatusCode, Json<Value>) {
    match systems().await {
        Ok(body) => (StatusCode::OK, Json(body)),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": error.to_string() }))),
    }
}

async fn systems() -> Result<Value, bedrock::Error> {
    let systems: Vec<System> = invoke!("system_fetcher", json!({}), require_response = true).await?;
    let from_javascript: Vec<System> = invoke!("system_fetcher_js", json!({}), require_response = true).await?;
    let report: Value = invoke!("system_report", json!({ "title": "Near us" }), require_response = true).await?;
    Ok(json!({ "systems": systems, "javascript_agrees": systems == from_javascript, "report": report }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bedrock::test::App;
    use bedrock::{Error, WorkerError, invoke};
    use serde_json::{Value, json};

    use super::router;

    fn systems() -> Value {
        json!([
            { "name": "Vega", "distance_ly": 25.0, "planets": 0 },
            { "name": "Ross 128", "distance_ly": 11.0, "planets": 1 },
        ])
    }

    /// The two workers that fetch from the website are mocked. The three other workers run, in Rust, Python and
    /// JavaScript.
    #[bedrock::test]
    async fn report_calls_workers_in_all_languages(app: App) -> bedrock::Result<()> {
        for worker in ["system_counter", "system_report"] {
            if let Err(missing) = app.can_run(worker).await {
                eprintln!("skipped: {missing}");
                return Ok(());
            }
        }
        for worker in ["system_fetcher", "system_fetcher_js"] {
            app.mock(worker, |_: Value| Ok(systems()));
        }
        let app = app.with_router(router());
        let body: Value = app.get("/systems").await?.json()?;
        assert_eq!(body["javascript_agrees"], true);
        assert_eq!(body["report"]["planets"], 1);
        assert_eq!(body["report"]["nearest"][0]["name"], "Ross 128");
        app.assert_called("distance_ranker").by("system_report").with_event(json!({ "most": 3 })).times(1);
        app.assert_called("distance_ranker").by("system_counter").times(1);
        app.assert_called("system_fetcher").times(3);
        Ok(())
    }

    #[bedrock::test]
    async fn timeout_of_the_website_is_an_endpoint_error(app: App) -> bedrock::Result<()> {
        let after = Duration::from_secs(10);
        app.mock_error("system_fetcher", Error::Timeout { worker: "system_fetcher".to_owned(), after });
        let response = app.with_router(router()).get("/systems").await?;
        assert_eq!(response.status(), 500);
        assert_eq!(response.json::<Value>()?["error"], "worker `system_fetcher` timed out after 10.00 seconds");
        Ok(())
    }

    #[bedrock::test]
    async fn event_that_fails_twice_succeeds_three_minutes_later(app: App) -> bedrock::Result<()> {
        let mut failures = 2;
        app.mock("system_fetcher", move |_: Value| {
            if failures > 0 {
                failures -= 1;
                return Err(WorkerError::new("Busy", "come back later"));
            }
            Ok(systems())
        });
        invoke!("system_fetcher", json!({})).await?;
        app.clock().advance(Duration::from_secs(180)).await;
        app.assert_called("system_fetcher").times(3).answered(systems()).times(1);
        Ok(())
    }
}
