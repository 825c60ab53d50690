//! The Rust half of a build: one cargo invocation for the endpoint and all chosen workers, each program then a zip.

mod artifact;
mod compile;
mod compiler;
mod flags;
mod profile;
mod programs;
mod remembered;

pub(crate) use artifact::{PROFILE, build, programs};
pub(crate) use compile::Listener;
pub(crate) use compiler::Compiler;
pub(crate) use flags::{CARGO_HOME, cargo_home};
pub(crate) use programs::Workspace;
