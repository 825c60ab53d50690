//! What a call did wrong, as AWS answers it: a status, `x-amzn-ErrorType`, and a body whose keys each error spells its
//! own way. What a function did wrong is no refusal.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use super::backend::Denied;
use crate::Error;

/// An error of AWS's API model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    /// The name of the exception that an SDK makes of it.
    pub(super) kind: &'static str,
    message: String,
    /// Why a call is throttled.
    reason: Option<String>,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, message: String) -> Self {
        Self { status, kind, message, reason: None }
    }

    /// Whoever calls has no right to.
    pub(super) fn denied(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDeniedException", message.to_owned())
    }

    /// Nothing here is called so.
    pub(super) fn not_found(message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    }

    /// No operation of the API is called so, or none that this service knows.
    pub(super) fn unknown_operation(method: &str, path: &str) -> Self {
        let message = format!("`{method} {path}` is no operation of the local Lambda service");
        Self::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    }

    /// A parameter that is not as the API model says.
    pub(super) fn invalid(member: &str, value: &str, constraint: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        );
        Self::new(StatusCode::BAD_REQUEST, "ValidationException", message)
    }

    /// A parameter that the model allows and the service does not.
    pub(super) fn wrong_parameter(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
    }

    /// An event or a client context that is no JSON.
    pub(super) fn bad_content(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message)
    }

    /// An event over the limit.
    pub(super) fn too_large(bytes: usize, limit: usize, kind: &str) -> Self {
        let message = format!("{bytes} byte payload is too large for the {kind} invocation type (limit {limit} bytes)");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message)
    }

    /// A call that the back end does not let in.
    pub(super) fn not_admitted(denied: Denied) -> Self {
        match denied {
            Denied::Access(message) => Self::denied(&message),
            Denied::Recursion(message) => Self::new(StatusCode::BAD_REQUEST, "RecursiveInvocationException", message),
        }
    }

    /// What the machine, not the caller, did wrong.
    pub(super) fn service(message: String) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", message)
    }

    /// Of an error that says that no function ran; nothing of those that one made.
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Function { .. } | Error::Timeout { .. } | Error::NotStarted { .. } => None,
            Error::Throttled { reason, .. } => {
                let refusal =
                    Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.".into());
                Some(Self { reason: Some(reason.clone()), ..refusal })
            }
            Error::AccessDenied { message, .. } => Some(Self::denied(message)),
            Error::PayloadTooLarge { bytes, limit, .. } => {
                let kind = if *limit == crate::limits::EVENT_PAYLOAD { "Event" } else { "RequestResponse" };
                Some(Self::too_large(*bytes, *limit, kind))
            }
            Error::WorkerNotFound { .. } => Some(Self::not_found(error.to_string())),
            Error::Serialize { .. } | Error::Deserialize { .. } | Error::Transport { .. } => {
                Some(Self::service(error.to_string()))
            }
        }
    }

    /// As it goes over the wire.
    pub(super) fn response(self, request_id: &str) -> Response<Body> {
        // The API model writes `Message` in these and `message` in all others.
        let capital = ["ResourceNotFoundException", "ServiceException", "RecursiveInvocationException"];
        let who = if self.status.is_server_error() { "Service" } else { "User" };
        let mut body = Map::new();
        body.insert(if capital.contains(&self.kind) { "Message" } else { "message" }.to_owned(), self.message.into());
        body.insert("Type".to_owned(), who.into());
        let throttled = self.reason.is_some();
        if let Some(reason) = self.reason {
            body.insert("Reason".to_owned(), reason.into());
        }
        let mut response = Response::new(Body::from(Value::Object(body).to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.kind));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("x-amzn-requestid", id);
        }
        if throttled {
            headers.insert("retry-after", HeaderValue::from_static("1"));
        }
        response
    }
}
