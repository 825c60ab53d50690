//! `cargo xtask bench build`: compares `cargo bedrock build` with plain cargo and cargo-lambda for the same app in the same
//! run, and with `zip -9` for the same files.

mod app;
mod builder;
mod compiles;
mod figures;
mod layers;
mod pack;
mod run;
mod tables;
mod tree;

pub(crate) use run::run;
