//! Serves the endpoint on 127.0.0.1.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use bedrock_local::{serve_until, shutdown_requested};
use tokio::net::TcpListener;

use crate::stderr::print_error;
use crate::{Result, WorkerError};

const DEFAULT_PORT: u16 = 3000;

/// Whether a server is running. The server then decides when the body of `main` ends.
pub(super) static IS_SERVING: AtomicBool = AtomicBool::new(false);

/// Serves until the program is asked to stop and the running requests have been answered.
pub(crate) async fn serve(router: Router) -> Result<()> {
    let listener = bind(port()?).await?;
    let address = listener.local_addr()?;
    IS_SERVING.store(true, Ordering::Relaxed);
    print_error(&format!("listening on http://{address}, stop with Ctrl-C"));
    serve_until(listener, router, Box::pin(shutdown_requested(1))).await?;
    Ok(())
}

fn port() -> Result<u16> {
    let Ok(text) = std::env::var("PORT") else { return Ok(DEFAULT_PORT) };
    text.parse()
        .map_err(|_| WorkerError::new("BadPort", format!("`PORT` must be a number from 0 to 65535, found `{text}`")))
}

async fn bind(port: u16) -> Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        let help = if error.kind() == std::io::ErrorKind::AddrInUse {
            "\nhelp: another program has the port; choose one with `PORT=3001`, or any free one with `PORT=0`"
        } else {
            ""
        };
        WorkerError::new("BadAddress", format!("failed to listen on {address}\n  caused by: {error}{help}"))
    })
}
