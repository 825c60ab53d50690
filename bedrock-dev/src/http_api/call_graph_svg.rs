//! The call graph as `cargo bedrock graph --format svg` draws it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response};

use super::response::{ApiError, ApiResult};
use super::state::ApiState;

/// `GET /_bedrock/v1/graph.svg`
pub(super) async fn get(State(desk): State<Arc<ApiState>>) -> ApiResult {
    let picture = desk.picture.borrow().clone();
    let picture = picture.ok_or_else(|| ApiError::not_found("no build has found the call graph yet"))?;
    let mut response = Response::new(Body::from(picture()));
    response.headers_mut().insert("content-type", HeaderValue::from_static("image/svg+xml"));
    // Opened by itself it is a document of this origin: it may have its own styles, and nothing else.
    let may = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    response.headers_mut().insert("content-security-policy", may);
    Ok(response)
}
