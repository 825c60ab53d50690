//! The files of a folder as objects of a bucket, and what has changed since the last look. Knows no watcher.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use md5::{Digest, Md5};

use super::super::sqs::hexadecimal;

/// By which a file is known to be another one.
type Stamp = (u64, Option<SystemTime>);

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Created { key: String, size: u64, etag: String },
    Removed { key: String },
}

/// A folder, and the files that were there at the last look.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    known: BTreeMap<String, Stamp>,
}

impl Folder {
    /// As it is now: what is there already is nothing new.
    pub(super) fn open(root: PathBuf) -> Self {
        let mut folder = Self { root, known: BTreeMap::new() };
        folder.known = folder.files(&folder.root.clone()).into_iter().collect();
        folder
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Of the files, in their order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// What has changed at and below these paths, by keys.
    pub(super) fn look(&mut self, paths: &BTreeSet<PathBuf>) -> Vec<Change> {
        let (mut now, mut gone) = (BTreeMap::new(), BTreeSet::new());
        for path in paths {
            let files = self.files(path);
            let prefix = key_of(&self.root, path).unwrap_or_default();
            let below = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
            let before = self.known.keys().filter(|key| **key == prefix || key.starts_with(&below));
            gone.extend(before.cloned());
            now.extend(files);
        }
        let mut changes = Vec::new();
        for key in gone.into_iter().filter(|key| !now.contains_key(key)) {
            self.known.remove(&key);
            changes.push(Change::Removed { key });
        }
        for (key, stamp) in now {
            if self.known.get(&key) == Some(&stamp) {
                continue;
            }
            // One that cannot be read, or is gone again, is looked at when it changes next.
            if let Ok(etag) = etag(&self.root.join(&key)) {
                self.known.insert(key.clone(), stamp);
                changes.push(Change::Created { key, size: stamp.0, etag });
            }
        }
        changes
    }

    /// The file at a path, or those below it. Links lead out of the folder and are none of its files.
    fn files(&self, path: &Path) -> Vec<(String, Stamp)> {
        let (mut files, mut left) = (Vec::new(), vec![path.to_owned()]);
        while let Some(path) = left.pop() {
            let Ok(found) = fs::symlink_metadata(&path) else { continue };
            if found.is_dir() {
                left.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
            } else if let Some(key) = key_of(&self.root, &path).filter(|_| found.is_file()) {
                files.push((key, (found.len(), found.modified().ok())));
            }
        }
        files
    }
}

/// The key of a file: its path in the folder, with `/`. Nothing for a path outside, or one that is no text.
fn key_of(root: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// The file of a key; nothing if it would not be one of the folder.
pub(super) fn path_of(root: &Path, key: &str) -> Option<PathBuf> {
    let is_plain = !key.is_empty() && !key.ends_with('/') && !key.contains("//") && !key.contains('\0');
    let path = Path::new(key);
    let inside = path.components().all(|component| matches!(component, Component::Normal(_)));
    // `a/./b` has plain components alone, but is the key of no file.
    let is_exact = key_of(Path::new(""), path).as_deref() == Some(key);
    if !(is_plain && inside && is_exact) {
        return None;
    }
    // A link in the folder may lead out of it.
    let mut found = root.to_owned();
    for part in path {
        found.push(part);
        if fs::symlink_metadata(&found).is_ok_and(|found| found.is_symlink()) {
            return None;
        }
    }
    Some(found)
}

/// The MD5 digest of a file.
pub(super) fn etag(path: &Path) -> io::Result<String> {
    let (mut file, mut digest) = (File::open(path)?, Md5::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&digest.finalize())),
            bytes => digest.update(&buffer[..bytes]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Folder, path_of};
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    fn everywhere(folder: &mut Folder) -> Vec<Change> {
        folder.look(&BTreeSet::from([folder.root().to_owned()]))
    }

    fn created(key: &str, size: u64, etag: &str) -> Change {
        Change::Created { key: key.to_owned(), size, etag: etag.to_owned() }
    }

    #[test]
    fn new_changed_and_removed_files_are_told_once_and_old_ones_not_at_all() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path();
        fs::write(root.join("old.txt"), "old").expect("a file");
        let mut folder = Folder::open(root.to_owned());
        assert_eq!(everywhere(&mut folder), []);
        fs::create_dir(root.join("in")).expect("a folder");
        fs::write(root.join("in/new.txt"), "hello").expect("a file");
        let here = |name: &str| BTreeSet::from([root.join(name)]);
        let new = created("in/new.txt", 5, "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(folder.look(&here("in")), std::slice::from_ref(&new));
        assert_eq!(folder.look(&here("in/new.txt")), []);
        fs::write(root.join("old.txt"), "older").expect("a file");
        assert_eq!(folder.look(&here("old.txt")), [created("old.txt", 5, "6a3a6f6e33217afa6373df9d6b2e8a00")]);
        fs::remove_dir_all(root.join("in")).expect("removed");
        assert_eq!(folder.look(&here("in")), [Change::Removed { key: "in/new.txt".to_owned() }]);
        assert_eq!(everywhere(&mut folder), []);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_no_objects() {
        let scratch = tempfile::tempdir().expect("a folder");
        let mut folder = Folder::open(scratch.path().to_owned());
        std::os::unix::fs::symlink("/etc", scratch.path().join("out")).expect("a link");
        assert_eq!(everywhere(&mut folder), []);
        assert_eq!(path_of(scratch.path(), "out/passwd"), None);
    }

    #[test]
    fn keys_that_lead_out_of_the_folder_are_none() {
        let root = Path::new("/nowhere/bucket");
        assert_eq!(path_of(root, "a/b.txt").as_deref(), Some(Path::new("/nowhere/bucket/a/b.txt")));
        for key in ["", "../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a/./b", "a/", "..", "a\0b"] {
            assert_eq!(path_of(root, key), None, "{key}");
        }
    }
}
