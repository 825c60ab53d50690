//! Errors as S3 has them: a code and a message in XML.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};

use super::super::super::dispatcher::uuid;

/// What a call did wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct S3Error {
    pub(super) status: StatusCode,
    code: &'static str,
    message: String,
}

impl S3Error {
    pub(super) fn no_bucket() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist")
    }

    pub(super) fn no_key() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.")
    }

    pub(super) fn no_credentials() -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied")
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    pub(super) fn range() -> Self {
        let message = "The requested range is not satisfiable";
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message)
    }

    pub(super) fn unknown(what: &str) -> Self {
        let message = format!("`{what}` is not implemented by the local S3");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn response(&self) -> Response<Body> {
        let (code, message) = (self.code, escaped(&self.message));
        let mut response = xml(&format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"));
        *response.status_mut() = self.status;
        response
    }
}

/// Of a file: that it is not there is the caller's mistake, all else the machine's.
impl From<std::io::Error> for S3Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory | std::io::ErrorKind::IsADirectory => {
                Self::no_key()
            }
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", error.to_string()),
        }
    }
}

/// A 200.
pub(super) fn xml(element: &str) -> Response<Body> {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{element}");
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/xml"));
    with_id(response)
}

/// With what every answer has.
pub(super) fn with_id(mut response: Response<Body>) -> Response<Body> {
    if let Ok(id) = HeaderValue::from_str(&uuid()) {
        response.headers_mut().insert("x-amz-request-id", id);
    }
    response
}

/// As text of XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
