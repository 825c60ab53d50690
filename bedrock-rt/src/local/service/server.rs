//! The port and the routes.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::Response;
use axum::http::request::Parts;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;

use super::backend::{Backend, FunctionInfo};
use super::door::{self, Access};
use super::refusal::Refusal;
use super::target::Target;
use super::{functions, invoke, url};
use crate::Error;
use crate::local::serve::{Answer, Door, Front};

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
        .fallback(no_operation)
        .method_not_allowed_fallback(no_operation);
    let router = Router::new()
        .route("/_url/{name}", any(url::call))
        .route("/_url/{name}/", any(url::call))
        .route("/_url/{name}/{*path}", any(url::call_below))
        .merge(operations)
        .with_state(Arc::clone(&service))
        .merge(further);
    let front = Front { router, door: Some(Arc::new(FromWhereItMay { service, bound })) };
    crate::local::serve::run(listener, front, Box::pin(std::future::pending())).await
}

/// Requests for a function's own host are that function's, whatever their path.
struct FromWhereItMay {
    service: Arc<Service>,
    bound: IpAddr,
}

impl Door for FromWhereItMay {
    fn answer(&self, request: Request) -> Result<Request, Answer> {
        let (parts, body) = request.into_parts();
        if let Err(refusal) = door::from_where_it_may(&parts, self.bound) {
            return Err(Box::pin(std::future::ready(refusal.response(&crate::id::request_id()))));
        }
        let request = Request::from_parts(parts, body);
        let Some(name) = door::function_of_host(request.headers()) else { return Ok(request) };
        let service = Arc::clone(&self.service);
        Err(Box::pin(async move { url::answer(&service, &name, request).await }))
    }
}

/// What each of Lambda's operations asks for first: the credentials of the call.
pub(super) struct Signed;

impl FromRequestParts<Arc<Service>> for Signed {
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Self::Rejection> {
        let checked = door::credentials(&parts.headers, &service.access);
        checked.map(|()| Self).map_err(|refusal| refusal.response(&crate::id::request_id()))
    }
}

async fn no_operation(_: Signed, request: Request) -> Response<Body> {
    unknown_operation(request).await
}

/// What is answered to a request that is none of Lambda's, for further routes that take all addresses.
pub async fn unknown_operation(request: Request) -> Response<Body> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    Refusal::unknown_operation(method, path).response(&crate::id::request_id())
}
