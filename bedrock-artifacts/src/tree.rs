//! Finds the files of one folder that belong into an artifact. What must not get in is refused, all of it at once;
//! the bytes of what gets in are read later.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::left_out::Reason;
use super::names;
use super::refusal::{self, Refusal, What};
use bedrock_diagnostics::{Error, Result, relative_path};

mod walk;

/// What kind of folder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Written by the user: ignore files count, tests stay out, and secrets are looked for.
    Sources,
    /// Installed from a registry: all of it goes in, but for leftovers.
    Dependencies,
}

/// Which files belong into the artifact.
#[derive(Debug, Clone)]
pub struct Options {
    pub contents: Contents,
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

impl Options {
    pub fn new(contents: Contents, app: impl Into<PathBuf>, settings: impl Into<String>) -> Self {
        let (app, settings) = (app.into(), settings.into());
        Self { contents, app, settings, allow: Vec::new(), bytecode: false, node_modules: false }
    }
}

/// The files of a folder that belong into an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Sorted bytewise by their path.
    pub files: Vec<File>,
    /// What was left out for its name, sorted by path; not what ignore files say.
    pub left_out: Vec<LeftOut>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// In the folder, with `/` between names.
    pub path: String,
    /// On the disk, behind all links.
    pub source: PathBuf,
    pub bytes: u64,
    pub executable: bool,
}

/// A file or folder that stays out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// In the folder; that of a folder ends with `/`.
    pub path: String,
    pub reason: Reason,
}

impl Tree {
    /// The files as they will lie below `folder` of an artifact; `""` is the artifact itself.
    pub fn entries(&self, folder: &str) -> Vec<Entry> {
        let below = |path: &str| if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
        let entry = |file: &File| Entry { executable: file.executable, ..Entry::file(below(&file.path), &file.source) };
        self.files.iter().map(entry).collect()
    }
}

/// The files of the folder `root` that belong into an artifact, or one error with everything that must not get in.
pub fn collect(root: &Path, options: &Options) -> Result<Tree> {
    let folder = relative_path(root, &options.app);
    let unreadable = |error: io::Error| Error::io(format!("failed to read the folder `{folder}`"), &error);
    let root = root.canonicalize().map_err(unreadable)?;
    // Only a real path is a prefix of real paths. An app that is gone has no ignore files.
    let app = options.app.canonicalize().unwrap_or_else(|_| options.app.clone());
    let (mut tree, mut refusals) = walk::walk(&root, &app, options)?;
    tree.files.sort_by(|one, other| one.path.cmp(&other.path));
    tree.left_out.sort_by(|one, other| one.path.cmp(&other.path));
    refusals.extend(alike(&tree.files));
    if refusals.is_empty() { Ok(tree) } else { Err(refusal::error(refusals, &folder, options)) }
}

fn alike(files: &[File]) -> Vec<Refusal> {
    let pairs = names::differing_by_case(files.iter().map(|file| file.path.as_str()));
    let refusal = |(one, other): (&str, &str)| Refusal {
        path: other.to_owned(),
        what: What::SameButForCase { other: one.to_owned() },
    };
    pairs.into_iter().map(refusal).collect()
}

/// The file's bytes, unless there are more than `limit`.
fn read_small(path: &Path, bytes: u64, limit: u64) -> io::Result<Vec<u8>> {
    if bytes > limit { Ok(Vec::new()) } else { fs::read(path) }
}

#[cfg(test)]
mod tests;
