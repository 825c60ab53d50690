//! A web site with information on space, on this machine: `GET /api/systems`.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bedrock::{Result, WorkerError};
use tokio::net::TcpListener;

/// The address is in the workers' code, as the one of the specification's web site is.
const ADDRESS: &str = "127.0.0.1:7878";
const SYSTEMS: &str = include_str!("systems.json");

/// Starts the site in the background.
pub async fn start() -> Result<()> {
    let listener = TcpListener::bind(ADDRESS).await.map_err(|error| {
        WorkerError::new("BadAddress", format!("failed to start the space web site on {ADDRESS}: {error}"))
    })?;
    let router = Router::new().route("/api/systems", get(|| async { ([(CONTENT_TYPE, "application/json")], SYSTEMS) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}
