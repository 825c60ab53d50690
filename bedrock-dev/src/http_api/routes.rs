//! What is where.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any, get, post};

use super::response::{ApiError, text};
use super::state::ApiState;
use super::{access, app_info, call, call_graph_svg, events, invocations, queue, save_as_test, triggers};

/// Below this are all routes.
const BASE: &str = "/_bedrock/v1";
/// What describes them.
const OPENAPI: &str = include_str!("../../schema/dev-api.v1.json");

/// All routes, to be served beside Lambda's API, whose door they need.
pub fn router(desk: &Arc<ApiState>) -> Router {
    let mut router = Router::new();
    for (_, path, route) in routes() {
        router = router.route(&format!("{BASE}{path}"), route);
    }
    router
        .route(&format!("{BASE}/{{*path}}"), any(unknown))
        .method_not_allowed_fallback(unknown)
        .layer(from_fn_with_state(Arc::clone(desk), access::guard))
        .with_state(Arc::clone(desk))
}

fn routes() -> Vec<(&'static str, &'static str, MethodRouter<Arc<ApiState>>)> {
    vec![
        ("get", "/openapi.json", get(openapi)),
        ("get", "/token", get(access::token)),
        ("get", "/app", get(app_info::get)),
        ("get", "/events", get(events::follow)),
        ("get", "/happenings", get(events::list)),
        ("get", "/invocations", get(invocations::list)),
        ("get", "/invocations/{request_id}", get(invocations::get)),
        ("get", "/invocations/{request_id}/event", get(invocations::event)),
        ("post", "/invocations/{request_id}/replay", post(call::replay)),
        ("post", "/invocations/{request_id}/test", post(save_as_test::save)),
        ("get", "/traces/{trace}", get(invocations::trace)),
        ("get", "/graph.svg", get(call_graph_svg::get)),
        ("get", "/queue", get(queue::list)),
        ("post", "/queue/{id}/retry", post(queue::retry)),
        ("post", "/queue/{id}/drop", post(queue::forget)),
        ("post", "/workers/{name}/invoke", post(call::invoke)),
        ("get", "/queues", get(triggers::queues)),
        ("post", "/workers/{name}/triggers/{number}/fire", post(triggers::fire)),
    ]
}

async fn openapi() -> Response<Body> {
    text(StatusCode::OK, OPENAPI)
}

async fn unknown(request: Request) -> ApiError {
    let (method, path) = (request.method(), request.uri().path());
    ApiError::not_found(format!("`{method} {path}` is not there, `GET {BASE}/openapi.json` tells what is"))
}

#[cfg(test)]
mod tests {
    use super::{BASE, OPENAPI, routes};
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn the_description_has_every_route_and_no_other() {
        let described: Value = serde_json::from_str(OPENAPI).expect("JSON");
        let paths = described["paths"].as_object().expect("paths");
        let methods = paths.iter().flat_map(|(path, item)| {
            item.as_object().expect("an item").keys().map(move |method| format!("{method} {path}"))
        });
        let there = routes().into_iter().map(|(method, path, _)| format!("{method} {BASE}{path}"));
        assert_eq!(methods.collect::<BTreeSet<_>>(), there.collect::<BTreeSet<_>>());
    }
}
