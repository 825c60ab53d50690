//! The folders of a workspace that its patterns match.

use std::fs;
use std::path::{Path, PathBuf};

/// How deep in a workspace its members may be.
const MAX_DEPTH: usize = 6;

/// Returns the folders below `root` that have the file `list` and match, with their paths relative to the workspace.
pub(super) fn members(root: &Path, list: &str, matches: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![(String::new(), 1)];
    while let Some((path, depth)) = pending.pop() {
        for entry in fs::read_dir(root.join(&path)).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_folder || name.starts_with('.') || matches!(name.as_str(), "node_modules" | "target" | "venv") {
                continue;
            }
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            if matches(&path) && root.join(&path).join(list).is_file() {
                found.push(root.join(&path));
            }
            if depth < MAX_DEPTH {
                pending.push((path, depth + 1));
            }
        }
    }
    found.sort();
    found
}
