//! JSON responses, and errors in their JSON form: `{"error": {"message": "no worker named `x` in this app"}}`.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;

/// Returns JSON with status 200.
pub(super) fn ok(value: &impl Serialize) -> Response<Body> {
    with_status(StatusCode::OK, value)
}

/// An error response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// Returns an error with status 400.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Returns an error with status 404.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Returns an error with status 500.
    pub(super) fn internal(error: &impl ToString) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        with_status(self.status, &json!({ "error": { "message": self.message } }))
    }
}

/// The result of a handler.
pub(super) type ApiResult = Result<Response<Body>, ApiError>;

/// Returns JSON with a status.
pub(super) fn with_status(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    // Strings, numbers and validated JSON always serialize.
    json_text(status, serde_json::to_string(value).unwrap_or_default())
}

/// Returns serialized JSON with a status.
pub(super) fn json_text(status: StatusCode, json: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(json.into());
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}
