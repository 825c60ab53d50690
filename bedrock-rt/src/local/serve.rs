//! The local HTTP server: for the endpoint on 127.0.0.1, and for Lambda's API.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::header::UPGRADE;
use axum::http::{Response, StatusCode};
use axum::serve::IncomingStream;
use tokio::net::TcpListener;
use tower_service::Service;

use super::connection_timeouts::{ConnectionActivity, TimedListener};
use super::response_framing::correct_framing;
use super::shutdown::shutdown_requested;
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
    run(listener, FilteredRouter { router, filter: None }, Box::pin(shutdown_requested(1))).await?;
    Ok(())
}

/// Runs before the router.
pub(super) trait RequestFilter: Send + Sync {
    /// Returns the request for the router, or the response to a request that the router does not get.
    fn filter(&self, request: Request) -> Result<Request, ResponseFuture>;
}

/// Future of an HTTP response.
pub(super) type ResponseFuture = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// A router with a filter for all requests. A layer of the router would do the same with more overhead per request.
#[derive(Clone)]
pub(super) struct FilteredRouter {
    pub(super) router: Router,
    pub(super) filter: Option<Arc<dyn RequestFilter>>,
}

/// The router of one connection.
#[derive(Clone)]
pub(super) struct ConnectionRouter {
    router: FilteredRouter,
    activity: Arc<ConnectionActivity>,
}

impl Service<IncomingStream<'_, TimedListener>> for FilteredRouter {
    type Response = ConnectionRouter;
    type Error = Infallible;
    type Future = Ready<Result<ConnectionRouter, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, stream: IncomingStream<'_, TimedListener>) -> Self::Future {
        ready(Ok(ConnectionRouter { router: self.clone(), activity: Arc::clone(&stream.io().activity) }))
    }
}

impl Service<Request> for ConnectionRouter {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let method = request.method().clone();
        let wants_upgrade = request.headers().contains_key(UPGRADE);
        let running = self.activity.request_started();
        let router = &mut self.router;
        let filtered = match &router.filter {
            Some(filter) => filter.filter(request),
            None => Ok(request),
        };
        let response: ResponseFuture = match filtered {
            Ok(request) => {
                let response = router.router.call(request);
                Box::pin(async { response.await.unwrap_or_else(|error| match error {}) })
            }
            Err(response) => response,
        };
        Box::pin(async move {
            let mut response = response.await;
            correct_framing(&mut response, &method, wants_upgrade);
            if response.body().size_hint().exact().is_none() || response.status() == StatusCode::SWITCHING_PROTOCOLS {
                running.set_streaming();
            }
            Ok(response)
        })
    }
}

/// Runs the only HTTP server of this crate, for the endpoint and for Lambda's API. Its generic code is compiled once.
pub(super) async fn run(
    listener: TcpListener,
    router: FilteredRouter,
    until: Pin<Box<dyn Future<Output = ()> + Send>>,
) -> std::io::Result<()> {
    axum::serve(TimedListener::new(listener), router).with_graceful_shutdown(until).await
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
