//! The files of a folder that are packed, and the files that are not.

use std::path::PathBuf;

use super::entry::{Entry, Fingerprint};
use super::exclusion::ExclusionReason;

/// The files of a folder that are packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Sorted bytewise by their path.
    pub files: Vec<File>,
    /// Files that are excluded because of their names or by ignore files, sorted by path.
    pub excluded: Vec<Excluded>,
}

/// A file that is packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path in the folder, with `/` between names.
    pub path: String,
    /// Path on the disk, with all links resolved.
    pub source: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Whether its owner may execute it.
    pub executable: bool,
    /// Size and digest of the bytes that were scanned for secrets, or `None` if they were not.
    pub fingerprint: Option<Fingerprint>,
}

/// A file or folder that is not packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// Path in the folder. Paths of folders end with `/`.
    pub path: String,
    /// Why it is not packed.
    pub reason: ExclusionReason,
}

impl Tree {
    /// Returns the files as entries below `folder` of an artifact. `""` is the top level of the artifact.
    pub fn entries(&self, folder: &str) -> Vec<Entry> {
        let below = |path: &str| if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
        let entry = |file: &File| Entry {
            executable: file.executable,
            fingerprint: file.fingerprint.clone(),
            ..Entry::file(below(&file.path), &file.source)
        };
        self.files.iter().map(entry).collect()
    }
}
