//! Reads an object: `GetObject` and `HeadObject`. The content is read while it is sent.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use futures_util::stream;

use super::blocking::run_blocking;
use super::conditions::{ObjectState, ReadDecision, check_read, http_date};
use super::error::S3Error;
use super::state::{Bucket, OpenObject, S3};
use super::xml::with_request_id;

/// Number of bytes that are read at once.
const PART_BYTES: usize = 256 * 1024;
/// Prefix of the parameters that override headers of the response.
const OVERRIDE_PREFIX: &str = "response-";

/// A request for an object.
pub(super) struct ReadRequest {
    pub(super) key: String,
    pub(super) is_head: bool,
    pub(super) headers: HeaderMap,
    pub(super) query: Vec<(String, String)>,
}

/// `GetObject`, `HeadObject`
pub(super) async fn get(s3: &Arc<S3>, bucket: &Bucket, request: ReadRequest) -> Result<Response<Body>, S3Error> {
    let s3 = Arc::clone(s3);
    let bucket = bucket.clone();
    run_blocking(move || open(&s3, &bucket, &request)).await
}

fn open(s3: &S3, bucket: &Bucket, request: &ReadRequest) -> Result<Response<Body>, S3Error> {
    let OpenObject { mut file, metadata, headers, etag } = s3.open(bucket, &request.key)?;
    let modified = metadata.modified().ok();
    let decision = check_read(&request.headers, "", &ObjectState { etag: &etag, modified })?;
    let mut response = Response::new(Body::empty());
    let mut set_header = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    set_header("etag", &format!("\"{etag}\""));
    if let Some(last_modified) = modified.and_then(http_date) {
        set_header("last-modified", &last_modified);
    }
    if decision == ReadDecision::NotModified {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(with_request_id(response));
    }
    let size = metadata.len();
    let range = request.headers.get("range").and_then(|range| range.to_str().ok());
    let range = range.map(|range| parse_range(range, size)).transpose()?.flatten();
    let (first, length) = range.unwrap_or((0, size));
    set_header("content-length", &length.to_string());
    set_header("accept-ranges", "bytes");
    if range.is_some() {
        set_header("content-range", &format!("bytes {first}-{}/{size}", first + length - 1));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    headers.add_to(response.headers_mut());
    override_headers(&request.query, response.headers_mut())?;
    if !request.is_head {
        file.seek(SeekFrom::Start(first))?;
        *response.body_mut() = content(file, length);
    }
    Ok(with_request_id(response))
}

/// Returns a body that reads `length` bytes of a file.
fn content(file: File, length: u64) -> Body {
    Body::from_stream(stream::try_unfold((file, length), |(mut file, missing)| async move {
        if missing == 0 {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let length = usize::try_from(missing).unwrap_or(PART_BYTES).min(PART_BYTES);
            let mut part = vec![0; length];
            // Fails if the file has been truncated, which ends the connection.
            file.read_exact(&mut part)?;
            Ok::<_, io::Error>((Bytes::from(part), file))
        });
        let (part, file) = read.await.map_err(io::Error::other)??;
        let missing = missing - part.len() as u64;
        Ok::<_, io::Error>(Some((part, (file, missing))))
    }))
}

/// Sets the headers that the parameters `response-content-type` and the like ask for.
fn override_headers(query: &[(String, String)], headers: &mut HeaderMap) -> Result<(), S3Error> {
    for (name, value) in query {
        let Some(name) = name.strip_prefix(OVERRIDE_PREFIX) else { continue };
        let invalid = || S3Error::invalid_argument(format!("`{OVERRIDE_PREFIX}{name}` is not a valid header"));
        let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        headers.insert(HeaderName::try_from(name).map_err(|_| invalid())?, value);
    }
    Ok(())
}

/// Returns the first byte and the length of a `Range` header. Returns `None` for a header that is ignored.
fn parse_range(range: &str, size: u64) -> Result<Option<(u64, u64)>, S3Error> {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let (first, last) = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
        (Some(first), None) if last.is_empty() => (first, size.saturating_sub(1)),
        (None, Some(length)) if first.is_empty() && length > 0 => (size.saturating_sub(length), size.saturating_sub(1)),
        _ => return Ok(None),
    };
    if first >= size { Err(S3Error::invalid_range()) } else { Ok(Some((first, last - first + 1))) }
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn ranges_are_clamped_to_the_object() {
        for (range, expected) in [
            ("bytes=0-3", Ok(Some((0, 4)))),
            ("bytes=2-", Ok(Some((2, 8)))),
            ("bytes=-3", Ok(Some((7, 3)))),
            ("bytes=-30", Ok(Some((0, 10)))),
            ("bytes=8-99", Ok(Some((8, 2)))),
            ("bytes=3-2", Ok(None)),
            ("lines=1-2", Ok(None)),
            ("bytes=a-b", Ok(None)),
            ("bytes=10-", Err(416)),
        ] {
            assert_eq!(parse_range(range, 10).map_err(|error| error.status.as_u16()), expected, "{range}");
        }
    }
}
