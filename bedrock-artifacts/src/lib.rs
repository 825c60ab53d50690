//! The artifacts that `cargo bedrock build` makes and `cargo bedrock deploy` uploads: which files of a folder belong to an
//! artifact, reproducible zip files, Lambda's size limits, and whether the binaries of an artifact run on Lambda.
//!
//! | module | contents |
//! | --- | --- |
//! | `tree` | the files of a folder that are packed; uses `allowed`, `ignored`, `left_out`, `links`, `names`, `secrets` |
//! | `zip` | the zip file; its bytes depend only on the paths, modes and contents of the files |
//! | `content` | the digest of the contents of an artifact |
//! | `digest` | [`Digest`]: a SHA-256 |
//! | `limits` | Lambda's limits on sizes and counts |
//! | `prune` | what is deleted from installed dependencies |
//! | [`audit`] | processor, glibc and shared libraries of the binaries |
//!
//! The crate knows neither workers nor commands, and prints nothing.

#![forbid(unsafe_code)]

mod allowed;
pub mod audit;
mod content;
mod digest;
mod entry;
mod ignored;
mod left_out;
mod limits;
mod links;
mod names;
mod part;
mod prune;
mod refusal;
mod secrets;
mod sink;
mod squeeze;
mod threads;
#[cfg(test)]
mod told;
mod tree;
mod zip;

pub use allowed::Allowed;
pub use content::content_digest;
pub use digest::{Digest, Hasher};
pub use entry::{Entry, Source};
pub use left_out::Reason;
pub use limits::{environment, layers, unzipped, zipped};
pub use part::{Part, largest, package_of, to_package_of};
pub use prune::{node_modules, python_target, remove};
pub use tree::{Contents, File, LeftOut, Options, Tree, collect};
pub use zip::{Packed, pack};
