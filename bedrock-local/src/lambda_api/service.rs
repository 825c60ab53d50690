//! What the operations of the API share.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::Response;
use axum::http::request::Parts;
use bedrock_model::id::new_uuid;
use bedrock_model::{Backend, FunctionInfo};

use super::access::{Access, check_credentials};
use super::api_error::ApiError;
use super::function_reference::FunctionReference;
use bedrock_model::Error;

/// State of the routes.
pub(super) struct Service {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) access: Access,
}

impl Service {
    /// Returns the function that a call refers to. Local functions have only one version, the current code.
    pub(super) fn function(&self, reference: &FunctionReference<'_>) -> Result<FunctionInfo, ApiError> {
        let (arn, help) = match self.backend.find(reference.name) {
            Ok(function) if reference.is_latest() => return Ok(function),
            Ok(function) => (function.arn, None),
            Err(Error::WorkerNotFound { help, .. }) => (self.backend.arn(reference.name), help),
            Err(other) => return Err(ApiError::service(other.to_string())),
        };
        let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
        Err(ApiError::not_found(format!("Function not found: {}{help}", reference.qualified(&arn))))
    }
}

/// Extractor that rejects calls without valid credentials. Every operation of Lambda's API starts with it.
pub(super) struct RequireCredentials;

impl FromRequestParts<Arc<Service>> for RequireCredentials {
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Self::Rejection> {
        let checked = check_credentials(&parts.headers, &service.access);
        checked.map(|()| Self).map_err(|error| error.into_response(&new_uuid()))
    }
}
