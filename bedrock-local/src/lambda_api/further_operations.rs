//! What operations of Lambda's API need that other crates add to it: credentials, and errors in AWS's form.

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use bedrock_model::ExecutionError;
use bedrock_model::id::new_uuid;

use super::access::{Access, calling_worker, check_credentials};
use super::api_error::ApiError;

/// Returns the worker that makes a call; `None` for other callers. The error is the response to a call without the
/// credentials that `access` requires.
pub fn authenticate<'a>(headers: &'a HeaderMap, access: &Access) -> Result<Option<&'a str>, Box<Response<Body>>> {
    match check_credentials(headers, access) {
        Ok(()) => Ok(calling_worker(headers)),
        Err(error) => Err(Box::new(error.into_response(&new_uuid()))),
    }
}

/// Returns the response for an error of an execution.
pub fn error_response(error: &ExecutionError) -> Response<Body> {
    ApiError::of_execution(error).into_response(&new_uuid())
}
