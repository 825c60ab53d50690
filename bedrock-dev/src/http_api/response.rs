//! JSON, and errors as such: `{"error": {"message": "no worker named `x` in this app"}}`.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;

/// A 200.
pub(super) fn ok(value: &impl Serialize) -> Response<Body> {
    with(StatusCode::OK, value)
}

/// What is wrong, and with what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// A 400.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A 404.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// A 500.
    pub(super) fn failed(error: &impl ToString) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        with(self.status, &json!({ "error": { "message": self.message } }))
    }
}

/// What a route gives.
pub(super) type ApiResult = Result<Response<Body>, ApiError>;

/// JSON with a status.
pub(super) fn with(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    // Texts, numbers and what was JSON before: that is always JSON.
    text(status, serde_json::to_string(value).unwrap_or_default())
}

/// JSON that is written already.
pub(super) fn text(status: StatusCode, json: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(json.into());
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}
