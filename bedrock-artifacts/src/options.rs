//! Which folder is packed, and how.

use std::path::PathBuf;

/// What kind of folder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderKind {
    /// Written by the user: ignore files count, tests stay out, and secrets are looked for.
    Sources,
    /// Installed from a registry: all of it goes in, but for leftovers.
    Dependencies,
}

/// Which files belong into the artifact.
#[derive(Debug, Clone)]
pub struct PackOptions {
    pub folder_kind: FolderKind,
    /// The app's folder: ignore files above it do not count, and paths in messages are relative to it.
    pub app: PathBuf,
    /// Where `allow` is set, for help lines: `[package.metadata.bedrock.workers.resizer]`.
    pub settings: String,
    /// Globs of paths in the folder that go in though their names or texts speak against it.
    pub allow: Vec<String>,
    /// Whether Python's `__pycache__` and `*.pyc` go in.
    pub bytecode: bool,
    /// Whether `node_modules` of sources goes in.
    pub node_modules: bool,
}

impl PackOptions {
    pub fn new(folder_kind: FolderKind, app: impl Into<PathBuf>, settings: impl Into<String>) -> Self {
        let (app, settings) = (app.into(), settings.into());
        Self { folder_kind, app, settings, allow: Vec::new(), bytecode: false, node_modules: false }
    }
}
