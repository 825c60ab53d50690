//! A list of dependencies, and the folders that it names.

use std::path::PathBuf;

/// A folder as a list names it.
pub(super) struct Named {
    /// Not resolved.
    pub(super) dir: PathBuf,
    pub(super) line: usize,
    pub(super) written: String,
    /// It is a member of the workspace of the list, which may be larger than the app.
    pub(super) is_member: bool,
}

/// A list of dependencies and the folders that it names.
pub(super) struct List {
    pub(super) path: PathBuf,
    pub(super) named: Vec<Named>,
}
