//! The Rust half of a build: one cargo invocation for the endpoint and all chosen workers, each program then a zip.

mod compile;
mod compiler;
mod flags;
mod heartbeat;
mod metadata_cache;
mod package;
mod profile;
mod programs;

pub(crate) use compile::CompileObserver;
pub(crate) use compiler::Compiler;
pub(crate) use flags::{CARGO_HOME, cargo_home};
pub(crate) use package::{PROFILE, build, programs};
pub(crate) use programs::Workspace;
