//! Writes objects: `PutObject` and `CopyObject`. The content is written while it arrives.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Response};
use bedrock_model::date::rfc3339;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::aws_chunked::AwsChunkedDecoder;
use super::blocking::run_blocking;
use super::conditions::{ObjectState, ReadDecision, check_read};
use super::draft::Draft;
use super::error::S3Error;
use super::object_headers::ObjectHeaders;
use super::path::percent_decode;
use super::state::{Bucket, OpenObject, S3};
use super::xml::{Element, with_request_id};

/// Maximum size of an object that is written at once (S3 user guide, "Uploading objects").
const MAX_OBJECT_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// How long a client may pause within a body.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(60);
/// Number of bytes that are written at once.
const PART_BYTES: usize = 1024 * 1024;

/// `PutObject`
pub(super) async fn put(
    s3: &Arc<S3>,
    bucket: &Bucket,
    key: String,
    request: Request,
) -> Result<Response<Body>, S3Error> {
    let (head, body) = request.into_parts();
    let headers = ObjectHeaders::read(&head.headers)?;
    let (draft, trailers) = receive(s3, &head.headers, body).await?;
    let s3 = Arc::clone(s3);
    let bucket = bucket.clone();
    run_blocking(move || {
        draft.verify(&head.headers, &trailers)?;
        let etag = draft.etag();
        s3.replace(&bucket, &key, draft, &etag, headers, &head.headers)?;
        let mut response = Response::new(Body::empty());
        if let Ok(etag) = HeaderValue::from_str(&format!("\"{etag}\"")) {
            response.headers_mut().insert("etag", etag);
        }
        Ok(with_request_id(response))
    })
    .await
}

/// Writes the body to a temporary file. Returns it with the trailers of the body.
pub(super) async fn receive(
    s3: &Arc<S3>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Draft, Vec<(String, String)>), S3Error> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_chunked =
        header("content-encoding").contains("aws-chunked") || header("x-amz-content-sha256").starts_with("STREAMING-");
    let mut decoder = is_chunked.then(AwsChunkedDecoder::default);
    let invalid = || S3Error::invalid_argument("the body is not valid `aws-chunked`");
    let shared = Arc::clone(s3);
    let mut draft = run_blocking(move || Ok(Draft::create(&shared.drafts)?)).await?;
    let mut buffer = Vec::new();
    let mut parts = body.into_data_stream();
    while let Some(part) = timeout(PAUSE_TIMEOUT, parts.next()).await.map_err(|_| S3Error::request_timeout())? {
        let part = part.map_err(|_| S3Error::incomplete_body())?;
        match &mut decoder {
            Some(decoder) => decoder.decode(&part, &mut buffer).ok_or_else(invalid)?,
            None => buffer.extend_from_slice(&part),
        }
        if draft.size + buffer.len() as u64 > MAX_OBJECT_BYTES {
            return Err(S3Error::entity_too_large(MAX_OBJECT_BYTES));
        }
        if buffer.len() >= PART_BYTES {
            (draft, buffer) = append(draft, buffer).await?;
        }
    }
    (draft, _) = append(draft, buffer).await?;
    let trailers = decoder.map_or(Some(Vec::new()), AwsChunkedDecoder::finish).ok_or_else(invalid)?;
    let decoded_length = header("x-amz-decoded-content-length").parse::<u64>();
    if is_chunked && decoded_length.is_ok_and(|length| length != draft.size) {
        return Err(S3Error::incomplete_body());
    }
    Ok((draft, trailers))
}

/// Appends the buffer to the file. Returns both, the buffer empty.
async fn append(mut draft: Draft, mut buffer: Vec<u8>) -> Result<(Draft, Vec<u8>), S3Error> {
    run_blocking(move || {
        draft.write(&buffer)?;
        buffer.clear();
        Ok((draft, buffer))
    })
    .await
}

/// Returns the bucket and the key in the header that names the copied object.
pub(super) fn copy_source(s3: &S3, source: &HeaderValue) -> Result<(Bucket, String), S3Error> {
    let source = source.to_str().map_err(|_| S3Error::invalid_copy_source())?;
    let (bucket, key) = source.trim_start_matches('/').split_once('/').ok_or_else(S3Error::invalid_copy_source)?;
    let key = key.split_once("?versionId=").map_or(key, |(key, _)| key);
    Ok((s3.bucket(&percent_decode(bucket)?)?.clone(), percent_decode(key)?))
}

/// Opens the copied object, which must meet the conditions of the request.
pub(super) fn open_source(s3: &S3, bucket: &Bucket, key: &str, request: &HeaderMap) -> Result<OpenObject, S3Error> {
    let object = s3.open(bucket, key)?;
    let state = ObjectState { etag: &object.etag, modified: object.metadata.modified().ok() };
    if check_read(request, "x-amz-copy-source-", &state)? == ReadDecision::NotModified {
        return Err(S3Error::precondition_failed("x-amz-copy-source-If-None-Match"));
    }
    Ok(object)
}

/// `CopyObject`; `source` is the header that names the copied object.
pub(super) async fn copy(
    s3: &Arc<S3>,
    bucket: &Bucket,
    key: String,
    source: &HeaderValue,
    request: HeaderMap,
) -> Result<Response<Body>, S3Error> {
    let (source_bucket, source_key) = copy_source(s3, source)?;
    let replaces_headers =
        request.get("x-amz-metadata-directive").is_some_and(|directive| directive.as_bytes() == b"REPLACE");
    if source_bucket.name == bucket.name && source_key == key && !replaces_headers {
        return Err(S3Error::copy_to_itself());
    }
    let s3 = Arc::clone(s3);
    let bucket = bucket.clone();
    run_blocking(move || {
        let OpenObject { mut file, headers, .. } = open_source(s3.as_ref(), &source_bucket, &source_key, &request)?;
        let headers = if replaces_headers { ObjectHeaders::read(&request)? } else { headers };
        let mut draft = Draft::create(&s3.drafts)?;
        draft.copy(&mut file)?;
        let etag = draft.etag();
        s3.replace(&bucket, &key, draft, &etag, headers, &request)?;
        let copied = s3.open(&bucket, &key).ok().and_then(|object| object.metadata.modified().ok());
        let result = Element::new("CopyObjectResult")
            .with_namespace()
            .with_all(copied.map(|time| Element::text("LastModified", rfc3339(time))))
            .with(Element::text("ETag", format!("\"{etag}\"")));
        Ok(result.into_response())
    })
    .await
}
