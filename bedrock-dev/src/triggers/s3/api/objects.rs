//! Reads, writes and deletes an object.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::super::super::aws_api::{md5_hex, new_uuid};
use super::super::folder::{etag, path_of};
use super::aws_chunked::decode_aws_chunked;
use super::error::S3Error;
use super::state::{Bucket, S3};
use super::xml::with_request_id;

/// Maximum size of a written object, including the overhead of its chunks.
const MAX_OBJECT_BYTES: usize = 512 * 1024 * 1024;

/// `GetObject`, `HeadObject`
pub(super) async fn get(
    bucket: &Bucket,
    key: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response<Body>, S3Error> {
    let path = path_of(&bucket.root, key).ok_or_else(S3Error::no_such_key)?;
    let range = headers.get("range").and_then(|range| range.to_str().ok()).map(str::to_owned);
    let is_head = *method == Method::HEAD;
    let object = tokio::task::spawn_blocking(move || read_object(&path, range.as_deref(), is_head)).await;
    let StoredObject { content, size, range, etag, last_modified } = object.map_err(|_| S3Error::no_such_key())??;
    let mut response = Response::new(Body::from(content));
    let mut set_header = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    let (first, length) = range.unwrap_or((0, size));
    set_header("content-length", &length.to_string());
    set_header("content-type", "binary/octet-stream");
    set_header("etag", &format!("\"{etag}\""));
    set_header("accept-ranges", "bytes");
    if let Some(last_modified) = last_modified {
        set_header("last-modified", &last_modified);
    }
    if range.is_some() {
        set_header("content-range", &format!("bytes {first}-{}/{size}", first + length - 1));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(with_request_id(response))
}

/// `PutObject`
pub(super) async fn put(s3: &S3, bucket: &Bucket, key: &str, request: Request) -> Result<Response<Body>, S3Error> {
    let path = path_of(&bucket.root, key)
        .ok_or_else(|| S3Error::invalid_argument(format!("the key `{key}` cannot be a file name")))?;
    let (head, body) = request.into_parts();
    if head.headers.contains_key("x-amz-copy-source") {
        return Err(S3Error::not_implemented("CopyObject"));
    }
    let body = to_bytes(body, MAX_OBJECT_BYTES)
        .await
        .map_err(|_| S3Error::invalid_argument(format!("an object may have at most {MAX_OBJECT_BYTES} bytes")))?;
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_chunked =
        header("content-encoding").contains("aws-chunked") || header("x-amz-content-sha256").starts_with("STREAMING-");
    let object = if is_chunked {
        let decoded = decode_aws_chunked(&body);
        Bytes::from(decoded.ok_or_else(|| S3Error::invalid_argument("the body is not valid `aws-chunked`"))?)
    } else {
        body
    };
    let etag = md5_hex(&object);
    let scratch = s3.scratch.clone();
    let result = tokio::task::spawn_blocking(move || write_object(&scratch, &path, &object)).await;
    result.map_err(|_| S3Error::invalid_argument("the object could not be written"))?.map_err(write_error)?;
    let mut response = Response::new(Body::empty());
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{etag}\"")) {
        response.headers_mut().insert("etag", etag);
    }
    Ok(with_request_id(response))
}

/// `DeleteObject`; the object may be missing.
pub(super) fn delete(bucket: &Bucket, key: &str) -> Result<Response<Body>, S3Error> {
    if let Some(path) = path_of(&bucket.root, key) {
        match std::fs::remove_file(&path) {
            Ok(()) => remove_empty_folders(&bucket.root, &path),
            Err(error) => {
                let error = S3Error::from(error);
                if error.status != StatusCode::NOT_FOUND {
                    return Err(error);
                }
            }
        }
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(with_request_id(response))
}

/// Removes the folders of a deleted file that are now empty: S3 has no folders, and a later object could have the same
/// key.
fn remove_empty_folders(root: &Path, path: &Path) {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
        // Fails for a folder that is not empty.
        if std::fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

/// An object, or a range of it.
struct StoredObject {
    content: Vec<u8>,
    /// Size of the full object.
    size: u64,
    /// First byte and length.
    range: Option<(u64, u64)>,
    etag: String,
    last_modified: Option<String>,
}

fn read_object(path: &Path, range: Option<&str>, is_head: bool) -> Result<StoredObject, S3Error> {
    let mut file = std::fs::File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(S3Error::no_such_key());
    }
    let size = metadata.len();
    let range = range.map(|range| parse_range(range, size)).transpose()?.flatten();
    let mut content = Vec::new();
    if !is_head {
        let (first, length) = range.unwrap_or((0, size));
        file.seek(SeekFrom::Start(first))?;
        file.take(length).read_to_end(&mut content)?;
    }
    let last_modified = metadata.modified().ok().and_then(http_date);
    Ok(StoredObject { content, size, range, etag: etag(path)?, last_modified })
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

/// Writes a temporary file first, so that readers never see a partial object.
fn write_object(scratch: &Path, path: &Path, object: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(scratch)?;
    let temporary: PathBuf = scratch.join(new_uuid());
    std::fs::write(&temporary, object)?;
    let moved = match move_file(&temporary, path) {
        // A concurrent deletion of the last file has removed the folder: try once more.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => move_file(&temporary, path),
        moved => moved,
    };
    let _ = std::fs::remove_file(&temporary);
    moved
}

fn move_file(temporary: &Path, path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::rename(temporary, path) {
        // The folder of temporary files may be on a different disk.
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => std::fs::copy(temporary, path).map(|_| ()),
        moved => moved,
    }
}

/// Returns the error of a failed write. Unlike on S3, one key cannot be a prefix folder of another.
fn write_error(error: std::io::Error) -> S3Error {
    match error.kind() {
        std::io::ErrorKind::NotADirectory
        | std::io::ErrorKind::IsADirectory
        | std::io::ErrorKind::AlreadyExists
        | std::io::ErrorKind::DirectoryNotEmpty => {
            S3Error::invalid_argument("the key conflicts with another object: a file cannot also be a folder")
        }
        _ => S3Error::from(error),
    }
}

/// Formats a time for HTTP headers.
fn http_date(time: SystemTime) -> Option<String> {
    let time = Timestamp::try_from(time).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}

#[cfg(test)]
mod tests {
    use super::{parse_range, remove_empty_folders, write_object};
    use std::fs;

    #[test]
    fn key_can_be_written_after_keys_below_it_are_deleted() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path().join("bucket");
        let temporary = scratch.path().join("objects");
        let put = |key: &str| write_object(&temporary, &root.join(key), b"x");
        put("a/b/c").expect("written");
        put("a/d").expect("written");
        fs::remove_file(root.join("a/b/c")).expect("removed");
        remove_empty_folders(&root, &root.join("a/b/c"));
        put("a/b").expect("written");
        assert!(put("a").is_err());
        for key in ["a/b", "a/d"] {
            fs::remove_file(root.join(key)).expect("removed");
            remove_empty_folders(&root, &root.join(key));
        }
        put("a").expect("written");
        fs::remove_file(root.join("a")).expect("removed");
        remove_empty_folders(&root, &root.join("a"));
        assert!(root.is_dir());
    }

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
