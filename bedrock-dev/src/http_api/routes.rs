//! The route table.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{MethodRouter, any, get, post};

use super::response::{ApiError, json_text};
use super::state::ApiState;
use super::{access, app, call, events, executions, invocations, queue, save_as_test, triggers};

/// Prefix of all routes.
const BASE: &str = "/_bedrock/v1";
/// The OpenAPI description of the routes.
const OPENAPI: &str = include_str!("../../schema/dev-api.v1.json");

/// Returns all routes, to be served on the port of Lambda's API, whose access check they rely on.
pub fn router(state: &Arc<ApiState>) -> Router {
    let mut router = Router::new();
    for (_, path, route) in routes() {
        router = router.route(&format!("{BASE}{path}"), route);
    }
    router
        .route(&format!("{BASE}/{{*path}}"), any(unknown))
        .method_not_allowed_fallback(unknown)
        .layer(from_fn_with_state(Arc::clone(state), access::guard))
        .with_state(Arc::clone(state))
}

fn routes() -> Vec<(&'static str, &'static str, MethodRouter<Arc<ApiState>>)> {
    vec![
        ("get", "/openapi.json", get(openapi)),
        ("get", "/token", get(access::token)),
        ("get", "/app", get(app::info)),
        ("get", "/events", get(events::stream)),
        ("get", "/dev-events", get(events::list)),
        ("get", "/happenings", get(events::list_deprecated).layer(map_response(events::mark_deprecated))),
        ("get", "/invocations", get(invocations::list)),
        ("get", "/invocations/{request_id}", get(invocations::get)),
        ("get", "/invocations/{request_id}/event", get(invocations::event)),
        ("post", "/invocations/{request_id}/replay", post(call::replay)),
        ("post", "/invocations/{request_id}/test", post(save_as_test::save)),
        ("get", "/traces/{trace}", get(invocations::trace)),
        ("get", "/graph.svg", get(app::call_graph_svg)),
        ("get", "/queue", get(queue::list)),
        ("post", "/queue/{id}/retry", post(queue::retry)),
        ("post", "/queue/{id}/drop", post(queue::drop_event)),
        ("get", "/executions", get(executions::list)),
        ("get", "/executions/{id}", get(executions::get)),
        ("post", "/executions/{id}/stop", post(executions::stop)),
        ("post", "/executions/{id}/pause", post(executions::pause)),
        ("post", "/executions/{id}/resume", post(executions::resume)),
        ("post", "/executions/{id}/update-code", post(executions::update_code)),
        ("post", "/executions/{id}/callbacks/{operation}/succeed", post(executions::succeed)),
        ("post", "/executions/{id}/callbacks/{operation}/fail", post(executions::fail)),
        ("post", "/workers/{name}/invoke", post(call::invoke)),
        ("get", "/queues", get(triggers::queues)),
        ("get", "/queues/{name}/messages", get(triggers::messages)),
        ("post", "/queues/{name}/messages/{id}/redrive", post(triggers::redrive)),
        ("post", "/queues/{name}/messages/{id}/drop", post(triggers::drop_message)),
        ("post", "/workers/{name}/triggers/{number}/fire", post(triggers::fire)),
    ]
}

async fn openapi() -> Response<Body> {
    json_text(StatusCode::OK, OPENAPI)
}

async fn unknown(request: Request) -> ApiError {
    let method = request.method();
    let path = request.uri().path();
    ApiError::not_found(format!("no route `{method} {path}`; see `GET {BASE}/openapi.json`"))
}

#[cfg(test)]
mod tests {
    use super::{BASE, OPENAPI, routes};
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn openapi_describes_exactly_the_routes() {
        let described: Value = serde_json::from_str(OPENAPI).expect("JSON");
        let paths = described["paths"].as_object().expect("paths");
        let methods = paths.iter().flat_map(|(path, item)| {
            item.as_object().expect("an item").keys().map(move |method| format!("{method} {path}"))
        });
        let served = routes().into_iter().map(|(method, path, _)| format!("{method} {BASE}{path}"));
        assert_eq!(methods.collect::<BTreeSet<_>>(), served.collect::<BTreeSet<_>>());
    }
}
