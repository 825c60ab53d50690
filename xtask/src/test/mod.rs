//! `cargo xtask test`: everything that CI checks.

mod build;
mod command;
mod dashboard;
mod fuzz;
mod options;
mod report;
mod runner;
mod stage;
mod suites;
mod timings;

pub(crate) use options::{Profile, TestOptions};
pub(crate) use runner::run;
pub(crate) use stage::TestGroup;
