//! `cargo xtask test`: everything that CI checks.

mod dashboard;
mod plan;
mod run;
mod step;
mod tally;

pub(crate) use plan::Group;
pub(crate) use run::run;
