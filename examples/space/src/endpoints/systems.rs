//! `GET /systems`: planetary systems, fetched by the Python worker, and a report on them that went through all languages.

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
    let same: Vec<System> = invoke!("system_fetcher_js", json!({}), require_response = true).await?;
    let report: Value = invoke!("system_report", json!({ "title": "Near us" }), require_response = true).await?;
    Ok(json!({ "systems": systems, "javascript_agrees": systems == same, "report": report }))
}
