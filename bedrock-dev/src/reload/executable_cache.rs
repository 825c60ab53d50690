//! Copies of the executables of Rust workers, keyed by content. The copies run while cargo overwrites the originals.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use bedrock_build::{App, Language};
use sha2::{Digest, Sha256};

use crate::ENDPOINT;
use crate::error::StartError;
use crate::sync::Mutex;

/// Copies of one executable that are retained: the current one, and the previous one, which an invocation may be about
/// to start.
const MAX_RETAINED_COPIES: usize = 2;

/// The copies of one run of the server.
#[derive(Debug)]
pub(crate) struct ExecutableCache {
    folder: PathBuf,
    /// Copies by function name.
    copies: Mutex<HashMap<String, Copies>>,
    /// Number of copies that were started, for unique names of temporary files.
    copy_count: AtomicUsize,
}

/// The copies of the executables of one function.
#[derive(Debug, Default)]
struct Copies {
    /// Copies that are or were in use, oldest first.
    used: Vec<PathBuf>,
    /// Copies that were never used, because their build failed afterwards.
    unused: Vec<PathBuf>,
    /// The newest copy with its source. Cargo does not touch an executable that has not changed.
    newest: Option<(SourceStamp, PathBuf)>,
}

/// Modification time and size of an executable.
type SourceStamp = (SystemTime, u64);

/// A copy of an executable.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CachedCopy {
    pub(crate) path: PathBuf,
    /// Whether it differs from the executable that is in use.
    pub(crate) is_new: bool,
}

impl ExecutableCache {
    /// Creates a cache in this folder, which no other process uses. Copies of an earlier run are deleted.
    pub(crate) fn in_folder(folder: PathBuf) -> io::Result<Self> {
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&folder)?,
        }
        Ok(Self { folder, copies: Mutex::default(), copy_count: AtomicUsize::new(0) })
    }

    /// Copies the executables with which the server starts. Returns the path by function name for all Rust workers, and
    /// for the endpoint if it is in `executables`.
    pub(crate) fn copy_all(
        &self,
        app: &App,
        executables: &HashMap<String, PathBuf>,
    ) -> Result<HashMap<String, PathBuf>, StartError> {
        let rust_workers = app.workers.iter().filter(|worker| worker.language == Language::Rust);
        let worker_names = rust_workers.map(|worker| worker.name.to_string());
        let endpoint_name = executables.contains_key(ENDPOINT).then(|| ENDPOINT.to_owned());
        let paths = worker_names.chain(endpoint_name).map(|name| {
            let path = match executables.get(&name) {
                Some(source) if source.exists() => {
                    let copied = self.copy(&name, source);
                    let copy = copied.map_err(|error| StartError::Program(source.clone(), error))?.path;
                    self.mark_in_use(&name, &copy);
                    copy
                }
                // A reload provides it once the worker compiles.
                _ => self.placeholder(&name),
            };
            Ok((name, path))
        });
        paths.collect()
    }

    /// Returns a path at which no file exists, for a function that could not be built yet.
    fn placeholder(&self, function: &str) -> PathBuf {
        self.folder.join(function)
    }

    /// Copies the executable of a function, unless it is the one that was copied last.
    pub(crate) fn copy(&self, function: &str, source: &Path) -> io::Result<CachedCopy> {
        let metadata = fs::metadata(source)?;
        let stamp = (metadata.modified()?, metadata.len());
        let newest = self.with_copies(function, |copies| copies.newest.clone());
        let path = match newest.filter(|(newest_stamp, _)| *newest_stamp == stamp) {
            Some((_, path)) => path,
            None => self.copy_bytes(function, &fs::read(source)?)?,
        };
        Ok(self.with_copies(function, |copies| {
            copies.newest = Some((stamp, path.clone()));
            CachedCopy { is_new: copies.used.last() != Some(&path), path }
        }))
    }

    /// Marks a copy as the current one, and deletes all others except the previous one.
    pub(crate) fn mark_in_use(&self, function: &str, path: &Path) {
        let obsolete = self.with_copies(function, |copies| {
            copies.used.retain(|copy| copy != path);
            copies.used.push(path.to_owned());
            let excess = copies.used.len().saturating_sub(MAX_RETAINED_COPIES);
            let mut obsolete: Vec<PathBuf> = copies.used.drain(..excess).collect();
            obsolete.append(&mut copies.unused);
            obsolete.retain(|copy| !copies.used.contains(copy));
            obsolete
        });
        for copy in obsolete {
            // Processes keep their deleted executable. A file that cannot be deleted only occupies disk space.
            let _ = fs::remove_file(copy);
        }
    }

    fn copy_bytes(&self, function: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.folder.join(format!("{function}-{}", content_hash(bytes)));
        if !path.exists() {
            // A copy of an earlier, failed build may still be in progress, so temporary files have unique names.
            let number = self.copy_count.fetch_add(1, Ordering::Relaxed);
            let temporary = self.folder.join(format!("{function}.{number}.partial"));
            fs::write(&temporary, bytes)?;
            fs::set_permissions(&temporary, fs::Permissions::from_mode(0o755))?;
            fs::rename(&temporary, &path)?;
            self.with_copies(function, |copies| copies.unused.push(path.clone()));
        }
        Ok(path)
    }

    fn with_copies<T>(&self, function: &str, action: impl FnOnce(&mut Copies) -> T) -> T {
        action(self.copies.lock().entry(function.to_owned()).or_default())
    }
}

