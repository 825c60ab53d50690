//! The files of a function that are copied: all text files that are neither installed nor generated.

use std::path::Path;

use ignore::WalkBuilder;

use bedrock_diagnostics::{Error, Result};

/// Folders that tools make.
const EXCLUDED_FOLDERS: [&str; 6] = ["node_modules", "__pycache__", "venv", "target", ".aws-sam", ".git"];
/// Number of files of a function. More are no source code.
const MAX_FILES: usize = 2000;

/// A file of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopiedFile {
    /// In the worker's folder, with `/`.
    pub(super) path: String,
    pub(super) contents: String,
}

/// Returns the files in `dir`, and a line for each that is not copied. Files that Git ignores are left out.
pub(super) fn read(dir: &Path) -> Result<(Vec<CopiedFile>, Vec<String>)> {
    let mut walk = WalkBuilder::new(dir);
    walk.hidden(true).git_global(false).require_git(false).sort_by_file_name(Ord::cmp);
    walk.filter_entry(|entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        entry.depth() == 0 || !is_folder || !EXCLUDED_FOLDERS.iter().any(|name| entry.file_name() == *name)
    });
    let mut files = Vec::new();
    let mut left = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| {
            Error::call(format!("failed to read the folder `{}`", dir.display())).cause(error.to_string())
        })?;
        let Some(path) = entry.path().strip_prefix(dir).ok().and_then(Path::to_str) else { continue };
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            left.push(format!("`{}` is not copied: it is not a file", entry.path().display()));
            continue;
        }
        if files.len() == MAX_FILES {
            return Err(Error::call(format!("`{}` has more than {MAX_FILES} files", dir.display()))
                .help("add what is not source code to its `.gitignore`"));
        }
        match std::fs::read(entry.path()).map(String::from_utf8) {
            Ok(Ok(contents)) => files.push(CopiedFile { path: path.to_owned(), contents }),
            Ok(Err(_)) => {
                left.push(format!("`{}` is not copied: it is not text, copy it yourself", entry.path().display()));
            }
            Err(error) => return Err(Error::io(format!("failed to read `{}`", entry.path().display()), &error)),
        }
    }
    Ok((files, left))
}
