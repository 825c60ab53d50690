//! Errors in SQS's JSON protocol. SDKs that also support the older query protocol read its error code from a header.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::super::super::aws_api::new_uuid;
use super::super::store::MessageStoreError;

/// An error response of SQS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqsError {
    /// The error type of the JSON protocol.
    kind: &'static str,
    /// The error code of the query protocol.
    pub(super) query_code: &'static str,
    pub(super) message: String,
    status: StatusCode,
}

impl SqsError {
    fn new(kind: &'static str, query_code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, query_code, message: message.into(), status: StatusCode::BAD_REQUEST }
    }

    pub(super) fn queue_does_not_exist() -> Self {
        let message = "The specified queue does not exist.";
        Self::new("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", message)
    }

    pub(super) fn invalid_value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    pub(super) fn missing_parameter(name: &str) -> Self {
        let message = format!("The request must contain the parameter {name}.");
        Self::new("MissingRequiredParameterException", "MissingParameter", message)
    }

    /// A request in the older query protocol, or none at all.
    pub(super) fn no_operation() -> Self {
        let message = "the request has no header `X-Amz-Target` with an operation of SQS: the local SQS has only the JSON \
                       protocol, which AWS's SDKs use since 2023";
        Self::new("InvalidAction", "InvalidAction", message)
    }

    pub(super) fn unknown_operation(operation: &str) -> Self {
        let message = format!(
            "`{operation}` is not an operation of the local SQS, whose queues come from the triggers in the settings"
        );
        Self::new("InvalidAction", "InvalidAction", message)
    }

    pub(super) fn invalid_receipt_handle(message: &str) -> Self {
        Self::new("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", message)
    }

    pub(super) fn invalid_json(error: &serde_json::Error) -> Self {
        Self::new("SerializationException", "SerializationException", error.to_string())
    }

    pub(super) fn with_code(kind: &'static str, query_code: &'static str, message: &str) -> Self {
        Self::new(kind, query_code, message)
    }

    pub(super) fn missing_credentials() -> Self {
        let message = "Request is missing Authentication Token.";
        Self {
            status: StatusCode::FORBIDDEN,
            ..Self::new("MissingAuthenticationToken", "MissingAuthenticationToken", message)
        }
    }

    pub(super) fn to_response(&self) -> Response<Body> {
        let body = json!({ "__type": format!("com.amazonaws.sqs#{}", self.kind), "message": self.message });
        let mut response = json_response(&body);
        *response.status_mut() = self.status;
        let fault = if self.status.is_server_error() { "Receiver" } else { "Sender" };
        if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", self.query_code)) {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    }
}

impl From<MessageStoreError> for SqsError {
    fn from(error: MessageStoreError) -> Self {
        let internal = Self::new("InternalFailure", "InternalFailure", error.to_string());
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..internal }
    }
}

/// Returns a response with status 200 in the JSON protocol.
pub(super) fn json_response(body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/x-amz-json-1.0"));
    if let Ok(id) = HeaderValue::from_str(&new_uuid()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
