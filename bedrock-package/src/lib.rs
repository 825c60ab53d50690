//! Makes the deployment packages of an app: a zip file of each function, a zip file of each layer, and the manifest that
//! lists them. Prints nothing: a [`BuildObserver`] reports the progress.
//!
//! | module | contents |
//! | --- | --- |
//! | [`plan`] | the artifacts that a build makes, from the command line and the app |
//! | [`mod@run`] | the build: Rust on one thread, everything else on others |
//! | [`observer`] | what a build reports while it runs |
//! | [`context`] | decides whether an artifact is current, and writes its zip file |
//! | [`rust`], [`worker_code`], [`worker_files`], [`python`], [`node`] | the contents of the artifacts |
//! | [`mod@callees`] | the calls between functions, for the manifest |
//! | [`contracts`] | the contracts of the workers, and those that functions were built against |
//! | [`mod@sbom`], [`mod@component`], [`purl`] | bills of materials, for `--sbom` |
//! | [`inputs`], [`state`] | why an artifact is rebuilt |
//! | [`mod@prune_stale`] | deletes outdated artifacts of earlier builds |
//! | [`mod@verify`], [`workspace_copy`] | a second build in a copy, for `--verify` |
//! | [`mod@artifact_dir`], [`mod@replace_file`], [`manifest`], [`size_limits`] | the files in `target/bedrock`, and Lambda's limits |
//! | [`triggers`], [`uses`], [`alarms`], [`mod@lambda_settings`] | parts of a function in the manifest |
//! | [`runtimes`] | warnings about deprecated runtimes |
//! | [`tools`] | runs cargo, uv, pip, npm and esbuild |

#![forbid(unsafe_code)]

mod alarms;
mod artifact;
mod artifact_dir;
mod callees;
mod component;
mod context;
mod contracts;
mod cors;
#[cfg(fuzzing)]
pub mod fuzzing;
mod http_api;
mod inputs;
mod lambda_settings;
mod manifest;
mod node;
mod observer;
mod plan;
mod prune_stale;
mod purl;
mod python;
mod replace_file;
mod run;
mod runtimes;
mod rust;
mod sbom;
mod shared_files;
mod size_limits;
mod state;
pub mod tools;
mod triggers;
mod uses;
mod verify;
mod worker_code;
mod worker_files;
mod workspace_copy;

pub use artifact::{Artifact, Function};
pub use artifact_dir::artifact_dir;
pub use callees::{load_built_calls, mark_stale_calls};
pub use observer::{ArtifactSummary, BuildObserver, Severity};
pub use plan::{Purpose, Request};
pub use run::{compile_and_read_calls, compile_programs, read_calls, run};
pub use rust::{CARGO_HOME, CompileObserver, Compiler, Workspace, cargo_home};
pub use state::ZipRecord;
pub use verify::verify;
