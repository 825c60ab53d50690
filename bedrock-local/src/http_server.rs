//! The local HTTP server: for the endpoint on 127.0.0.1, and for Lambda's API.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::http::header::UPGRADE;
use axum::serve::ListenerExt;
use axum::{Router, ServiceExt};
use tokio::net::TcpListener;
use tower_service::Service;

use crate::response_framing::correct_framing;

/// Serves a router until `until` completes and the running requests have been answered.
///
/// # Errors
///
/// If the listener fails.
pub async fn serve_until(
    listener: TcpListener,
    router: Router,
    until: Pin<Box<dyn Future<Output = ()> + Send>>,
) -> std::io::Result<()> {
    run(listener, FilteredRouter { router, filter: None }, until).await
}

/// Runs before the router.
pub(crate) trait RequestFilter: Send + Sync {
    /// Returns the request for the router, or the response to a request that the router does not get.
    fn filter(&self, request: Request) -> Result<Request, ResponseFuture>;
}

/// Future of an HTTP response.
pub(crate) type ResponseFuture = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// A router with a filter for all requests. A layer of the router would do the same with more overhead per request.
#[derive(Clone)]
pub(crate) struct FilteredRouter {
    pub(crate) router: Router,
    pub(crate) filter: Option<Arc<dyn RequestFilter>>,
}

impl Service<Request> for FilteredRouter {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let method = request.method().clone();
        let wants_upgrade = request.headers().contains_key(UPGRADE);
        let filtered = match &self.filter {
            Some(filter) => filter.filter(request),
            None => Ok(request),
        };
        let response: ResponseFuture = match filtered {
            Ok(request) => {
                let response = self.router.call(request);
                Box::pin(async { response.await.unwrap_or_else(|error| match error {}) })
            }
            Err(response) => response,
        };
        Box::pin(async move {
            let mut response = response.await;
            correct_framing(&mut response, &method, wants_upgrade);
            Ok(response)
        })
    }
}

/// Runs the only HTTP server of this crate, for the endpoint and for Lambda's API. Its generic code is compiled once.
pub(crate) async fn run(
    listener: TcpListener,
    router: FilteredRouter,
    until: Pin<Box<dyn Future<Output = ()> + Send>>,
) -> std::io::Result<()> {
    let listener = ListenerExt::tap_io(listener, |stream| {
        // Otherwise small responses on keep-alive connections would wait 40 ms for the caller's acknowledgement.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router.into_make_service()).with_graceful_shutdown(until).await
}
