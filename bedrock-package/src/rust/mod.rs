//! The Rust half of a build: one cargo invocation for the endpoint and all chosen workers, each program then a zip.

mod compile;
mod compiler;
mod flags;
mod heartbeat;
mod metadata_cache;
mod package;
mod profile;
mod programs;

pub use compile::CompileObserver;
pub use compiler::Compiler;
pub(crate) use flags::select_target;
pub use flags::{CARGO_HOME, cargo_home};
pub(crate) use package::{PROFILE, build, programs};
pub(crate) use programs::Program;
pub use programs::Workspace;
