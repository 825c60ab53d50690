//! One file of an artifact: its path in the artifact, and the source of its bytes.

use std::path::PathBuf;

/// A file that goes into an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path in the artifact, with `/` between names.
    pub path: String,
    /// The source of its bytes.
    pub source: Source,
    /// The mode is 0755 instead of 0644.
    pub executable: bool,
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
        Self { path: path.into(), source: Source::File(file.into()), executable: false }
    }

    /// Creates an entry from bytes in memory.
    pub fn bytes(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), source: Source::Bytes(bytes.into()), executable: false }
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
