//! Uploads in parts: `CreateMultipartUpload`, `UploadPart`, `UploadPartCopy`, `ListParts`, `CompleteMultipartUpload` and
//! `AbortMultipartUpload`. Parts are
//! temporary files, which are deleted when the dev server ends.

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use bedrock_model::date::rfc3339;
use md5::{Digest as _, Md5};

use super::super::super::aws_api::{hex, new_uuid};
use super::blocking::run_blocking;
use super::document::{self, child_text};
use super::draft::{Draft, Part};
use super::error::S3Error;
use super::object_headers::ObjectHeaders;
use super::state::{Bucket, OpenObject, S3, Upload};
use super::write::{copy_source, open_source, receive};
use super::xml::{Element, with_request_id};

/// Maximum number of a part.
const MAX_PART_NUMBER: u32 = 10_000;
/// Maximum number of parts in a list (S3 API reference, `ListParts`).
const MAX_LISTED_PARTS: u32 = 1000;
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
    // Refused before the body is read.
    with_upload(s3, bucket, key, &id, |_| Ok(()))?;
    if let Some(source) = request.headers().get("x-amz-copy-source") {
        let (part, response) = copied_part(s3, source, request.headers().clone()).await?;
        with_upload(s3, bucket, key, &id, |upload| {
            upload.parts.insert(number, part);
            Ok(())
        })?;
        return Ok(response);
    }
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

/// `UploadPartCopy`: returns the part and the response.
async fn copied_part(
    s3: &Arc<S3>,
    source: &HeaderValue,
    request: HeaderMap,
) -> Result<(Arc<Part>, Response<Body>), S3Error> {
    let (source_bucket, source_key) = copy_source(s3, source)?;
    let s3 = Arc::clone(s3);
    run_blocking(move || {
        let OpenObject { mut file, metadata, .. } = open_source(&s3, &source_bucket, &source_key, &request)?;
        let size = metadata.len();
        let range = request.get("x-amz-copy-source-range").and_then(|range| range.to_str().ok());
        let (first, length) = match range {
            Some(range) => source_range(range, size)?,
            None => (0, size),
        };
        file.seek(SeekFrom::Start(first))?;
        let mut draft = Draft::create(&s3.drafts)?;
        draft.copy(&mut file.take(length))?;
        let part = draft.into_part();
        let result = Element::new("CopyPartResult")
            .with_namespace()
            .with(Element::text("LastModified", rfc3339(SystemTime::now())))
            .with(Element::text("ETag", format!("\"{}\"", part.etag())));
        Ok((Arc::new(part), result.into_response()))
    })
    .await
}

/// Returns start and length of `bytes=0-9`. Both numbers are required, and the object must have all of these bytes.
fn source_range(range: &str, size: u64) -> Result<(u64, u64), S3Error> {
    let numbers = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let numbers = numbers.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let (first, last): (u64, u64) = numbers.filter(|(first, last)| first <= last).ok_or_else(|| {
        S3Error::invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
        )
    })?;
    if last >= size {
        return Err(S3Error::invalid_argument(format!(
            "Range specified is not valid for source object of size: {size}"
        )));
    }
    Ok((first, last - first + 1))
}

/// `ListParts`
pub(super) fn list_parts(
    s3: &S3,
    bucket: &Bucket,
    key: &str,
    query: &[(String, String)],
) -> Result<Response<Body>, S3Error> {
    let number = |name: &str| -> Result<Option<u32>, S3Error> {
        let value = query.iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value.parse());
        value.transpose().map_err(|_| S3Error::invalid_argument(format!("`{name}` must be a number")))
    };
    let max_parts = number("max-parts")?.map_or(MAX_LISTED_PARTS, |max| max.min(MAX_LISTED_PARTS));
    let marker = number("part-number-marker")?.unwrap_or(0);
    let id = upload_id(query);
    let parts: Vec<(u32, Arc<Part>)> = with_upload(s3, bucket, key, id, |upload| {
        let after = upload.parts.iter().filter(|(number, _)| **number > marker);
        Ok(after.map(|(number, part)| (*number, Arc::clone(part))).collect())
    })?;
    let listed = &parts[..parts.len().min(max_parts as usize)];
    let last = listed.last().map_or(marker, |(number, _)| *number);
    let part = |(number, part): &(u32, Arc<Part>)| {
        let modified = part.open().and_then(|file| file.metadata()?.modified()).unwrap_or_else(|_| SystemTime::now());
        Element::new("Part")
            .with(Element::text("PartNumber", number.to_string()))
            .with(Element::text("LastModified", rfc3339(modified)))
            .with(Element::text("ETag", format!("\"{}\"", part.etag())))
            .with(Element::text("Size", part.size.to_string()))
    };
    let result = Element::new("ListPartsResult")
        .with_namespace()
        .with(Element::text("Bucket", &bucket.name))
        .with(Element::text("Key", key))
        .with(Element::text("UploadId", id))
        .with(Element::text("PartNumberMarker", marker.to_string()))
        .with(Element::text("NextPartNumberMarker", last.to_string()))
        .with(Element::text("MaxParts", max_parts.to_string()))
        .with(Element::text("IsTruncated", (listed.len() < parts.len()).to_string()))
        .with_all(listed.iter().map(part))
        .with(Element::text("StorageClass", "STANDARD"));
    Ok(result.into_response())
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
