//! The artifacts that `cargo bedrock build` makes and `cargo bedrock deploy` uploads: which files of a folder belong to an
//! artifact, reproducible zip files, Lambda's size limits, and whether the binaries of an artifact run on Lambda.
//!
//! | module | contents |
//! | --- | --- |
//! | `collect` | the files of a folder that are packed; uses `allowed`, `ignored`, `excluded`, `links`, `names`, `scan`, `secrets` |
//! | `zip` | the zip file; its bytes depend only on the paths, modes and contents of the files |
//! | `content_digest` | the digest of the contents of an artifact |
//! | `digest` | [`Digest`]: a SHA-256 |
//! | `limits` | Lambda's limits on sizes and counts |
//! | `prune` | what is deleted from installed dependencies |
//! | [`audit`] | processor, glibc and shared libraries of the binaries |
//!
//! The crate knows neither workers nor commands, and prints nothing.

#![forbid(unsafe_code)]

mod allow_list;
mod append_only_writer;
pub mod audit;
mod collect;
mod compress;
mod content_digest;
mod digest;
mod entry;
mod exclusion;
mod ignore_files;
mod limits;
mod links;
mod names;
mod options;
mod pack_error;
mod package_size;
mod parallel_map;
mod prune;
mod scan;
mod secret_rules;
mod secrets;
#[cfg(test)]
mod test_render;
mod tree;
mod walk;
mod zip;

pub use allow_list::AllowList;
pub use collect::collect_files;
pub use content_digest::content_digest;
pub use digest::{Digest, Hasher};
pub use entry::{Entry, Fingerprint, Source};
pub use exclusion::ExclusionReason;
pub use limits::{check_environment_size, check_layer_count, check_unzipped_size, zip_size_warning};
pub use options::{FolderKind, PackOptions};
pub use package_size::{PackageSize, largest_packages, package_name, package_path};
pub use prune::{is_pruned_node_path, is_pruned_python_path, prune};
pub use tree::{Excluded, File, Tree};
pub use zip::{PackedZip, pack};
