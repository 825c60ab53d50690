//! Where each setting comes from: its path, its location in the manifest, and its text.

use std::collections::BTreeMap;

/// The settings that the manifest has, by their paths such as `workers.resizer.memory` or `stages.prod.endpoint.memory`.
pub type Origins = BTreeMap<String, Origin>;

/// A setting in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// File and line: `Cargo.toml:12`.
    pub location: String,
    /// The value as it is written there.
    pub text: String,
}
