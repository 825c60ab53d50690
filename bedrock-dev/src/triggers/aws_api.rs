//! What the local APIs of AWS's services share: their paths, ids, digests, and the check for credentials.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use bedrock_model::Invocation;
use bytes::Bytes;
use md5::{Digest, Md5};

/// Base path of SQS's API.
pub(super) const SQS_PATH: &str = "/_sqs";
/// Base path of S3's API.
pub(super) const S3_PATH: &str = "/_s3";
/// Base path of SNS's API.
pub(super) const SNS_PATH: &str = "/_sns";
/// Base path of EventBridge's API.
pub(super) const EVENTS_PATH: &str = "/_events";
/// Base path of the services that this server does not have itself.
pub(super) const SERVICES_PATH: &str = "/_aws";

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

/// Returns a text as it stands in an XML document.
pub(super) fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Returns whether a request has credentials, of any value, in the form that AWS's clients send.
pub(super) fn has_credentials(headers: &HeaderMap) -> bool {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    authorization.is_some_and(|value| value.contains("Credential="))
}

/// Returns whether a query is that of a presigned URL, with a signature of any value. Its expiration is not checked.
pub(super) fn is_presigned(query: &str) -> bool {
    let names: Vec<_> = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.to_ascii_lowercase()).collect();
    let has = |name: &str| names.iter().any(|found| found == name);
    (has("x-amz-credential") && has("x-amz-signature")) || (has("awsaccesskeyid") && has("signature"))
}
