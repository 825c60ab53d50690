//! Deletes objects: `DeleteObject` and `DeleteObjects`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response, StatusCode};

use super::blocking::run_blocking;
use super::document::{self, child_text};
use super::error::S3Error;
use super::state::{Bucket, S3};
use super::xml::{Element, with_request_id};

/// Maximum number of keys in a request.
const MAX_KEYS: usize = 1000;

/// `DeleteObject`; the object may be missing.
pub(super) async fn delete(
    s3: &Arc<S3>,
    bucket: &Bucket,
    key: String,
    request: HeaderMap,
) -> Result<Response<Body>, S3Error> {
    let s3 = Arc::clone(s3);
    let bucket = bucket.clone();
    run_blocking(move || {
        s3.delete(&bucket, &key, &request)?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(with_request_id(response))
    })
    .await
}

/// `DeleteObjects`
pub(super) async fn delete_objects(s3: &Arc<S3>, bucket: &Bucket, request: Request) -> Result<Response<Body>, S3Error> {
    let body = document::read(request.into_body()).await?;
    let (keys, is_quiet) = document::parse(&body, |root| {
        let objects = root.children().filter(|child| child.tag_name().name() == "Object");
        let keys: Option<Vec<String>> = objects.map(|object| child_text(object, "Key").map(str::to_owned)).collect();
        Some((keys?, child_text(root, "Quiet") == Some("true")))
    })?;
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(S3Error::malformed_xml());
    }
    let s3 = Arc::clone(s3);
    let bucket = bucket.clone();
    run_blocking(move || {
        let mut result = Element::new("DeleteResult").with_namespace();
        for key in keys {
            let element = match s3.delete(&bucket, &key, &HeaderMap::new()) {
                Ok(()) if is_quiet => continue,
                Ok(()) => Element::new("Deleted").with(Element::text("Key", key)),
                Err(error) => error.to_element("Error").with(Element::text("Key", key)),
            };
            result = result.with(element);
        }
        Ok(result.into_response())
    })
    .await
}
