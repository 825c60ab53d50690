//! What the fuzz targets in `fuzz/` call of this crate. Compiled only for them.

pub use crate::host::read_frames as host_frames;
pub use crate::lambda_api::function_url_event;

use axum::body::Body;
use axum::http::Response;
use bytes::Bytes;

/// Converts the response of a function to an HTTP response.
pub fn function_url_response(response: Bytes) -> Option<Response<Body>> {
    crate::lambda_api::function_url_response::http_response(&response)
}
