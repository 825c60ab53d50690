//! What `cargo bedrock build` makes: a zip of each function, a zip of each layer, and the manifest that lists them.
//!
//! | module | holds |
//! | --- | --- |
//! | [`plan`] | which parts are built, decided from the command and the app |
//! | [`mod@run`] | the build: Rust on one thread, everything else on others |
//! | [`context`] | the one way in which a part becomes a zip, or is found to be one already |
//! | [`rust`], [`code`], [`python`], [`node`] | what the parts are made of |
//! | [`calls`] | who calls whom, for the manifest |
//! | [`inputs`], [`state`] | why a part is built again or is not |
//! | [`prune_stale`] | what earlier builds left and nobody may deploy |
//! | [`mod@verify`], [`mod@copy`] | the same build once more, elsewhere |
//! | [`mod@folder`], [`manifest`], [`triggers`], [`report`] | what lies in `target/bedrock`, and its sizes |

mod artifact;
mod artifact_dir;
mod callees;
mod context;
mod inputs;
mod manifest;
mod node;
mod observer;
mod plan;
mod prune_stale;
mod python;
mod run;
mod rust;
mod size_limits;
mod state;
mod triggers;
mod verify;
mod worker_code;
mod workspace_copy;

pub(crate) use artifact::{Artifact, Function};
pub(crate) use artifact_dir::artifact_dir;
pub(crate) use callees::load_built_calls;
pub(crate) use observer::{ArtifactSummary, BuildObserver, Severity};
pub(crate) use plan::{Purpose, Request};
pub(crate) use run::{compile_and_read_calls, compile_programs, read_calls, run};
pub(crate) use rust::{CARGO_HOME, CompileObserver, Compiler, Workspace, cargo_home};
pub(crate) use state::ZipRecord;
pub(crate) use verify::verify;
