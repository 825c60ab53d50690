//! Checks whether the binaries of an artifact run on Lambda: processor, operating system, glibc and shared libraries. Only
//! reads headers.

mod base_image;
mod binary;
mod check;
mod finding;
#[cfg(test)]
mod fixture;
mod package;
mod target;

pub use base_image::LambdaBaseImage;
pub use check::{audit, needs_newer_glibc};
pub use finding::{Finding, FindingKind};
pub use target::Target;
