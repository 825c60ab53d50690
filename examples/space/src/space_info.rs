//! A local website with data on planetary systems: `GET /api/systems`.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bedrock::{Result, WorkerError};
use tokio::net::TcpListener;

/// The same address is in the code of the workers.
const ADDRESS: &str = "127.0.0.1:7878";
const SYSTEMS: &str = include_str!("systems.json");

/// Starts the website in the background.
pub async fn start() -> Result<()> {
    let listener = TcpListener::bind(ADDRESS).await.map_err(|error| {
        WorkerError::new("BadAddress", format!("failed to start the space website on {ADDRESS}: {error}"))
    })?;
    let router = Router::new().route("/api/systems", get(|| async { ([(CONTENT_TYPE, "application/json")], SYSTEMS) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}
