//! The headers that an object was written with: its type, and the metadata of the user. They are in a folder of their
//! own, and count only as long as the file is the one that was written.

use std::io;
use std::path::{Path, PathBuf};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::super::super::aws_api::md5_hex;
use super::super::digest::FileVersion;
use super::error::S3Error;

/// Type of an object that was written without one.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";
/// Prefix of the user's own metadata.
const METADATA_PREFIX: &str = "x-amz-meta-";
/// Maximum size of the user's metadata: names without the prefix, and values.
const MAX_METADATA_BYTES: usize = 2048;
/// Headers of an object, in addition to the user's metadata.
const SYSTEM_HEADERS: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-website-redirect-location",
];

/// The headers of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ObjectHeaders(Vec<(String, String)>);

#[derive(Serialize, Deserialize)]
struct StoredHeaders {
    version: FileVersion,
    /// The MD5 digest of the file.
    etag: String,
    headers: ObjectHeaders,
}

impl ObjectHeaders {
    /// Reads the headers of a write. A header that is repeated has all values, as S3 joins them.
    pub(super) fn read(request: &HeaderMap) -> Result<Self, S3Error> {
        let mut headers = Vec::new();
        let mut metadata_bytes = 0;
        for name in request.keys().map(HeaderName::as_str) {
            let metadata_name = name.strip_prefix(METADATA_PREFIX);
            if metadata_name.is_none() && !SYSTEM_HEADERS.contains(&name) {
                continue;
            }
            let values: Vec<_> =
                request.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            let mut value = values.join(",");
            if name == "content-encoding" {
                // It is undone before the object is stored.
                let codings = value.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked");
                value = codings.collect::<Vec<_>>().join(",");
            }
            if let Some(metadata_name) = metadata_name {
                metadata_bytes += metadata_name.len() + value.len();
            }
            if !value.is_empty() || metadata_name.is_some() {
                headers.push((name.to_owned(), value));
            }
        }
        if metadata_bytes > MAX_METADATA_BYTES {
            return Err(S3Error::metadata_too_large(metadata_bytes, MAX_METADATA_BYTES));
        }
        Ok(Self(headers))
    }

    /// Adds the headers to a response.
    pub(super) fn add_to(&self, response: &mut HeaderMap) {
        response.insert("content-type", HeaderValue::from_static(DEFAULT_CONTENT_TYPE));
        for (name, value) in &self.0 {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
                response.insert(name, value);
            }
        }
    }

    /// Stores the headers of a file that has just been written.
    pub(super) fn store(self, path: &Path, version: FileVersion, etag: &str) -> io::Result<()> {
        let stored = StoredHeaders { version, etag: etag.to_owned(), headers: self };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, serde_json::to_vec(&stored)?)
    }

    /// Returns the headers of this version of a file, and its digest. `None` if another program has written it.
    pub(super) fn load(path: &Path, version: FileVersion) -> Option<(Self, String)> {
        let stored: StoredHeaders = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        (stored.version == version).then_some((stored.headers, stored.etag))
    }
}

/// Returns where the headers of a key are stored. A key may be longer than the name of a file.
pub(super) fn path_of_headers(folder: &Path, bucket: &str, key: &str) -> PathBuf {
    folder.join(bucket).join(format!("{}.json", md5_hex(key.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::ObjectHeaders;
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        headers
    }

    #[test]
    fn headers_of_an_object_are_those_of_its_write() {
        let request = headers(&[
            ("content-type", "text/plain"),
            ("content-encoding", "gzip, aws-chunked"),
            ("x-amz-meta-owner", "ann"),
            ("x-amz-meta-owner", "bob"),
            ("x-amz-meta-empty", ""),
            ("authorization", "secret"),
        ]);
        let mut response = HeaderMap::new();
        ObjectHeaders::read(&request).expect("headers").add_to(&mut response);
        let expected = headers(&[
            ("content-type", "text/plain"),
            ("content-encoding", "gzip"),
            ("x-amz-meta-owner", "ann,bob"),
            ("x-amz-meta-empty", ""),
        ]);
        assert_eq!(response, expected);
        let mut response = HeaderMap::new();
        ObjectHeaders::default().add_to(&mut response);
        assert_eq!(response, headers(&[("content-type", "binary/octet-stream")]));
        let long = "x".repeat(2048);
        assert!(ObjectHeaders::read(&headers(&[("x-amz-meta-a", &long)])).is_err());
    }
}
