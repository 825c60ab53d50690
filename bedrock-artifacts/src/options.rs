//! Which folder is packed, and how.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// Kind of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderKind {
    /// Written by the user: ignore files apply, tests are excluded, and files are scanned for secrets.
    Sources,
    /// Installed from a registry: everything is packed except leftovers.
    Dependencies,
}

/// Options of collecting the files of a folder.
#[derive(Debug, Clone)]
pub struct PackOptions {
    /// The kind of the folder.
    pub folder_kind: FolderKind,
    /// The app's folder. Ignore files of its parents do not apply, and paths in messages are relative to it.
    pub app: PathBuf,
    /// Where `allow` is set, for help lines: `[package.metadata.bedrock.workers.resizer]`.
    pub settings: String,
    /// Globs of paths in the folder that are packed even if their names or contents are normally rejected.
    pub allow: Vec<String>,
    /// Paths of files and folders that are packed although `.gitignore` excludes them or their names are those of tests. In a
    /// folder, `.gitignore` does not apply.
    pub needed: BTreeSet<String>,
    /// Whether Python's `__pycache__` and `*.pyc` are packed.
    pub bytecode: bool,
    /// Whether the `node_modules` folder of sources is packed.
    pub node_modules: bool,
}

impl PackOptions {
    /// Creates options without allowed paths, bytecode and `node_modules`.
    pub fn new(folder_kind: FolderKind, app: impl Into<PathBuf>, settings: impl Into<String>) -> Self {
        let app = app.into();
        let settings = settings.into();
        Self {
            folder_kind,
            app,
            settings,
            allow: Vec::new(),
            needed: BTreeSet::new(),
            bytecode: false,
            node_modules: false,
        }
    }
}
