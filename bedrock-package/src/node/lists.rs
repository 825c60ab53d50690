//! The files that list the dependencies of a JavaScript project.

use std::fs;
use std::path::{Path, PathBuf};

use super::package_manager::PackageManager;
use bedrock_diagnostics::{Error, Result};

/// The files of a folder that a package manager reads.
pub(super) struct DependencyLists {
    dir: PathBuf,
    /// Their paths, sorted.
    pub(super) files: Vec<String>,
}

impl DependencyLists {
    /// Finds the files. Those that do not exist are left out.
    pub(super) fn of(manager: PackageManager, dir: &Path) -> Result<Self> {
        let failed = |path: &Path, error| Error::io(format!("failed to read `{}`", path.display()), &error);
        let mut files: Vec<String> = manager.lists().iter().map(|list| (*list).to_owned()).collect();
        files.retain(|list| fs::symlink_metadata(dir.join(list)).is_ok());
        let mut pending: Vec<String> = manager.folders().iter().map(|folder| (*folder).to_owned()).collect();
        while let Some(folder) = pending.pop() {
            let path = dir.join(&folder);
            if !path.is_dir() {
                continue;
            }
            for entry in fs::read_dir(&path).map_err(|error| failed(&path, error))? {
                let entry = entry.map_err(|error| failed(&path, error))?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                let kind = entry.file_type().map_err(|error| failed(&path, error))?;
                let path = format!("{folder}/{name}");
                if kind.is_dir() {
                    pending.push(path);
                } else if kind.is_file() {
                    files.push(path);
                }
            }
        }
        files.sort();
        Ok(Self { dir: dir.to_owned(), files })
    }

    /// Copies the files to another folder. `shown` is their folder in messages.
    pub(super) fn copy_to(&self, dir: &Path, shown: &str) -> Result<()> {
        self.files.iter().try_for_each(|list| copy(&self.dir.join(list), &dir.join(list), &format!("{shown}/{list}")))
    }
}

/// Copies a file that may not exist.
pub(super) fn copy(from: &Path, to: &Path, shown: &str) -> Result<()> {
    match read(from, shown)? {
        Some(bytes) => write(to, &bytes, shown),
        None => Ok(()),
    }
}

/// Writes a copy of the file `shown`, and creates missing folders.
pub(super) fn write(to: &Path, bytes: &[u8], shown: &str) -> Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(to, bytes));
    written.map_err(|error| Error::io(format!("failed to copy `{shown}`"), &error))
}

/// Reads a file. `None` if it does not exist. Only a regular file is opened: another one could block for ever.
pub(super) fn read(path: &Path, shown: &str) -> Result<Option<Vec<u8>>> {
    let failed = |error: &std::io::Error| Error::io(format!("failed to read `{shown}`"), error);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => fs::read(path).map(Some).map_err(|error| failed(&error)),
        Ok(_) => Err(failed(&std::io::Error::other("it is not a file"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}
