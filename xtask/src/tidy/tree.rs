//! The files that the rules check: everything that git would track, with its text. Rules do not read the disk, so their tests
//! are a few lines of text.

use std::cell::OnceCell;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ignore::WalkBuilder;

/// A checkout.
pub(super) struct Tree {
    /// Its folder on this machine.
    pub(super) checkout: PathBuf,
    /// The home folder of the user.
    pub(super) home: Option<PathBuf>,
    /// Sorted by path.
    pub(super) files: Vec<Entry>,
}

/// One text file.
pub(super) struct Entry {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) is_executable: bool,
    syntax: OnceCell<Option<syn::File>>,
}

impl Tree {
    /// Reads the files that `.gitignore` does not exclude. Files that are not valid UTF-8 are not source code and are skipped.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        let mut walk = WalkBuilder::new(root);
        // Neither a `.git` folder nor the user's own ignore files may change the result.
        walk.hidden(false).parents(false).git_global(false).git_exclude(false).require_git(false);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        for entry in walk.build() {
            let entry = entry.context("failed to list the checkout")?;
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let bytes = match fs::read(entry.path()) {
                Ok(bytes) => bytes,
                // A temporary file of another process, deleted since it was listed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).with_context(|| format!("failed to read {}", entry.path().display())),
            };
            let path = entry.path().strip_prefix(root).unwrap_or(entry.path()).to_string_lossy().into_owned();
            if let Ok(text) = String::from_utf8(bytes) {
                let is_executable = entry.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0);
                files.push(Entry { is_executable, ..Entry::new(path, text) });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { checkout: root.to_owned(), home: env::home_dir(), files })
    }

    /// Returns a tree of these paths and texts, for a test.
    #[cfg(test)]
    pub(super) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter().map(|(path, text)| Entry::new(path.to_owned(), text.to_owned())).collect();
        Self { checkout: "/build/checkout".into(), home: Some("/home/ada".into()), files }
    }

    pub(super) fn get(&self, path: &str) -> Option<&Entry> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Returns the files that have one of these extensions, which are written without a dot.
    pub(super) fn with_extension(&self, extensions: &'static [&'static str]) -> impl Iterator<Item = &Entry> {
        self.files.iter().filter(move |file| extensions.contains(&file.extension()))
    }
}

impl Entry {
    fn new(path: String, text: String) -> Self {
        Self { path, text, is_executable: false, syntax: OnceCell::new() }
    }

    /// Returns the syntax of a Rust file, or `None` if it does not parse: the compiler reports that, or the file is meant not
    /// to compile.
    pub(super) fn syntax(&self) -> Option<&syn::File> {
        self.syntax.get_or_init(|| syn::parse_file(&self.text).ok()).as_ref()
    }

    /// Whether all of its code is tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/")
    }

    /// The last part of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The part of the name after its last dot, or an empty text.
    pub(super) fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_extensions_come_from_the_last_path_component() {
        let tree = Tree::of([("a.b/main.rs", ""), ("a.b/run", "")]);
        assert_eq!((tree.files[0].name(), tree.files[0].extension()), ("main.rs", "rs"));
        assert_eq!((tree.files[1].name(), tree.files[1].extension()), ("run", ""));
    }
}
