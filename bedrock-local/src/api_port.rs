//! The port of Lambda's API in a program that runs its own app.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use bedrock_model::Backend;
use tokio::net::TcpListener;

use super::lambda_api::{Access, serve_alongside_routes};

/// Environment variable of the app: the port of 127.0.0.1 on which programs outside of the app can use Lambda's API.
const PORT_VARIABLE: &str = "BEDROCK_LAMBDA_PORT";

/// Whether the user wants the API to be open from the start.
pub fn is_configured() -> bool {
    std::env::var_os(PORT_VARIABLE).is_some()
}

/// Opens the API on the configured port, for all clients, or on a free port, for clients with `access_key`. Returns its
/// URL.
pub(crate) fn open_configured(
    backend: Arc<dyn Backend>,
    access_key: Arc<str>,
) -> Pin<Box<dyn Future<Output = io::Result<String>> + Send>> {
    Box::pin(async move {
        match std::env::var(PORT_VARIABLE) {
            Ok(text) => open(parse_port(&text)?, backend, Access::Signed).await,
            Err(_) => open(0, backend, Access::Key(access_key)).await,
        }
    })
}

/// Opens the API for a backend and returns its URL. Port 0 means any free port.
pub async fn open(port: u16, backend: Arc<dyn Backend>, access: Access) -> io::Result<String> {
    open_alongside_routes(port, backend, access, Router::new()).await
}

/// Does the same as [`open`], with further routes.
pub async fn open_alongside_routes(
    port: u16,
    backend: Arc<dyn Backend>,
    access: Access,
    further_routes: Router,
) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve_alongside_routes(listener, backend, access, further_routes));
    Ok(url)
}

fn parse_port(text: &str) -> io::Result<u16> {
    text.parse()
        .map_err(|_| io::Error::other(format!("`{PORT_VARIABLE}` must be a number from 0 to 65535, found `{text}`")))
}
