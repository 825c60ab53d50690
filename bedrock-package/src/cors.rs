//! The CORS configuration of the endpoint's URL in the manifest.

use bedrock_build::settings::Cors;
use serde::Serialize;

/// The key `cors` of the endpoint. Lists may be empty.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    allow_credentials: bool,
    allow_headers: Vec<String>,
    allow_methods: Vec<String>,
    allow_origins: Vec<String>,
    expose_headers: Vec<String>,
    /// Seconds. Null for Lambda's default.
    max_age: Option<u64>,
}

impl From<Cors> for Entry {
    fn from(cors: Cors) -> Self {
        let Cors { allow_credentials, allow_headers, allow_methods, allow_origins, expose_headers, max_age } = cors;
        Self { allow_credentials, allow_headers, allow_methods, allow_origins, expose_headers, max_age }
    }
}
