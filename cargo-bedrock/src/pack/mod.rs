//! What an artifact is made of: the files of a folder that belong into it, and a zip that is the same byte for byte
//! whenever they are. Knows neither workers nor commands, and prints nothing.

mod allowed;
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
pub(crate) mod threads;
#[cfg(test)]
pub(crate) mod told;
mod tree;
mod zip;

pub(crate) use allowed::Allowed;
pub(crate) use content::content_digest;
pub(crate) use digest::Digest;
pub(crate) use entry::{Entry, Source};
pub(crate) use left_out::Reason;
pub(crate) use limits::{environment, layers, unzipped, zipped};
pub(crate) use part::{Part, largest, package_of, to_package_of};
pub(crate) use prune::{node_modules, python_target, remove};
pub(crate) use tree::{Contents, Options, collect};
pub(crate) use zip::{Packed, pack};
