//! Errors of the durable execution API, with the names and statuses of AWS's API model.

use std::fmt;

use bedrock_model::ExecutionError;

/// The exceptions of the API model that the engine returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Several executions of a function cannot have the same name and different payloads.
    AlreadyStarted,
    /// The callback is closed.
    CallbackTimeout,
    /// A parameter is valid in the API model, but the service rejects it.
    InvalidParameterValue,
    /// The execution is in a state in which the operation is impossible.
    ResourceConflict,
    /// There is no such execution or callback.
    ResourceNotFound,
    /// The body is not the JSON of the operation.
    Serialization,
    /// The service failed, not the caller.
    Service,
    /// A parameter violates the API model.
    Validation,
}

impl ErrorKind {
    /// Returns the name of the exception that SDKs raise.
    pub fn name(self) -> &'static str {
        match self {
            Self::AlreadyStarted => "DurableExecutionAlreadyStartedException",
            Self::CallbackTimeout => "CallbackTimeoutException",
            Self::InvalidParameterValue => "InvalidParameterValueException",
            Self::ResourceConflict => "ResourceConflictException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::Service => "ServiceException",
            Self::Validation => "ValidationException",
        }
    }

    /// Returns the status of the HTTP response.
    pub fn status(self) -> u16 {
        match self {
            Self::AlreadyStarted | Self::ResourceConflict => 409,
            Self::ResourceNotFound => 404,
            Self::Service => 500,
            Self::CallbackTimeout | Self::InvalidParameterValue | Self::Serialization | Self::Validation => 400,
        }
    }
}

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurableError {
    /// The exception.
    pub kind: ErrorKind,
    /// The text that the caller reads.
    pub message: String,
}

impl fmt::Display for DurableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DurableError {}

impl From<DurableError> for ExecutionError {
    fn from(error: DurableError) -> Self {
        Self { exception: error.kind.name(), status: error.kind.status(), message: error.message }
    }
}

impl DurableError {
    /// Returns an error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Returns an error for a parameter that the service rejects.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidParameterValue, message)
    }

    /// Returns an error for a parameter that violates the API model.
    pub fn validation(member: &str, value: &str, constraint: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        );
        Self::new(ErrorKind::Validation, message)
    }

    /// Returns the error for an ARN that no execution has.
    pub fn unknown_execution() -> Self {
        Self::new(ErrorKind::ResourceNotFound, "Durable Execution does not exist")
    }

    /// Returns the error for a checkpoint token that was used, or that belongs to something else.
    pub fn stale_token() -> Self {
        Self::invalid("Invalid checkpoint token")
    }
}
