//! Routes about the app as a whole: its description, and its call graph as an image.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response};
use serde_json::json;

use super::app_info::{AppInfo, WorkerInfo};
use super::response::{ApiError, ApiResult, ok};
use super::state::ApiState;
use crate::event_log::VERSION;

/// `GET /_bedrock/v1/app`
pub(super) async fn info(State(state): State<Arc<ApiState>>) -> Response<Body> {
    let AppInfo { name, url, endpoint, workers, resources, triggers } = &state.app;
    let edges = state.call_graph.borrow().clone();
    ok(&json!({
        "version": VERSION,
        "name": name,
        "url": url,
        "endpoint": endpoint,
        "workers": workers.iter().map(WorkerInfo::describe).collect::<Vec<_>>(),
        "edges": edges,
        "resources": resources,
        "triggers": triggers,
    }))
}

/// `GET /_bedrock/v1/graph.svg`: the call graph as `cargo bedrock graph --format svg` draws it.
pub(super) async fn call_graph_svg(State(state): State<Arc<ApiState>>) -> ApiResult {
    let render = state.render_call_graph.borrow().clone();
    let render = render.ok_or_else(|| ApiError::not_found("the call graph is not known before the first build"))?;
    let mut response = Response::new(Body::from(render()));
    response.headers_mut().insert("content-type", HeaderValue::from_static("image/svg+xml"));
    // Opened in a browser, the image is a document of this origin: it may use its own styles, and nothing else.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    response.headers_mut().insert("content-security-policy", policy);
    Ok(response)
}
