//! The endpoint on a laptop: an HTTP server on 127.0.0.1.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::serve::ListenerExt;
use axum::{Router, ServiceExt};
use tokio::net::TcpListener;
use tower_service::Service;

use super::stop;
use crate::run::complain;
use crate::{Result, WorkerError};

const DEFAULT_PORT: u16 = 3000;

/// Whether a server is running, which then decides itself when the body of `main` ends.
pub(super) static SERVING: AtomicBool = AtomicBool::new(false);

/// Serves until the program is asked to stop and the running requests are answered.
pub(crate) async fn serve(router: Router) -> Result<()> {
    let listener = bind(port()?).await?;
    let address = listener.local_addr()?;
    SERVING.store(true, Ordering::Relaxed);
    complain(&format!("listening on http://{address}, stop with Ctrl-C"));
    run(listener, Front { router, door: None }, Box::pin(stop::requested(1))).await?;
    Ok(())
}

/// Answers a request, or lets it in.
pub(super) trait Door: Send + Sync {
    fn answer(&self, request: Request) -> Result<Request, Answer>;
}

/// What comes of a request.
pub(super) type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Routes, and who stands before all of them. A layer of the router would do the same in more steps for each request.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) router: Router,
    pub(super) door: Option<Arc<dyn Door>>,
}

impl Service<Request> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let let_in = match &self.door {
            Some(door) => door.answer(request),
            None => Ok(request),
        };
        match let_in {
            Ok(request) => Box::pin(self.router.call(request)),
            Err(answer) => Box::pin(async move { Ok(answer.await) }),
        }
    }
}

/// The one HTTP server of this crate, for the endpoint and for the Invoke API: what is generic in it is compiled once.
pub(super) async fn run(
    listener: TcpListener,
    front: Front,
    until: Pin<Box<dyn Future<Output = ()> + Send>>,
) -> std::io::Result<()> {
    let listener = ListenerExt::tap_io(listener, |stream| {
        // Small answers on kept connections would wait 40 ms for the caller's acknowledgement otherwise.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, front.into_make_service()).with_graceful_shutdown(until).await
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
