//! The port and the routes.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::routing::{any, get, post};
use bedrock_model::Backend;
use bedrock_model::id::new_uuid;
use tokio::net::TcpListener;

use super::access::{Access, check_host, check_origin, function_of_host};
use super::api_error::ApiError;
use super::service::{RequireCredentials, Service};
use super::{cors, function_url, functions, invoke, invoke_with_response_stream};
use crate::http_server::{self, FilteredRouter, RequestFilter, ResponseFuture};

/// Serves Lambda's API on a port until the program ends.
pub async fn serve_on(listener: TcpListener, backend: Arc<dyn Backend>, access: Access) -> std::io::Result<()> {
    serve_alongside_routes(listener, backend, access, Router::new()).await
}

/// Serves Lambda's API and further routes on a port until the program ends. The further routes need no credentials, but
/// pages of other origins cannot use them either.
pub async fn serve_alongside_routes(
    listener: TcpListener,
    backend: Arc<dyn Backend>,
    access: Access,
    further_routes: Router,
) -> std::io::Result<()> {
    let service = Arc::new(Service { backend, access });
    let bound = listener.local_addr()?.ip();
    let operations = Router::new()
        .route("/2015-03-31/functions", get(functions::list))
        .route("/2015-03-31/functions/", get(functions::list))
        .route("/2015-03-31/functions/{name}", get(functions::get))
        .route("/2015-03-31/functions/{name}/configuration", get(functions::get_configuration))
        .route("/2015-03-31/functions/{name}/invocations", post(invoke::invoke))
        .route(
            "/2021-11-15/functions/{name}/response-streaming-invocations",
            post(invoke_with_response_stream::invoke_with_response_stream),
        )
        .fallback(fallback)
        .method_not_allowed_fallback(fallback);
    let router = Router::new()
        .route("/_url/{name}", any(function_url::call))
        .route("/_url/{name}/", any(function_url::call))
        .route("/_url/{name}/{*path}", any(function_url::call))
        .merge(operations)
        .with_state(Arc::clone(&service))
        .merge(further_routes);
    let router = FilteredRouter { router, filter: Some(Arc::new(HostAndOriginCheck { service, bound })) };
    http_server::run(listener, router, Box::pin(std::future::pending())).await
}

/// Rejects requests of other origins, and routes requests for the host of a function URL to the function, whatever
/// their path.
struct HostAndOriginCheck {
    service: Arc<Service>,
    bound: IpAddr,
}

impl RequestFilter for HostAndOriginCheck {
    fn filter(&self, request: Request) -> Result<Request, ResponseFuture> {
        let (parts, body) = request.into_parts();
        let checked = check_host(&parts, self.bound).and_then(|()| {
            // The owner of a function URL decides which pages may call it.
            if cors::allows(&self.service, &parts) { Ok(()) } else { check_origin(&parts) }
        });
        if let Err(message) = checked {
            return Err(Box::pin(std::future::ready(ApiError::denied(&message).into_response(&new_uuid()))));
        }
        let request = Request::from_parts(parts, body);
        let Some(name) = function_of_host(request.headers()) else { return Ok(request) };
        let service = Arc::clone(&self.service);
        Err(Box::pin(async move { function_url::respond(&service, &name, request).await }))
    }
}

async fn fallback(_: RequireCredentials, request: Request) -> Response<Body> {
    unknown_operation(request).await
}

/// Returns the error response for a request that is not an operation of Lambda's API, for further routes with a
/// fallback.
pub async fn unknown_operation(request: Request) -> Response<Body> {
    ApiError::unknown_operation(request.method().as_str(), request.uri().path()).into_response(&new_uuid())
}
