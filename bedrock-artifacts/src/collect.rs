//! Lists the files of a folder that are packed. All files that must not be packed are reported in one error. The contents
//! of the files are read later.

use std::io;
use std::path::Path;

use super::names;
use super::options::{FolderKind, PackOptions};
use super::pack_error::{self, PackError, PackErrorKind};
use super::tree::{File, Tree};
use super::walk;
use bedrock_diagnostics::{Error, Result, relative_path};

/// Returns the files of the folder `root` that are packed, or one error with all files that must not be packed.
pub fn collect_files(root: &Path, options: &PackOptions) -> Result<Tree> {
    let folder = relative_path(root, &options.app);
    let unreadable = |error: io::Error| Error::io(format!("failed to read the folder `{folder}`"), &error);
    let root = root.canonicalize().map_err(unreadable)?;
    // Only a real path is a prefix of real paths. An app that does not exist has no ignore files.
    let app = options.app.canonicalize().unwrap_or_else(|_| options.app.clone());
    let (mut tree, mut pack_errors) = walk::walk(&root, &app, options)?;
    tree.files.sort_by(|one, other| one.path.cmp(&other.path));
    tree.excluded.sort_by(|one, other| one.path.cmp(&other.path));
    // Packages have such names on purpose, and Lambda's file system distinguishes them.
    if options.folder_kind == FolderKind::Sources {
        pack_errors.extend(case_conflict_errors(&tree.files));
    }
    if pack_errors.is_empty() { Ok(tree) } else { Err(pack_error::error(pack_errors, &folder, options)) }
}

fn case_conflict_errors(files: &[File]) -> Vec<PackError> {
    let pairs = names::case_conflicts(files.iter().map(|file| file.path.as_str()));
    let refusal = |(one, other): (&str, &str)| PackError {
        path: other.to_owned(),
        kind: PackErrorKind::CaseConflict { other: one.to_owned() },
    };
    pairs.into_iter().map(refusal).collect()
}

#[cfg(test)]
mod tests;
