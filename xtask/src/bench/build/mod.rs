//! `cargo xtask bench build`: `cargo bedrock build` beside plain cargo and cargo-lambda on the same app in the same run,
//! and beside `zip -9` on the same files.

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
