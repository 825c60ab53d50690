//! The files that the rules look at: everything that git would track, with its text. Rules get this and no disk,
//! so that their tests are a few lines of text.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ignore::WalkBuilder;

/// A checkout.
#[derive(Debug)]
pub(super) struct Tree {
    /// Where it lies on this machine.
    pub(super) checkout: PathBuf,
    /// The home folder of whoever runs the rules.
    pub(super) home: Option<PathBuf>,
    /// Sorted by path.
    pub(super) files: Vec<Entry>,
}

/// One text file.
#[derive(Debug)]
pub(super) struct Entry {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    /// Reads what `.gitignore` does not leave out. Files that are no UTF-8 are nobody's source and are passed over.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        let mut walk = WalkBuilder::new(root);
        // Neither a `.git` folder nor the user's own ignore files may change what the rules say.
        walk.hidden(false).parents(false).git_global(false).git_exclude(false).require_git(false);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        for entry in walk.build() {
            let entry = entry.context("failed to list the checkout")?;
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let bytes = match fs::read(entry.path()) {
                Ok(bytes) => bytes,
                // Somebody else's temporary file, gone since it was listed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).with_context(|| format!("failed to read {}", entry.path().display())),
            };
            let path = entry.path().strip_prefix(root).unwrap_or(entry.path()).to_string_lossy().into_owned();
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(Entry { path, text });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { checkout: root.to_owned(), home: env::home_dir(), files })
    }

    /// A tree for a test.
    #[cfg(test)]
    pub(super) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let entry = |(path, text): (&str, &str)| Entry { path: path.to_owned(), text: text.to_owned() };
        let files = files.into_iter().map(entry).collect();
        Self { checkout: "/build/checkout".into(), home: Some("/home/ada".into()), files }
    }

    pub(super) fn get(&self, path: &str) -> Option<&Entry> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files whose names end in one of these, dots not included.
    pub(super) fn with_extension(&self, extensions: &'static [&'static str]) -> impl Iterator<Item = &Entry> {
        self.files.iter().filter(move |file| extensions.contains(&file.extension()))
    }
}

impl Entry {
    /// The last part of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// What follows the last dot of the name, or nothing.
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
    fn extensions_and_names_are_taken_from_the_last_part_of_the_path() {
        let tree = Tree::of([("a.b/main.rs", ""), ("a.b/run", "")]);
        assert_eq!((tree.files[0].name(), tree.files[0].extension()), ("main.rs", "rs"));
        assert_eq!((tree.files[1].name(), tree.files[1].extension()), ("run", ""));
    }
}
