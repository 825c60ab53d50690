//! Whether the binaries of an artifact run on Lambda: their processor, the glibc and the libraries that they need, and
//! the system that they are for. Reads headers alone; who is asked to do something about a finding is others' part.

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
