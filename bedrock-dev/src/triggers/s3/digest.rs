//! MD5 digests of files, which are the ETags of objects. A digest is computed again only if the file has changed.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::super::aws_api::hex;
use crate::sync::Mutex;

/// Maximum number of digests in a cache. A full cache is cleared.
const MAX_DIGESTS: usize = 100_000;
/// Age of a change after which another change has another time: file systems count in steps.
const SETTLED_AGE: Duration = Duration::from_secs(2);
/// Number of bytes that are read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// What differs between two versions of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileVersion {
    size: u64,
    inode: u64,
    modified: (i64, i64),
}

impl FileVersion {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.size(), inode: metadata.ino(), modified: (metadata.mtime(), metadata.mtime_nsec()) }
    }
}

/// The digests of files that were read.
#[derive(Debug, Default)]
pub(super) struct DigestCache(Mutex<HashMap<PathBuf, (FileVersion, String)>>);

impl DigestCache {
    /// Returns the digest of an open file, whose position moves.
    pub(super) fn digest(&self, path: &Path, file: &mut File) -> io::Result<String> {
        let metadata = file.metadata()?;
        let version = FileVersion::of(&metadata);
        let known = self.0.lock().get(path).filter(|(known, _)| *known == version).map(|(_, digest)| digest.clone());
        if let Some(digest) = known {
            return Ok(digest);
        }
        let digest = digest_of(file)?;
        let is_settled = metadata
            .modified()
            .is_ok_and(|modified| SystemTime::now().duration_since(modified).is_ok_and(|age| age > SETTLED_AGE));
        if is_settled && FileVersion::of(&file.metadata()?) == version {
            self.insert(path, version, digest.clone());
        }
        Ok(digest)
    }

    fn insert(&self, path: &Path, version: FileVersion, digest: String) {
        let mut digests = self.0.lock();
        if digests.len() >= MAX_DIGESTS {
            digests.clear();
        }
        digests.insert(path.to_owned(), (version, digest));
    }
}

/// Opens a file to read it. A pipe is not opened, because that would wait for a writer.
pub(super) fn open_file(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    File::open(path)
}

/// Returns the MD5 digest of the file at a path.
pub(super) fn digest_of_path(path: &Path) -> io::Result<String> {
    digest_of(&mut open_file(path)?)
}

fn digest_of(file: &mut File) -> io::Result<String> {
    let mut digest = Md5::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&digest.finalize())),
            bytes => digest.update(&buffer[..bytes]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DigestCache, open_file};
    use std::fs::{self, File, FileTimes};
    use std::io::Read as _;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    /// Returns the digest, and whether the content was read for it.
    fn digest(cache: &DigestCache, path: &Path) -> (String, bool) {
        let mut file = open_file(path).expect("a file");
        let digest = cache.digest(path, &mut file).expect("a digest");
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).expect("read");
        (digest, rest.is_empty())
    }

    #[test]
    fn digest_is_kept_until_the_file_changes() {
        let scratch = tempfile::tempdir().expect("a folder");
        let path = scratch.path().join("a");
        let write = |content: &str, seconds: u64| {
            fs::write(&path, content).expect("written");
            let time = SystemTime::now() - Duration::from_secs(seconds);
            let file = File::options().write(true).open(&path).expect("a file");
            file.set_times(FileTimes::new().set_modified(time)).expect("a time");
        };
        let cache = DigestCache::default();
        write("hello", 60);
        let hello = "5d41402abc4b2a76b9719d911017c592".to_owned();
        assert_eq!(digest(&cache, &path), (hello.clone(), true));
        assert_eq!(digest(&cache, &path), (hello.clone(), false));
        // The same size at another time.
        write("older", 30);
        assert_eq!(digest(&cache, &path), ("6a3a6f6e33217afa6373df9d6b2e8a00".to_owned(), true));
        // Within the steps of the file system, two versions may have the same time.
        write("hello", 0);
        assert_eq!(digest(&cache, &path), (hello.clone(), true));
        assert_eq!(digest(&cache, &path), (hello, true));
    }
}
