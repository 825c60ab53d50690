//! `cargo xtask bench local`: compares invocations on this machine with their floors, and measures the smallest app.

mod contracts;
mod figures;
mod hello;
mod idle;
mod limits;
mod passes;
mod run;
mod tables;

pub(super) use hello::{FLOOR, FLOOR_MAIN, distinct};
pub(crate) use run::run;
