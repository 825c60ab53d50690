//! The links that a package manager makes in `node_modules` for packages that are folders.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the links in a `node_modules` folder and in its scopes.
pub(super) fn links(modules: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![modules.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let is_scope = entry.file_name().to_string_lossy().starts_with('@');
            if kind.is_symlink() {
                found.push(entry.path());
            } else if kind.is_dir() && is_scope {
                pending.push(entry.path());
            }
        }
    }
    found
}
