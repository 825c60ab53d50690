//! Deletes objects: `DeleteObject` and `DeleteObjects`.

use std::collections::HashMap;
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

/// The keys of a `DeleteObjects` that its caller may not delete, with the messages. The check of rights passes them as an
/// extension of the request.
#[derive(Debug, Clone, Default)]
pub(in super::super::super) struct DeniedKeys(HashMap<String, String>);

impl DeniedKeys {
    pub(in super::super::super) fn insert(&mut self, key: &str, message: String) {
        self.0.insert(key.to_owned(), message);
    }
}

/// Returns the keys of a `DeleteObjects`. `None` if its body is not valid.
pub(in super::super::super) fn keys_to_delete(body: &[u8]) -> Option<Vec<String>> {
    parse(body).ok().map(|(keys, _)| keys)
}

/// Returns the keys, and whether the response has only errors.
fn parse(body: &[u8]) -> Result<(Vec<String>, bool), S3Error> {
    document::parse(body, |root| {
        let objects = root.children().filter(|child| child.tag_name().name() == "Object");
        let keys: Option<Vec<String>> = objects.map(|object| child_text(object, "Key").map(str::to_owned)).collect();
        let keys = keys.filter(|keys| (1..=MAX_KEYS).contains(&keys.len()))?;
        Some((keys, child_text(root, "Quiet") == Some("true")))
    })
}

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
    let DeniedKeys(denied) = request.extensions().get().cloned().unwrap_or_default();
    let body = document::read(request.into_body()).await?;
    let (keys, is_quiet) = parse(&body)?;
    let s3 = Arc::clone(s3);
    let bucket = bucket.clone();
    run_blocking(move || {
        let mut result = Element::new("DeleteResult").with_namespace();
        for key in keys {
            let outcome = match denied.get(&key) {
                Some(message) => Err(S3Error::not_authorized(message)),
                None => s3.delete(&bucket, &key, &HeaderMap::new()),
            };
            let element = match outcome {
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
