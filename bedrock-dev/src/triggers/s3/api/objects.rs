//! Reading, writing and deleting an object.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::super::super::dispatcher::uuid;
use super::super::super::sqs::md5;
use super::super::folder::{etag, path_of};
use super::body::unchunked;
use super::error::{S3Error, with_id};
use super::server::{Bucket, S3};

/// Bytes of an object that is written at once, with what its chunks add.
const MOST: usize = 512 * 1024 * 1024;

/// `GetObject`, `HeadObject`
pub(super) async fn get(
    bucket: &Bucket,
    key: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response<Body>, S3Error> {
    let path = path_of(&bucket.root, key).ok_or_else(S3Error::no_key)?;
    let range = headers.get("range").and_then(|range| range.to_str().ok()).map(str::to_owned);
    let is_head = *method == Method::HEAD;
    let read = tokio::task::spawn_blocking(move || read(&path, range.as_deref(), is_head)).await;
    let Found { part, whole, range, etag, changed } = read.map_err(|_| S3Error::no_key())??;
    let mut response = Response::new(Body::from(part));
    let mut add = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    let (first, length) = range.unwrap_or((0, whole));
    add("content-length", &length.to_string());
    add("content-type", "binary/octet-stream");
    add("etag", &format!("\"{etag}\""));
    add("accept-ranges", "bytes");
    if let Some(changed) = changed {
        add("last-modified", &changed);
    }
    if range.is_some() {
        add("content-range", &format!("bytes {first}-{}/{whole}", first + length - 1));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(with_id(response))
}

/// `PutObject`
pub(super) async fn put(s3: &S3, bucket: &Bucket, key: &str, request: Request) -> Result<Response<Body>, S3Error> {
    let path = path_of(&bucket.root, key).ok_or_else(|| S3Error::invalid(format!("`{key}` cannot be a file here")))?;
    let (head, body) = request.into_parts();
    if head.headers.contains_key("x-amz-copy-source") {
        return Err(S3Error::unknown("CopyObject"));
    }
    let body =
        to_bytes(body, MOST).await.map_err(|_| S3Error::invalid(format!("an object has {MOST} bytes at most")))?;
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_chunked =
        text("content-encoding").contains("aws-chunked") || text("x-amz-content-sha256").starts_with("STREAMING-");
    let object = if is_chunked {
        Bytes::from(unchunked(&body).ok_or_else(|| S3Error::invalid("the body is not in the chunks that it says"))?)
    } else {
        body
    };
    let etag = md5(&object);
    let scratch = s3.scratch.clone();
    let written = tokio::task::spawn_blocking(move || write(&scratch, &path, &object)).await;
    written.map_err(|_| S3Error::invalid("the object was not written"))?.map_err(not_written)?;
    let mut response = Response::new(Body::empty());
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{etag}\"")) {
        response.headers_mut().insert("etag", etag);
    }
    Ok(with_id(response))
}

/// `DeleteObject`, of one that may not be there.
pub(super) fn delete(bucket: &Bucket, key: &str) -> Result<Response<Body>, S3Error> {
    if let Some(path) = path_of(&bucket.root, key) {
        match std::fs::remove_file(&path) {
            Ok(()) => tidy(&bucket.root, &path),
            Err(error) => {
                let fault = S3Error::from(error);
                if fault.status != StatusCode::NOT_FOUND {
                    return Err(fault);
                }
            }
        }
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(with_id(response))
}

/// Removes the folders of a removed file that are empty now: S3 has none, and one could be the key of a later object.
fn tidy(root: &Path, path: &Path) {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
        // One that has something in it stays.
        if std::fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

/// An object, or a part of it.
struct Found {
    part: Vec<u8>,
    /// Bytes of all of it.
    whole: u64,
    /// First byte and number of bytes.
    range: Option<(u64, u64)>,
    etag: String,
    changed: Option<String>,
}

fn read(path: &Path, range: Option<&str>, is_head: bool) -> Result<Found, S3Error> {
    let mut file = std::fs::File::open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(S3Error::no_key());
    }
    let whole = found.len();
    let range = range.map(|range| part(range, whole)).transpose()?.flatten();
    let mut read = Vec::new();
    if !is_head {
        let (first, length) = range.unwrap_or((0, whole));
        file.seek(SeekFrom::Start(first))?;
        file.take(length).read_to_end(&mut read)?;
    }
    let changed = found.modified().ok().and_then(date);
    Ok(Found { part: read, whole, range, etag: etag(path)?, changed })
}

/// What of `whole` bytes a header `Range` means; nothing if it is one that is passed over.
fn part(range: &str, whole: u64) -> Result<Option<(u64, u64)>, S3Error> {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let (first, last) = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => (first, last.min(whole.saturating_sub(1))),
        (Some(first), None) if last.is_empty() => (first, whole.saturating_sub(1)),
        (None, Some(length)) if first.is_empty() && length > 0 => {
            (whole.saturating_sub(length), whole.saturating_sub(1))
        }
        _ => return Ok(None),
    };
    if first >= whole { Err(S3Error::range()) } else { Ok(Some((first, last - first + 1))) }
}

/// Beside its place first, so that nobody sees half of it.
fn write(scratch: &Path, path: &Path, object: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(scratch)?;
    let beside: PathBuf = scratch.join(uuid());
    std::fs::write(&beside, object)?;
    let placed = match place(&beside, path) {
        // The folder was empty in between, and somebody who deleted its last file took it away.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => place(&beside, path),
        placed => placed,
    };
    let _ = std::fs::remove_file(&beside);
    placed
}

fn place(beside: &Path, path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::rename(beside, path) {
        // `target` may lie on a disk of its own.
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => std::fs::copy(beside, path).map(|_| ()),
        placed => placed,
    }
}

/// A folder cannot be replaced by a file, nor a file be a folder: S3 could have both keys.
fn not_written(error: std::io::Error) -> S3Error {
    match error.kind() {
        std::io::ErrorKind::NotADirectory
        | std::io::ErrorKind::IsADirectory
        | std::io::ErrorKind::AlreadyExists
        | std::io::ErrorKind::DirectoryNotEmpty => {
            S3Error::invalid("one key is a folder of another, which files cannot be")
        }
        _ => S3Error::from(error),
    }
}

/// As HTTP has it.
fn date(time: SystemTime) -> Option<String> {
    let time = Timestamp::try_from(time).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}

#[cfg(test)]
mod tests {
    use super::{part, tidy, write};
    use std::fs;

    #[test]
    fn a_key_can_be_written_when_no_other_is_below_it_any_more() {
        let scratch = tempfile::tempdir().expect("a folder");
        let (root, beside) = (scratch.path().join("bucket"), scratch.path().join("objects"));
        let put = |key: &str| write(&beside, &root.join(key), b"x");
        put("a/b/c").expect("written");
        put("a/d").expect("written");
        fs::remove_file(root.join("a/b/c")).expect("removed");
        tidy(&root, &root.join("a/b/c"));
        put("a/b").expect("written");
        assert!(put("a").is_err());
        for key in ["a/b", "a/d"] {
            fs::remove_file(root.join(key)).expect("removed");
            tidy(&root, &root.join(key));
        }
        put("a").expect("written");
        fs::remove_file(root.join("a")).expect("removed");
        tidy(&root, &root.join("a"));
        assert!(root.is_dir());
    }

    #[test]
    fn ranges_are_parts_of_what_is_there() {
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
            assert_eq!(part(range, 10).map_err(|fault| fault.status.as_u16()), expected, "{range}");
        }
    }
}
