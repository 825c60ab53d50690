//! `cargo xtask bench`: measurements, never part of the tests. Prints Markdown for docs/src/benchmarks.md.

mod hello;
mod idle;
mod limits;
mod passes;
mod run;
mod tables;

pub(crate) use run::local;
