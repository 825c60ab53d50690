//! What a cargo bedrock app is on disk, and the one line of its build script.
//!
//! | module | answers |
//! | --- | --- |
//! | [`name`] | which names are allowed for apps, workers and functions |
//! | [`app`] | where the app is, and which workers it has |
//! | [`settings`] | what `[package.metadata.bedrock]` says |
//! | [`schedule`] | when a worker is invoked: `rate(…)`, `cron(…)`, `at(…)` |
//! | [`runtime`] | Lambda's runtimes and processors |
//! | [`catalog`] | the list of workers that `invoke!` is checked against |
//! | [`near`] | which name was probably meant |
//!
//! A user meets one function, in `build.rs`:
//!
//! ```no_run
//! bedrock_build::emit()
//! ```
//!
//! This crate knows no AWS, no async and no command line.

#![forbid(unsafe_code)]

pub mod app;
pub mod catalog;
mod emit;
mod manifest;
pub mod name;
pub mod near;
mod problem;
pub mod runtime;
pub mod schedule;
pub mod settings;

pub use app::{App, Language, Worker};
pub use catalog::{Catalog, Entry};
pub use emit::emit;
pub use name::{AppName, EndpointName, FunctionName, MAX_FUNCTION_NAME, WorkerName};
pub use problem::Problem;
pub use runtime::{Architecture, Runtime};
pub use schedule::Schedule;
pub use settings::triggers::{self, Trigger};
pub use settings::{Destination, FunctionSettings, Settings};
