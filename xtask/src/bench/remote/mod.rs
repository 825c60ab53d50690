//! `cargo xtask bench remote`: calls of other functions beside hyper alone, and what they cost a program: bytes and start.

mod calls;
mod figures;
mod programs;
mod run;
mod server;
mod start;
mod tables;

pub(crate) use run::run;
