//! `cargo xtask bench dev`: compares `cargo bedrock dev` with cargo-lambda and serverless-offline in the same run: calls, saved
//! files, its resources while it is idle, and what it needs at most.

mod app;
mod bounds;
mod calls;
mod client;
mod figures;
mod idle;
mod latency;
mod offline;
mod reload;
mod run;
pub(super) mod server;
mod tables;
mod watch;

pub(crate) use run::{Part, run};
