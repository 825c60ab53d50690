//! Errors as SQS's JSON protocol has them. SDKs that knew the older protocol look at a header for the older name.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::super::super::dispatcher::uuid;
use super::super::store::MessageStoreError;

/// What a call did wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqsError {
    /// As the API model has it.
    pub(super) kind: &'static str,
    /// As the query protocol has it.
    pub(super) query: &'static str,
    pub(super) message: String,
    status: StatusCode,
}

impl SqsError {
    fn new(kind: &'static str, query: &'static str, message: impl Into<String>) -> Self {
        Self { kind, query, message: message.into(), status: StatusCode::BAD_REQUEST }
    }

    pub(super) fn no_queue() -> Self {
        let message = "The specified queue does not exist.";
        Self::new("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    pub(super) fn missing(name: &str) -> Self {
        let message = format!("The request must contain the parameter {name}.");
        Self::new("MissingRequiredParameterException", "MissingParameter", message)
    }

    pub(super) fn unknown(operation: &str) -> Self {
        let message = format!("`{operation}` is no operation of the local SQS");
        Self::new("InvalidAction", "InvalidAction", message)
    }

    pub(super) fn no_json(error: &serde_json::Error) -> Self {
        Self::new("SerializationException", "SerializationException", error.to_string())
    }

    pub(super) fn batch(kind: &'static str, query: &'static str, message: &str) -> Self {
        Self::new(kind, query, message)
    }

    pub(super) fn no_credentials() -> Self {
        let message = "Request is missing Authentication Token.";
        Self {
            status: StatusCode::FORBIDDEN,
            ..Self::new("MissingAuthenticationToken", "MissingAuthenticationToken", message)
        }
    }

    pub(super) fn response(&self) -> Response<Body> {
        let body = json!({ "__type": format!("com.amazonaws.sqs#{}", self.kind), "message": self.message });
        let mut response = answer(&body);
        *response.status_mut() = self.status;
        let side = if self.status.is_server_error() { "Receiver" } else { "Sender" };
        if let Ok(query) = HeaderValue::from_str(&format!("{};{side}", self.query)) {
            response.headers_mut().insert("x-amzn-query-error", query);
        }
        response
    }
}

impl From<MessageStoreError> for SqsError {
    fn from(error: MessageStoreError) -> Self {
        let failed = Self::new("InternalFailure", "InternalFailure", error.to_string());
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..failed }
    }
}

/// A 200 in the JSON protocol.
pub(super) fn answer(body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/x-amz-json-1.0"));
    if let Ok(id) = HeaderValue::from_str(&uuid()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
