//! The changes of a plan.

use std::path::{Path, PathBuf};

use bedrock_templates::RenderedFile;

/// Changes that are carried out together or not at all.
#[derive(Debug)]
pub(crate) struct FilePlan {
    /// Paths in messages are relative to this folder.
    pub(crate) base: PathBuf,
    pub(crate) steps: Vec<FileStep>,
}

/// One change. All paths are absolute.
#[derive(Debug)]
pub(crate) enum FileStep {
    /// Creates a folder that does not exist yet, and its parent folders if they are missing.
    CreateFolder { path: PathBuf, files: Vec<RenderedFile> },
    /// Creates a file that does not exist yet.
    CreateFile { path: PathBuf, contents: String },
    /// Replaces the text of a file, which must still be `before`.
    Edit { path: PathBuf, before: String, after: String },
    /// Deletes a file whose text must still be `before`.
    Remove { path: PathBuf, before: String },
}

impl FileStep {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::CreateFolder { path, .. }
            | Self::CreateFile { path, .. }
            | Self::Edit { path, .. }
            | Self::Remove { path, .. } => path,
        }
    }
}