/// Returns the first 16 bytes of the SHA-256 hash in hexadecimal.
fn content_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::ExecutableCache;
    use std::fs;

    #[test]
    fn changed_executables_are_copied_and_two_copies_retained() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("programs");
        let source = dir.path().join("program");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("old"), "").expect("a file");
        let cache = ExecutableCache::in_folder(folder.clone()).expect("a folder");
        let copy = |text: &str, is_used: bool| {
            fs::write(&source, text).expect("a file");
            let copy = cache.copy("a", &source).expect("a copy");
            assert_eq!(fs::read_to_string(&copy.path).expect("a copy"), text);
            if is_used {
                cache.mark_in_use("a", &copy.path);
            }
            (copy.is_new, fs::read_dir(&folder).expect("a folder").count())
        };
        let results = ["1", "1", "2", "2", "1", "3", "2"].map(|text| copy(text, true));
        assert_eq!(results, [(true, 1), (false, 1), (true, 2), (false, 2), (true, 2), (true, 2), (true, 2)]);
        // Copies of failed builds differ from the one in use, until one of them is used.
        let results = ["4", "4", "5", "2", "3"].map(|text| copy(text, false));
        assert_eq!(results, [(true, 3), (true, 3), (true, 4), (false, 4), (true, 4)]);
        assert_eq!(copy("5", true), (true, 2));
    }

    #[test]
    fn unchanged_executable_is_not_read_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = ExecutableCache::in_folder(dir.path().join("programs")).expect("a folder");
        let source = dir.path().join("program");
        fs::write(&source, "1").expect("a file");
        let copy = cache.copy("a", &source).expect("a copy");
        cache.mark_in_use("a", &copy.path);
        // The content changes, but not the size and the modification time.
        let modified = fs::metadata(&source).and_then(|metadata| metadata.modified()).expect("a time");
        fs::write(&source, "2").expect("a file");
        fs::File::options()
            .append(true)
            .open(&source)
            .and_then(|file| file.set_modified(modified))
            .expect("the same time");
        let again = cache.copy("a", &source).expect("a copy");
        assert!(!again.is_new && again.path == copy.path);
    }

    #[test]
    fn functions_with_equal_executables_have_separate_copies() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = ExecutableCache::in_folder(dir.path().join("programs")).expect("a folder");
        let source = dir.path().join("program");
        fs::write(&source, "1").expect("a file");
        let [one, other] = ["a", "b"].map(|name| cache.copy(name, &source).expect("a copy"));
        assert!(one.is_new && other.is_new && one.path != other.path);
    }
}
