//! Uploads in parts: `CreateMultipartUpload`, `UploadPart`, `CompleteMultipartUpload` and `AbortMultipartUpload`. Parts are
//! temporary files, which are deleted when the dev server ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use md5::{Digest as _, Md5};

use super::super::super::aws_api::{hex, new_uuid};
use super::blocking::run_blocking;
use super::document::{self, child_text};
use super::draft::{Draft, Part};
use super::error::S3Error;
use super::object_headers::ObjectHeaders;
use super::state::{Bucket, S3, Upload};
use super::write::receive;
use super::xml::{Element, with_request_id};

/// Maximum number of a part.
const MAX_PART_NUMBER: u32 = 10_000;
/// Minimum size of a part, except for the last one.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// `CreateMultipartUpload`
pub(super) fn create(s3: &S3, bucket: &Bucket, key: String, headers: &HeaderMap) -> Result<Response<Body>, S3Error> {
    let id = new_uuid();
    let result = Element::new("InitiateMultipartUploadResult")
        .with_namespace()
        .with(Element::text("Bucket", &bucket.name))
        .with(Element::text("Key", &key))
        .with(Element::text("UploadId", &id));
    let headers = ObjectHeaders::read(headers)?;
    let upload = Upload { bucket: bucket.name.clone(), key, headers, parts: BTreeMap::new() };
    s3.uploads.lock().insert(id, upload);
    Ok(result.into_response())
}

/// `UploadPart`
pub(super) async fn upload_part(
    s3: &Arc<S3>,
    bucket: &Bucket,
    key: &str,
    query: &[(String, String)],
    request: Request,
) -> Result<Response<Body>, S3Error> {
    let id = upload_id(query).to_owned();
    let number = query.iter().find(|(name, _)| name == "partNumber").and_then(|(_, number)| number.parse().ok());
    let number = number.filter(|number| (1..=MAX_PART_NUMBER).contains(number)).ok_or_else(|| {
        let range = format!("Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive");
        S3Error::invalid_argument(range)
    })?;
    if request.headers().contains_key("x-amz-copy-source") {
        return Err(S3Error::not_implemented("`UploadPartCopy`"));
    }
    // Refused before the body is read.
    with_upload(s3, bucket, key, &id, |_| Ok(()))?;
    let (head, body) = request.into_parts();
    let (draft, trailers) = receive(s3, &head.headers, body).await?;
    draft.verify(&head.headers, &trailers)?;
    let part = Arc::new(draft.into_part());
    let etag = part.etag();
    with_upload(s3, bucket, key, &id, |upload| {
        upload.parts.insert(number, part);
        Ok(())
    })?;
    let mut response = Response::new(Body::empty());
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{etag}\"")) {
        response.headers_mut().insert("etag", etag);
    }
    Ok(with_request_id(response))
}

/// `CompleteMultipartUpload`
pub(super) async fn complete(
    s3: &Arc<S3>,
    bucket: &Bucket,
    key: String,
    query: &[(String, String)],
    request: Request,
) -> Result<Response<Body>, S3Error> {
    let id = upload_id(query).to_owned();
    let (head, body) = request.into_parts();
    let body = document::read(body).await?;
    let named: Vec<(u32, String)> = document::parse(&body, |root| {
        let parts = root.children().filter(|child| child.tag_name().name() == "Part");
        let part = |part| {
            let number = child_text(part, "PartNumber")?.trim().parse().ok()?;
            Some((number, child_text(part, "ETag")?.trim().trim_matches('"').to_owned()))
        };
        parts.map(part).collect::<Option<Vec<_>>>().filter(|parts| !parts.is_empty())
    })?;
    if !named.is_sorted_by(|(first, _), (second, _)| first < second) {
        return Err(S3Error::invalid_part_order());
    }
    let (parts, headers) = with_upload(s3, bucket, &key, &id, |upload| {
        let part =
            |(number, etag): &(u32, String)| upload.parts.get(number).filter(|part| part.etag() == *etag).cloned();
        let parts: Option<Vec<Arc<Part>>> = named.iter().map(part).collect();
        Ok((parts.ok_or_else(S3Error::invalid_part)?, upload.headers.clone()))
    })?;
    if parts.iter().rev().skip(1).any(|part| part.size < MIN_PART_BYTES) {
        return Err(S3Error::entity_too_small());
    }
    let s3 = Arc::clone(s3);
    let bucket = bucket.clone();
    run_blocking(move || {
        let mut draft = Draft::create(&s3.drafts)?;
        let mut digests = Md5::new();
        for part in &parts {
            draft.copy(&mut part.open()?)?;
            digests.update(part.md5);
        }
        let etag = format!("{}-{}", hex(&digests.finalize()), parts.len());
        s3.replace(&bucket, &key, draft, &etag, headers, &head.headers)?;
        s3.uploads.lock().remove(&id);
        let result = Element::new("CompleteMultipartUploadResult")
            .with_namespace()
            .with(Element::text("Bucket", &bucket.name))
            .with(Element::text("Key", &key))
            .with(Element::text("ETag", format!("\"{etag}\"")));
        Ok(result.into_response())
    })
    .await
}

/// `AbortMultipartUpload`
pub(super) fn abort(
    s3: &S3,
    bucket: &Bucket,
    key: &str,
    query: &[(String, String)],
) -> Result<Response<Body>, S3Error> {
    let id = upload_id(query);
    with_upload(s3, bucket, key, id, |_| Ok(()))?;
    s3.uploads.lock().remove(id);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(with_request_id(response))
}

fn upload_id(query: &[(String, String)]) -> &str {
    query.iter().find(|(name, _)| name == "uploadId").map(|(_, id)| id.as_str()).unwrap_or_default()
}

fn with_upload<T>(
    s3: &S3,
    bucket: &Bucket,
    key: &str,
    id: &str,
    operation: impl FnOnce(&mut Upload) -> Result<T, S3Error>,
) -> Result<T, S3Error> {
    let mut uploads = s3.uploads.lock();
    let upload = uploads.get_mut(id).filter(|upload| upload.bucket == bucket.name && upload.key == key);
    operation(upload.ok_or_else(S3Error::no_such_upload)?)
}
