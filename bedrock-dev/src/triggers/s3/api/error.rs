//! Errors in S3's format: a code and a message as XML.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::xml::Element;

/// An error response of S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct S3Error {
    pub(super) status: StatusCode,
    code: &'static str,
    message: String,
}

impl S3Error {
    pub(super) fn no_such_bucket() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist")
    }

    pub(super) fn no_such_key() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.")
    }

    pub(super) fn access_denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied")
    }

    pub(super) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    pub(super) fn invalid_range() -> Self {
        let message = "The requested range is not satisfiable";
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message)
    }

    pub(super) fn not_implemented(operation: &str) -> Self {
        let message = format!("`{operation}` is not implemented by the local S3");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn to_response(&self) -> Response<Body> {
        let error =
            Element::new("Error").with(Element::text("Code", self.code)).with(Element::text("Message", &self.message));
        let mut response = error.into_response();
        *response.status_mut() = self.status;
        response
    }
}

/// A missing file is an error of the caller, every other error is internal.
impl From<std::io::Error> for S3Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory | std::io::ErrorKind::IsADirectory => {
                Self::no_such_key()
            }
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", error.to_string()),
        }
    }
}
