//! One file of an artifact: where it will lie, and where its bytes are.

use std::path::PathBuf;

/// A file that goes into an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In the artifact, with `/` between names.
    pub path: String,
    pub source: Source,
    /// Mode 0755, not 0644.
    pub executable: bool,
}

/// Where the bytes of an entry are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Entry {
    pub fn file(path: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), source: Source::File(file.into()), executable: false }
    }

    pub fn bytes(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), source: Source::Bytes(bytes.into()), executable: false }
    }

    /// With mode 0755.
    #[must_use]
    pub fn executable(mut self) -> Self {
        self.executable = true;
        self
    }

    /// All of the mode that counts: what else the disk says depends on the machine.
    pub fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}
