//! Reads a cargo bedrock app from disk, and implements the one line of its build script.
//!
//! | module | contents |
//! | --- | --- |
//! | [`name`] | the rules for names of apps, workers, endpoints and functions |
//! | [`app`] | finds the app and lists its workers |
//! | [`worker`] | discovers the workers below the workers folder |
//! | [`settings`] | reads `[package.metadata.bedrock]` |
//! | [`schedule`] | parses schedule expressions: `rate(…)`, `cron(…)`, `at(…)` |
//! | [`language`], [`runtime`], [`architecture`] | the languages, and Lambda's runtimes and instruction sets |
//! | [`contract`] | the types of events and responses: `contract.json` |
//! | [`build_inputs`] | what the build scripts of a Lambda build depend on |
//! | [`worker_index`] | the list of workers that `invoke!` is checked against |
//! | [`python_dependencies`], [`python_indexes`] | the file that lists the dependencies of a Python worker, and its package indexes |
//! | [`path_dependencies`], [`shared_code`] | the folders with code of several workers |
//! | [`member_pattern`], [`pnpm_workspace`] | patterns of the members of a workspace; workspaces of pnpm |
//! | [`event_pattern`] | patterns with which rules and filters choose events |
//! | [`edit_distance`] | suggests the name that a misspelled one was probably meant to be |
//!
//! Users call one function, from `build.rs`:
//!
//! ```no_run
//! bedrock_build::emit()
//! ```
//!
//! This crate knows nothing about AWS APIs, async or the command line. It is compiled in the build script of every app,
//! so it has few dependencies: `toml` and `heck`.

#![forbid(unsafe_code)]

pub mod app;
pub mod architecture;
pub mod build_inputs;
pub mod contract;
mod dotenv;
pub mod edit_distance;
mod emit;
pub mod event_pattern;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod language;
mod manifest;
pub mod member_pattern;
pub mod name;
pub mod path_dependencies;
pub mod pnpm_workspace;
mod problem;
pub mod python_dependencies;
pub mod python_indexes;
mod references;
pub mod runtime;
pub mod schedule;
pub mod settings;
pub mod shared_code;
mod shell;
mod toml_values;
pub mod worker;
pub mod worker_index;

pub use app::App;
pub use architecture::Architecture;
pub use dotenv::DOTENV_FILES;
pub use emit::{RARELY_EDITED, emit};
pub use language::Language;
pub use name::{AppName, EndpointName, FunctionName, MAX_FUNCTION_NAME_LENGTH, WorkerName};
pub use path_dependencies::{PathDependencies, PathDependency};
pub use problem::Problem;
pub use python_dependencies::{PythonDependencies, read_requirements};
pub use python_indexes::project_indexes;
pub use runtime::Runtime;
pub use schedule::Schedule;
pub use settings::triggers::{self, Trigger};
pub use settings::uses::{self, Use};
pub use settings::{Destination, FunctionSettings, Settings};
pub use shared_code::{SHARED_FOLDER, shared_dir};
pub use shell::shell_quoted;
pub use worker::Worker;
pub use worker_index::{WorkerEntry, WorkerIndex};
