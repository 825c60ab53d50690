//! A function in Python or JavaScript that is started under AWS's own runtime client.

use std::path::PathBuf;

/// The language, and with it the runtime client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Node,
}

/// A function, unpacked as on Lambda.
#[derive(Debug)]
pub(super) struct Function {
    /// What packaged it.
    pub(super) name: String,
    pub(super) language: Language,
    pub(super) handler: &'static str,
    /// Replaces `/var/task`.
    pub(super) task: PathBuf,
    /// Replaces `/opt`.
    pub(super) layer: Option<PathBuf>,
}
