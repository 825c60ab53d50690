//! What the databases of async events and of messages share: files that only the user can read.

use std::fs::{OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use bedrock_build::shell_quoted;

/// Events and messages may contain what is no one else's business.
const PRIVATE: u32 = 0o600;

/// Creates a file that only its owner can read and write, or takes the rights of others away. SQLite gives the files of
/// its write-ahead log the same permissions.
pub(crate) fn private_file(path: &Path) -> io::Result<()> {
    // A pipe would never open.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    OpenOptions::new().write(true).create(true).truncate(false).mode(PRIVATE).open(path)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        let file = PathBuf::from(file);
        let Ok(metadata) = std::fs::metadata(&file) else { continue };
        if metadata.mode() & 0o077 != 0 {
            std::fs::set_permissions(&file, Permissions::from_mode(PRIVATE))?;
        }
    }
    Ok(())
}

/// Returns what the user can do about an error of SQLite. `None` if the file itself is not damaged.
pub(crate) fn corruption_help(path: &Path, error: &rusqlite::Error) -> Option<String> {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let is_damaged = matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase));
    let path = path.display().to_string();
    let target = shell_quoted(&format!("{path}.damaged"));
    let path = shell_quoted(&path);
    is_damaged
        .then(|| format!("the file is damaged; move it away, and what it contained is lost: `mv {path} {target}`"))
}

/// Returns the inode of the file at a path. `None` if it does not exist.
pub(crate) fn inode(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|metadata| metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::private_file;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &std::path::Path) -> u32 {
        std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn database_files_are_private() {
        let scratch = tempfile::tempdir().expect("a folder");
        let path = scratch.path().join("queue.sqlite");
        let log = scratch.path().join("queue.sqlite-wal");
        for file in [&path, &log] {
            std::fs::write(file, "").expect("a file");
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).expect("set");
        }
        private_file(&path).expect("private");
        assert_eq!((mode(&path), mode(&log)), (0o600, 0o600));
        let new = scratch.path().join("new.sqlite");
        private_file(&new).expect("private");
        assert_eq!(mode(&new), 0o600);
        assert!(private_file(scratch.path()).is_err());
    }
}
