//! The files that list the dependencies of a JavaScript project.

use std::fs;
use std::path::Path;

use bedrock_diagnostics::{Error, Result};

/// The files in a folder that npm reads.
pub(super) const DEPENDENCY_LISTS: [&str; 4] = ["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"];

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
