//! The files of a folder as objects of a bucket, and their changes since the last scan.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use bedrock_local::event_sources::ObjectChange;

use super::digest::digest_of_path;

/// Size and modification time of a file, by which changes are detected.
type FileStamp = (u64, Option<SystemTime>);

/// A folder, and its files at the last scan.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    files_at_scan: BTreeMap<String, FileStamp>,
    /// Files whose names are not UTF-8, which no key has. Those that were reported stay here.
    unnamed: BTreeSet<PathBuf>,
    unreported: Vec<PathBuf>,
}

impl Folder {
    /// Opens a folder. Existing files are not reported as changes.
    pub(super) fn open(root: PathBuf) -> Self {
        let mut folder =
            Self { root, files_at_scan: BTreeMap::new(), unnamed: BTreeSet::new(), unreported: Vec::new() };
        folder.files_at_scan = folder.scan(&folder.root.clone()).into_iter().collect();
        folder
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the keys of all files, sorted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.files_at_scan.keys().map(String::as_str)
    }

    /// Scans these paths and everything below them. Returns the changes since the last scan, by key.
    pub(super) fn take_changes(&mut self, paths: &BTreeSet<PathBuf>) -> Vec<ObjectChange> {
        let mut current = BTreeMap::new();
        let mut removed = BTreeSet::new();
        for path in paths {
            let files = self.scan(path);
            // No file below such a path has a key.
            let Some(prefix) = key_of(&self.root, path) else { continue };
            let below = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
            let previous = self.files_at_scan.keys().filter(|key| **key == prefix || key.starts_with(&below));
            removed.extend(previous.cloned());
            current.extend(files);
        }
        let mut changes = Vec::new();
        for key in removed.into_iter().filter(|key| !current.contains_key(key)) {
            self.files_at_scan.remove(&key);
            changes.push(ObjectChange::Removed { key });
        }
        for (key, stamp) in current {
            if self.files_at_scan.get(&key) == Some(&stamp) {
                continue;
            }
            // A file that cannot be read, or has been deleted again, is handled at its next change.
            if let Ok(etag) = digest_of_path(&self.root.join(&key)) {
                self.files_at_scan.insert(key.clone(), stamp);
                changes.push(ObjectChange::Created { key, size: stamp.0, etag });
            }
        }
        changes
    }

    /// Returns the files that the scans have found and that no object can have the name of, each once.
    pub(super) fn take_unnamed(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.unreported)
    }

    /// Returns the file at a path, or all files below it. Symbolic links are skipped, because they may lead out of the
    /// folder.
    fn scan(&mut self, path: &Path) -> Vec<(String, FileStamp)> {
        let mut files = Vec::new();
        let mut pending = vec![path.to_owned()];
        while let Some(path) = pending.pop() {
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            if metadata.is_dir() {
                pending.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
            } else if metadata.is_file() {
                match key_of(&self.root, &path) {
                    Some(key) => files.push((key, (metadata.len(), metadata.modified().ok()))),
                    None if self.unnamed.insert(path.clone()) => self.unreported.push(path),
                    None => {}
                }
            }
        }
        files
    }
}

/// Returns the key of a file: its path in the folder, with `/`. Returns `None` for a path outside of the folder, or one
/// that is not valid UTF-8.
fn key_of(root: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// Returns the file of a key, or `None` if it would be outside of the folder.
pub(super) fn path_of(root: &Path, key: &str) -> Option<PathBuf> {
    let is_plain = !key.is_empty() && !key.ends_with('/') && !key.contains("//") && !key.contains('\0');
    let path = Path::new(key);
    let is_inside = path.components().all(|component| matches!(component, Component::Normal(_)));
    // `a/./b` consists only of normal components, but no file has this key.
    let is_exact = key_of(Path::new(""), path).as_deref() == Some(key);
    if !(is_plain && is_inside && is_exact) {
        return None;
    }
    // A symbolic link in the folder may lead out of it.
    let mut file = root.to_owned();
    for part in path {
        file.push(part);
        if fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_symlink()) {
            return None;
        }
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::{Folder, ObjectChange, path_of};
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    fn all_changes(folder: &mut Folder) -> Vec<ObjectChange> {
        folder.take_changes(&BTreeSet::from([folder.root().to_owned()]))
    }

    fn created(key: &str, size: u64, etag: &str) -> ObjectChange {
        ObjectChange::Created { key: key.to_owned(), size, etag: etag.to_owned() }
    }

    #[test]
    fn changes_are_reported_once_and_existing_files_never() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path();
        fs::write(root.join("old.txt"), "old").expect("a file");
        let mut folder = Folder::open(root.to_owned());
        assert_eq!(all_changes(&mut folder), []);
        fs::create_dir(root.join("in")).expect("a folder");
        fs::write(root.join("in/new.txt"), "hello").expect("a file");
        let paths = |name: &str| BTreeSet::from([root.join(name)]);
        let new = created("in/new.txt", 5, "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(folder.take_changes(&paths("in")), std::slice::from_ref(&new));
        assert_eq!(folder.take_changes(&paths("in/new.txt")), []);
        fs::write(root.join("old.txt"), "older").expect("a file");
        assert_eq!(folder.take_changes(&paths("old.txt")), [created("old.txt", 5, "6a3a6f6e33217afa6373df9d6b2e8a00")]);
        fs::remove_dir_all(root.join("in")).expect("removed");
        assert_eq!(folder.take_changes(&paths("in")), [ObjectChange::Removed { key: "in/new.txt".to_owned() }]);
        assert_eq!(all_changes(&mut folder), []);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_that_are_not_utf8_are_reported_once() {
        use std::os::unix::ffi::OsStrExt;
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path();
        fs::write(root.join("kept.txt"), "kept").expect("a file");
        let mut folder = Folder::open(root.to_owned());
        let name = root.join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt"));
        fs::write(&name, "x").expect("a file");
        // The other objects are not removed by it.
        assert_eq!(folder.take_changes(&BTreeSet::from([name.clone()])), []);
        assert_eq!(folder.take_unnamed(), std::slice::from_ref(&name));
        assert_eq!(all_changes(&mut folder), []);
        assert!(folder.take_unnamed().is_empty());
        assert_eq!(folder.keys().collect::<Vec<_>>(), ["kept.txt"]);
        assert_eq!(Folder::open(root.to_owned()).take_unnamed(), [name]);
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_not_objects() {
        let scratch = tempfile::tempdir().expect("a folder");
        let mut folder = Folder::open(scratch.path().to_owned());
        std::os::unix::fs::symlink("/etc", scratch.path().join("out")).expect("a link");
        assert_eq!(all_changes(&mut folder), []);
        assert_eq!(path_of(scratch.path(), "out/passwd"), None);
    }

    #[test]
    fn keys_outside_of_the_folder_are_rejected() {
        let root = Path::new("/nowhere/bucket");
        assert_eq!(path_of(root, "a/b.txt").as_deref(), Some(Path::new("/nowhere/bucket/a/b.txt")));
        for key in ["", "../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a/./b", "a/", "..", "a\0b"] {
            assert_eq!(path_of(root, key), None, "{key}");
        }
    }
}
