//! A plan: what will be on the disk that is not there now, and the reverse. Carrying it out is `apply`'s part.

use std::path::{Path, PathBuf};

use bedrock_templates::File;

/// Steps that are carried out together or not at all.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Paths in messages are relative to this folder.
    pub(crate) base: PathBuf,
    pub(crate) steps: Vec<Step>,
}

/// One change. All paths are absolute.
#[derive(Debug)]
pub(crate) enum Step {
    /// A folder that must not exist yet; the folders above it are made where they are missing.
    Folder { path: PathBuf, files: Vec<File> },
    /// A file that must not exist yet.
    File { path: PathBuf, contents: String },
    /// A file that is there and must still say `before`.
    Edit { path: PathBuf, before: String, after: String },
    /// A file that is there, must still say `before`, and goes.
    Remove { path: PathBuf, before: String },
}

impl Step {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Folder { path, .. }
            | Self::File { path, .. }
            | Self::Edit { path, .. }
            | Self::Remove { path, .. } => path,
        }
    }
}
