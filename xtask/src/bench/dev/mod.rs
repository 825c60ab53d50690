//! `cargo xtask bench dev`: `cargo bedrock dev` beside cargo-lambda and serverless-offline in the same run: calls, saved
//! files, and what it takes while nothing happens.

mod app;
mod calls;
mod client;
mod figures;
mod idle;
mod latency;
mod offline;
mod reload;
mod run;
mod server;
mod tables;
mod watch;

pub(crate) use run::{Part, run};
