//! What the local APIs of SQS and S3 share: their paths, ids, digests, and the check for credentials.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use bedrock_model::Invocation;
use bytes::Bytes;
use md5::{Digest, Md5};

/// Base path of SQS's API.
pub(super) const SQS_PATH: &str = "/_sqs";
/// Base path of S3's API.
pub(super) const S3_PATH: &str = "/_s3";

/// Returns a new UUID.
pub(super) fn new_uuid() -> String {
    Invocation::new(Bytes::new(), None).request_id
}

/// Returns the MD5 digest in hexadecimal digits.
pub(super) fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// Returns bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Returns whether a request has credentials, of any value, in the form that AWS's clients send.
pub(super) fn has_credentials(headers: &HeaderMap) -> bool {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    authorization.is_some_and(|value| value.contains("Credential="))
}
