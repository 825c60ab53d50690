//! The buckets that the API serves.

use std::path::{Path, PathBuf};

/// A bucket of an app.
#[derive(Clone)]
pub(in super::super::super) struct Bucket {
    /// `shop-local-uploads`
    pub(in super::super::super) name: String,
    /// The absolute path of the folder.
    pub(in super::super::super) root: PathBuf,
}

/// All buckets of an app.
pub(in super::super::super) struct S3 {
    pub(in super::super::super) buckets: Vec<Bucket>,
    pub(super) region: String,
    /// Where files are written before they are moved to their bucket; on the same disk, and in none of the buckets.
    pub(super) scratch: PathBuf,
}

impl S3 {
    /// Creates the state; temporary files are written below `state_dir`.
    pub(in super::super::super) fn new(buckets: Vec<Bucket>, region: &str, state_dir: &Path) -> Self {
        Self { buckets, region: region.to_owned(), scratch: state_dir.join("objects") }
    }
}
