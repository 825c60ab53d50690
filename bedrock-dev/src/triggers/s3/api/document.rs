//! Reads XML documents of requests.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use roxmltree::{Document, Node};
use tokio::time::timeout;

use super::error::S3Error;

/// Maximum size of a document: the list of 10,000 parts or of 1,000 long keys.
const MAX_DOCUMENT_BYTES: usize = 8 * 1024 * 1024;
/// How long a client may take for a document.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// Reads the body of a request.
pub(super) async fn read(body: Body) -> Result<Bytes, S3Error> {
    timeout(BODY_TIMEOUT, to_bytes(body, MAX_DOCUMENT_BYTES))
        .await
        .map_err(|_| S3Error::request_timeout())?
        .map_err(|_| S3Error::malformed_xml())
}

/// Parses a document, from whose root `convert` takes a value. `None` is an error of the client.
pub(super) fn parse<T>(body: &[u8], convert: impl FnOnce(Node<'_, '_>) -> Option<T>) -> Result<T, S3Error> {
    let text = std::str::from_utf8(body).map_err(|_| S3Error::malformed_xml())?;
    let document = Document::parse(text).map_err(|_| S3Error::malformed_xml())?;
    convert(document.root_element()).ok_or_else(S3Error::malformed_xml)
}

/// Returns the text of a child element. An element without text has an empty one.
pub(super) fn child_text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let child = node.children().find(|child| child.tag_name().name() == name)?;
    Some(child.text().unwrap_or_default())
}
