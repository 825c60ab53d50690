//! The port and the routes.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::{any, get, post};
use tokio::net::TcpListener;

use super::backend::{Backend, FunctionInfo};
use super::door::{self, Access};
use super::refusal::Refusal;
use super::target::Target;
use super::{functions, invoke, url};
use crate::Error;

/// What the operations share.
pub(super) struct Service {
    pub(super) backend: Arc<dyn Backend>,
    access: Access,
}

impl Service {
    /// The function that a call names. Versions other than the code as it is do not exist here.
    pub(super) fn function(&self, target: &Target<'_>) -> Result<FunctionInfo, Refusal> {
        let (arn, help) = match self.backend.find(target.name) {
            Ok(function) if target.is_latest() => return Ok(function),
            Ok(function) => (function.arn, None),
            Err(Error::WorkerNotFound { help, .. }) => (self.backend.arn(target.name), help),
            Err(other) => return Err(Refusal::service(other.to_string())),
        };
        let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
        Err(Refusal::not_found(format!("Function not found: {}{help}", target.qualified(&arn))))
    }
}

/// Serves Lambda's API on a port until the program ends.
pub async fn serve_on(listener: TcpListener, backend: Arc<dyn Backend>, access: Access) -> std::io::Result<()> {
    serve_beside(listener, backend, access, Router::new()).await
}

/// The same with further routes on the port, which need no credentials; pages of other origins get none of them either.
pub async fn serve_beside(
    listener: TcpListener,
    backend: Arc<dyn Backend>,
    access: Access,
    further: Router,
) -> std::io::Result<()> {
    let service = Arc::new(Service { backend, access });
    let bound = listener.local_addr()?.ip();
    let operations = Router::new()
        .route("/2015-03-31/functions", get(functions::list))
        .route("/2015-03-31/functions/", get(functions::list))
        .route("/2015-03-31/functions/{name}", get(functions::get))
        .route("/2015-03-31/functions/{name}/configuration", get(functions::get_configuration))
        .route("/2015-03-31/functions/{name}/invocations", post(invoke::invoke))
        .fallback(unknown_operation)
        .method_not_allowed_fallback(unknown_operation)
        .layer(from_fn_with_state(Arc::clone(&service), with_credentials));
    let router = Router::new()
        .route("/_url/{name}", any(url::call))
        .route("/_url/{name}/", any(url::call))
        .route("/_url/{name}/{*path}", any(url::call_below))
        .merge(operations)
        .with_state(Arc::clone(&service))
        .merge(further)
        .layer(from_fn_with_state((service, bound), from_where_it_may));
    crate::local::serve::run(listener, router, Box::pin(std::future::pending())).await
}

/// Requests for a function's own host are that function's, whatever their path.
async fn from_where_it_may(
    State((service, bound)): State<(Arc<Service>, IpAddr)>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if let Err(refusal) = door::from_where_it_may(&parts, bound) {
        return refusal.response(&crate::id::request_id());
    }
    let request = Request::from_parts(parts, body);
    match door::function_of_host(request.headers()) {
        Some(name) => url::answer(&service, &name, request).await,
        None => next.run(request).await,
    }
}

async fn with_credentials(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response<Body> {
    match door::credentials(request.headers(), &service.access) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.response(&crate::id::request_id()),
    }
}

/// What is answered to a request that is none of Lambda's, for further routes that take all addresses.
pub async fn unknown_operation(request: Request) -> Response<Body> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    Refusal::unknown_operation(method, path).response(&crate::id::request_id())
}
