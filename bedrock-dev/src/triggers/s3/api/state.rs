//! The buckets that the API serves, and their objects: a file, the headers that it was written with, and its digest.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, Metadata};
use std::io::{Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::HeaderMap;

use super::super::digest::{DigestCache, FileVersion, open_file};
use super::super::folder::path_of;
use super::conditions::{check_write, is_conditional_write};
use super::draft::{Draft, Part};
use super::error::S3Error;
use super::object_headers::{ObjectHeaders, path_of_headers};
use crate::sync::Mutex;

/// A bucket of an app.
#[derive(Clone)]
pub(in super::super::super) struct Bucket {
    /// `shop-local-uploads`
    pub(in super::super::super) name: String,
    /// The absolute path of the folder.
    pub(in super::super::super) root: PathBuf,
}

/// All buckets of an app.
pub(in super::super::super) struct S3 {
    pub(in super::super::super) buckets: Vec<Bucket>,
    pub(super) region: String,
    /// Where files are written before they are moved to their bucket; in none of the buckets.
    pub(super) drafts: PathBuf,
    headers: PathBuf,
    digests: DigestCache,
    /// Uploads in parts that are not complete, by id.
    pub(super) uploads: Mutex<HashMap<String, Upload>>,
    /// Held while an object and its headers are replaced or opened, which belong together.
    replacing: Mutex<()>,
}

/// An object that is uploaded in parts.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) headers: ObjectHeaders,
    /// By number.
    pub(super) parts: BTreeMap<u32, Arc<Part>>,
}

/// An object that is open, so that it stays as it is.
pub(super) struct OpenObject {
    pub(super) file: File,
    pub(super) metadata: Metadata,
    pub(super) headers: ObjectHeaders,
    pub(super) etag: String,
}

impl S3 {
    /// Creates the state, whose own files are below `state_dir`. No other program may use them: temporary files of a
    /// program that was killed are deleted.
    pub(in super::super::super) fn new(buckets: Vec<Bucket>, region: &str, state_dir: &Path) -> Self {
        let drafts = state_dir.join("objects");
        // It may be missing.
        let _ = std::fs::remove_dir_all(&drafts);
        Self {
            buckets,
            region: region.to_owned(),
            drafts,
            headers: state_dir.join("object-headers"),
            digests: DigestCache::default(),
            uploads: Mutex::default(),
            replacing: Mutex::default(),
        }
    }

    /// Returns a bucket.
    pub(super) fn bucket(&self, name: &str) -> Result<&Bucket, S3Error> {
        self.buckets.iter().find(|bucket| bucket.name == name).ok_or_else(S3Error::no_such_bucket)
    }

    /// Opens an object. Its digest may have to be computed.
    pub(super) fn open(&self, bucket: &Bucket, key: &str) -> Result<OpenObject, S3Error> {
        let path = path_of(&bucket.root, key).ok_or_else(S3Error::no_such_key)?;
        let turn = self.replacing.lock();
        let mut file = open_file(&path)?;
        let metadata = file.metadata()?;
        let stored = ObjectHeaders::load(&self.headers_path(bucket, key), FileVersion::of(&metadata));
        drop(turn);
        let (headers, etag) = match stored {
            Some(stored) => stored,
            None => (ObjectHeaders::default(), self.digests.digest(&path, &mut file)?),
        };
        file.seek(SeekFrom::Start(0))?;
        Ok(OpenObject { file, metadata, headers, etag })
    }

    /// Replaces an object if the conditions of the request hold.
    pub(super) fn replace(
        &self,
        bucket: &Bucket,
        key: &str,
        draft: Draft,
        etag: &str,
        headers: ObjectHeaders,
        request: &HeaderMap,
    ) -> Result<(), S3Error> {
        let path = path_of(&bucket.root, key)
            .ok_or_else(|| S3Error::invalid_argument(format!("the key `{key}` cannot be a file name")))?;
        if is_conditional_write(request) {
            // Computes the digest before the lock is taken.
            let _ = self.open(bucket, key);
        }
        let _turn = self.replacing.lock();
        self.check_write(bucket, key, &path, request)?;
        draft.place(&path).map_err(write_error)?;
        let version = FileVersion::of(&std::fs::metadata(&path)?);
        headers.store(&self.headers_path(bucket, key), version, etag)?;
        Ok(())
    }

    /// Deletes an object if the conditions of the request hold. It may be missing.
    pub(super) fn delete(&self, bucket: &Bucket, key: &str, request: &HeaderMap) -> Result<(), S3Error> {
        let Some(path) = path_of(&bucket.root, key) else { return Ok(()) };
        let _turn = self.replacing.lock();
        self.check_write(bucket, key, &path, request)?;
        match std::fs::remove_file(&path) {
            Ok(()) => remove_empty_folders(&bucket.root, &path),
            Err(error) => {
                let error = S3Error::from(error);
                if !error.is_not_found() {
                    return Err(error);
                }
            }
        }
        // They are missing if another program has written the object.
        let _ = std::fs::remove_file(self.headers_path(bucket, key));
        Ok(())
    }

    fn check_write(&self, bucket: &Bucket, key: &str, path: &Path, request: &HeaderMap) -> Result<(), S3Error> {
        if !is_conditional_write(request) {
            return Ok(());
        }
        let etag = match open_file(path) {
            Err(_) => None,
            Ok(mut file) => {
                let version = FileVersion::of(&file.metadata()?);
                match ObjectHeaders::load(&self.headers_path(bucket, key), version) {
                    Some((_, etag)) => Some(etag),
                    None => Some(self.digests.digest(path, &mut file)?),
                }
            }
        };
        check_write(request, etag.as_deref())
    }

    fn headers_path(&self, bucket: &Bucket, key: &str) -> PathBuf {
        path_of_headers(&self.headers, &bucket.name, key)
    }
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

/// Returns the error of a failed write. Unlike on S3, one key cannot be a prefix folder of another.
fn write_error(error: std::io::Error) -> S3Error {
    match error.kind() {
        std::io::ErrorKind::NotADirectory
        | std::io::ErrorKind::IsADirectory
        | std::io::ErrorKind::AlreadyExists
        | std::io::ErrorKind::DirectoryNotEmpty => {
            S3Error::invalid_argument("the key conflicts with another object: a file cannot also be a folder")
        }
        std::io::ErrorKind::InvalidFilename => {
            S3Error::invalid_argument("a part of the key between two `/` is longer than the name of a file may be")
        }
        _ => S3Error::from(error),
    }
}
