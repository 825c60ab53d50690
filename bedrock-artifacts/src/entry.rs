//! One file of an artifact: its path in the artifact, and the source of its bytes.

use std::fs;
use std::path::{Path, PathBuf};

use super::digest::Digest;
use bedrock_diagnostics::{Error, Result, relative_path};

/// A file that goes into an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path in the artifact, with `/` between names.
    pub path: String,
    /// The source of its bytes.
    pub source: Source,
    /// The mode is 0755 instead of 0644.
    pub executable: bool,
    /// Size and digest of the bytes that were scanned for secrets. Other bytes are not packed.
    pub fingerprint: Option<Fingerprint>,
}

/// Size and digest of the bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Number of bytes.
    pub bytes: u64,
    /// Digest of the bytes.
    pub sha256: Digest,
}

/// The source of an entry's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The path of a file on the disk.
    File(PathBuf),
    /// Bytes in memory.
    Bytes(Vec<u8>),
}

impl Entry {
    /// Creates an entry from a file on the disk.
    pub fn file(path: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), source: Source::File(file.into()), executable: false, fingerprint: None }
    }

    /// Creates an entry from bytes in memory.
    pub fn bytes(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), source: Source::Bytes(bytes.into()), executable: false, fingerprint: None }
    }

    /// Returns whether `found` are the bytes that were scanned.
    pub fn has_scanned(&self, found: &Fingerprint) -> bool {
        self.fingerprint.as_ref().is_none_or(|scanned| scanned == found)
    }

    /// Returns the bytes, which are those that were scanned. `app` is for messages.
    pub fn read(&self, app: &Path) -> Result<Vec<u8>> {
        let path = match &self.source {
            Source::Bytes(bytes) => return Ok(bytes.clone()),
            Source::File(path) => path,
        };
        let bytes = fs::read(path)
            .map_err(|error| Error::io(format!("failed to read `{}`", relative_path(path, app)), &error))?;
        let found = Fingerprint { bytes: bytes.len() as u64, sha256: Digest::of(&bytes) };
        if self.has_scanned(&found) { Ok(bytes) } else { Err(changed(path, app)) }
    }

    /// Sets the mode to 0755.
    #[must_use]
    pub fn executable(mut self) -> Self {
        self.executable = true;
        self
    }

    /// Returns the mode: 0755 or 0644. The other bits of the file depend on the machine.
    pub fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// Returns the error for a file that changed after it was scanned.
pub(crate) fn changed(file: &Path, app: &Path) -> Error {
    Error::app(format!("`{}` changed while it was packed", relative_path(file, app))).help("build again")
}
