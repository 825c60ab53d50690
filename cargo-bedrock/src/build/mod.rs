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
//! | [`forget`] | what earlier builds left and nobody may deploy |
//! | [`mod@verify`], [`mod@copy`] | the same build once more, elsewhere |
//! | [`mod@folder`], [`manifest`], [`triggers`], [`report`] | what lies in `target/bedrock`, and its sizes |

mod calls;
mod code;
mod context;
mod copy;
mod folder;
mod forget;
mod inputs;
mod manifest;
mod node;
mod part;
mod plan;
mod python;
mod report;
mod run;
mod rust;
mod state;
mod triggers;
mod verify;

pub(crate) use calls::built_calls;
pub(crate) use folder::path as folder;
pub(crate) use part::{Function, Part};
pub(crate) use plan::{Purpose, Request};
pub(crate) use run::{compiled, compiled_calls, of_compiled, run};
pub(crate) use rust::{CARGO_HOME, Compiler, Listener, Workspace, cargo_home};
pub(crate) use state::Zip;
pub(crate) use verify::verify;
