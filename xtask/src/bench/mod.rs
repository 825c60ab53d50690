//! `cargo xtask bench`: measurements, never part of the tests. Prints Markdown for docs/src/benchmarks.md.

mod build;
mod cargo_lambda;
mod dashboard;
mod deploy;
mod dev;
mod durable;
mod first;
mod limit;
mod local;
mod machine;
mod next_request;
mod remote;
mod samples;
mod subcommand;

pub(crate) use build::run as build;
pub(crate) use dashboard::run as dashboard;
pub(crate) use deploy::run as deploy;
pub(crate) use dev::{Part, run as dev};
pub(crate) use durable::run as durable;
pub(crate) use first::{FirstOptions, FirstPart, run as first};
pub(crate) use local::run as local;
pub(crate) use remote::run as remote;
