//! Errors of Lambda's API: a status, the header `x-amzn-ErrorType`, and a body whose keys differ between errors. Errors
//! of functions are not API errors.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use bedrock_model::{AdmissionError, ExecutionError};

use bedrock_model::Error;
use bedrock_model::limits::MAX_EVENT_PAYLOAD_BYTES;

/// An error of AWS's API model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    status: StatusCode,
    /// The name of the exception that SDKs raise.
    pub(super) kind: &'static str,
    message: String,
    /// The reason of a throttled call.
    reason: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: String) -> Self {
        Self { status, kind, message, reason: None }
    }

    /// The caller has no permission.
    pub(super) fn denied(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDeniedException", message.to_owned())
    }

    /// No function has this name.
    pub(super) fn not_found(message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    }

    /// The API has no such operation, or this service does not implement it.
    pub(super) fn unknown_operation(method: &str, path: &str) -> Self {
        let message = format!("`{method} {path}` is not an operation of the local Lambda service");
        Self::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    }

    /// A parameter violates the API model.
    pub(super) fn invalid(member: &str, value: &str, constraint: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        );
        Self::new(StatusCode::BAD_REQUEST, "ValidationException", message)
    }

    /// A parameter is valid in the API model, but the service rejects it.
    pub(super) fn wrong_parameter(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
    }

    /// The event or the client context is not valid JSON.
    pub(super) fn bad_content(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message)
    }

    /// The event is too large.
    pub(super) fn too_large(bytes: usize, limit: usize, kind: &str) -> Self {
        let message = format!("{bytes} byte payload is too large for the {kind} invocation type (limit {limit} bytes)");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message)
    }

    /// The backend does not admit the call.
    pub(super) fn not_admitted(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Access(message) => Self::denied(&message),
            AdmissionError::Recursion(message) => {
                Self::new(StatusCode::BAD_REQUEST, "RecursiveInvocationException", message)
            }
        }
    }

    /// An execution of a durable function was not started.
    pub(super) fn of_execution(error: &ExecutionError) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, error.exception, error.message.clone())
    }

    /// The service failed, not the caller.
    pub(super) fn service(message: String) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", message)
    }

    /// Converts an error of a call whose function did not run. `None` for errors of functions.
    pub(super) fn from_call_error(error: &Error) -> Option<Self> {
        match error {
            Error::Function { .. } | Error::Timeout { .. } | Error::NotStarted { .. } => None,
            Error::Throttled { reason, .. } => {
                let error =
                    Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.".into());
                Some(Self { reason: Some(reason.clone()), ..error })
            }
            Error::AccessDenied { message, .. } => Some(Self::denied(message)),
            Error::PayloadTooLarge { bytes, limit, .. } => {
                let kind = if *limit == MAX_EVENT_PAYLOAD_BYTES { "Event" } else { "RequestResponse" };
                Some(Self::too_large(*bytes, *limit, kind))
            }
            Error::WorkerNotFound { .. } => Some(Self::not_found(error.to_string())),
            // Serialization and transport errors, and variants that are added later.
            _ => Some(Self::service(error.to_string())),
        }
    }

    /// Returns the HTTP response.
    pub(super) fn into_response(self, request_id: &str) -> Response<Body> {
        // In the API model these errors have the key `Message`, all others have `message`.
        let capitalized = [
            "CallbackTimeoutException",
            "DurableExecutionAlreadyStartedException",
            "RecursiveInvocationException",
            "ResourceNotFoundException",
            "ServiceException",
        ];
        let fault = if self.status.is_server_error() { "Service" } else { "User" };
        let mut body = Map::new();
        body.insert(
            if capitalized.contains(&self.kind) { "Message" } else { "message" }.to_owned(),
            self.message.into(),
        );
        body.insert("Type".to_owned(), fault.into());
        let is_throttled = self.reason.is_some();
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
        if is_throttled {
            headers.insert("retry-after", HeaderValue::from_static("1"));
        }
        response
    }
}
