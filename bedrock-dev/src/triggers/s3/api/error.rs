//! Errors in S3's format: a code and a message as XML.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::xml::Element;

/// An error response of S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct S3Error {
    pub(super) status: StatusCode,
    code: &'static str,
    message: String,
    /// The header whose condition did not hold.
    condition: Option<&'static str>,
}

impl S3Error {
    pub(super) fn no_such_bucket() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist")
    }

    pub(super) fn no_such_key() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.")
    }

    pub(super) fn access_denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied")
    }

    /// S3 refuses Signature Version 2 in a header for buckets that were created after 24 June 2020 ("AWS Signature Version 2
    /// Turned Off (Deprecated) for Amazon S3").
    pub(super) fn old_signature() -> Self {
        let message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }

    /// `message` says what the caller may not do.
    pub(super) fn not_authorized(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    pub(super) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    pub(super) fn invalid_range() -> Self {
        let message = "The requested range is not satisfiable";
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message)
    }

    /// `header` is the name of the condition.
    pub(super) fn precondition_failed(header: &'static str) -> Self {
        let message = "At least one of the pre-conditions you specified did not hold";
        Self { condition: Some(header), ..Self::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message) }
    }

    pub(super) fn bad_digest(algorithm: &str) -> Self {
        let message = format!("The {algorithm} you specified did not match the calculated checksum.");
        Self::new(StatusCode::BAD_REQUEST, "BadDigest", message)
    }

    pub(super) fn invalid_digest() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidDigest", "The Content-MD5 you specified was invalid.")
    }

    pub(super) fn invalid_checksum(header: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", format!("Value for {header} header is invalid."))
    }

    pub(super) fn content_sha256_mismatch() -> Self {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        Self::new(StatusCode::BAD_REQUEST, "XAmzContentSHA256Mismatch", message)
    }

    pub(super) fn metadata_too_large(bytes: usize, limit: usize) -> Self {
        let message = format!(
            "Your metadata headers exceed the maximum allowed metadata size: {bytes} bytes, {limit} are allowed"
        );
        Self::new(StatusCode::BAD_REQUEST, "MetadataTooLarge", message)
    }

    pub(super) fn key_too_long() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "KeyTooLongError", "Your key is too long")
    }

    pub(super) fn entity_too_large(limit: u64) -> Self {
        let message =
            format!("Your proposed upload exceeds the maximum allowed object size: {limit} bytes are allowed");
        Self::new(StatusCode::BAD_REQUEST, "EntityTooLarge", message)
    }

    pub(super) fn incomplete_body() -> Self {
        let message = "You did not provide the number of bytes specified by the Content-Length HTTP header";
        Self::new(StatusCode::BAD_REQUEST, "IncompleteBody", message)
    }

    pub(super) fn malformed_xml() -> Self {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        Self::new(StatusCode::BAD_REQUEST, "MalformedXML", message)
    }

    pub(super) fn no_such_upload() -> Self {
        let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                       aborted or completed.";
        Self::new(StatusCode::NOT_FOUND, "NoSuchUpload", message)
    }

    pub(super) fn invalid_part() -> Self {
        let message = "One or more of the specified parts could not be found.  The part may not have been uploaded, or \
                       the specified entity tag may not match the part's entity tag.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidPart", message)
    }

    pub(super) fn invalid_part_order() -> Self {
        let message =
            "The list of parts was not in ascending order. The parts list must be specified in order by part number.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidPartOrder", message)
    }

    pub(super) fn entity_too_small() -> Self {
        let message = "Your proposed upload is smaller than the minimum allowed size";
        Self::new(StatusCode::BAD_REQUEST, "EntityTooSmall", message)
    }

    pub(super) fn request_timeout() -> Self {
        let message = "Your socket connection to the server was not read from or written to within the timeout period. \
                       Idle connections will be closed.";
        Self::new(StatusCode::BAD_REQUEST, "RequestTimeout", message)
    }

    pub(super) fn bucket_already_owned() -> Self {
        let message = "Your previous request to create the named bucket succeeded and you already own it.";
        Self::new(StatusCode::CONFLICT, "BucketAlreadyOwnedByYou", message)
    }

    pub(super) fn invalid_uri() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidURI", "Couldn't parse the specified URI.")
    }

    pub(super) fn invalid_copy_source() -> Self {
        Self::invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
    }

    pub(super) fn copy_to_itself() -> Self {
        let message = "This copy request is illegal because it is trying to copy an object to itself without changing \
                       the object's metadata, storage class, website redirect location or encryption attributes.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }

    pub(super) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "The specified method is not allowed against this resource.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    /// An internal error.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// `operation` is what the client asked for.
    pub(super) fn not_implemented(operation: &str) -> Self {
        let message = format!("{operation} is not implemented by the local S3");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), condition: None }
    }

    /// Returns an element with code and message.
    pub(super) fn to_element(&self, name: &'static str) -> Element {
        Element::new(name)
            .with(Element::text("Code", self.code))
            .with(Element::text("Message", &self.message))
            .with_all(self.condition.map(|condition| Element::text("Condition", condition)))
    }

    pub(super) fn to_response(&self) -> Response<Body> {
        let mut response = self.to_element("Error").into_response();
        *response.status_mut() = self.status;
        response
    }
}

/// A missing file is an error of the caller, every other error is internal.
impl From<std::io::Error> for S3Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory | std::io::ErrorKind::IsADirectory => {
                Self::no_such_key()
            }
            // No file has such a name.
            std::io::ErrorKind::InvalidFilename => Self::no_such_key(),
            _ => Self::internal(error.to_string()),
        }
    }
}
