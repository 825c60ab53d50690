//! The files of a folder that are packed, and the files that are not.

use std::path::PathBuf;

use super::entry::Entry;
use super::exclusion::ExclusionReason;

/// The files of a folder that belong into an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Sorted bytewise by their path.
    pub files: Vec<File>,
    /// What was left out for its name, sorted by path; not what ignore files say.
    pub excluded: Vec<Excluded>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// In the folder, with `/` between names.
    pub path: String,
    /// On the disk, behind all links.
    pub source: PathBuf,
    pub bytes: u64,
    pub executable: bool,
}

/// A file or folder that stays out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// In the folder; that of a folder ends with `/`.
    pub path: String,
    pub reason: ExclusionReason,
}

impl Tree {
    /// The files as they will lie below `folder` of an artifact; `""` is the artifact itself.
    pub fn entries(&self, folder: &str) -> Vec<Entry> {
        let below = |path: &str| if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
        let entry = |file: &File| Entry { executable: file.executable, ..Entry::file(below(&file.path), &file.source) };
        self.files.iter().map(entry).collect()
    }
}
