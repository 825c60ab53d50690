//! `cargo xtask bench local`: invocations on this machine beside their floors, and what the smallest app costs.

mod hello;
mod idle;
mod limits;
mod passes;
mod run;
mod tables;

pub(crate) use run::run;
