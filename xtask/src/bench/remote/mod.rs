//! `cargo xtask bench remote`: compares calls of other functions with plain hyper, and measures their effect on the size and
//! the start of a program.

mod calls;
mod figures;
mod programs;
mod run;
mod server;
mod start;
mod tables;

pub(crate) use run::{run, starts};
