//! `cargo bedrock`: makes, lists and invokes the workers of an app, and draws who calls whom. Starts [`cli::run`] and decides nothing.
//!
//! | module | holds |
//! | --- | --- |
//! | [`cli`] | the command line as a whole, and how a mistake in it is told |
//! | [`commands`] | one file for each command: its arguments and a short `run` |
//! | [`scaffold`] | what `new` makes, planned first and then written all or not at all |
//! | [`build`] | what `build` makes: the artifacts of the app and their manifest |
//! | [`pack`] | which files go into an artifact, and the zip, the same each time |
//! | [`tool`] | external tools: cargo, uv, npm |
//! | [`payload`], [`local_invoke`] | `invoke`: the event, and local invocations |
//! | [`mod@dev`] | the whole app at work here, and what is shown of it
//! | [`graph`] | who calls whom |
//! | [`queued`] | the events of an app that is run locally |
//! | [`audit`] | whether the binaries of an artifact run on Lambda |
//! | [`terraform`] | what an app deploys with beside its template, and merging the two |
//! | [`migrate`] | what becomes of an app of the Python original |
//! | [`doctor`] | whether this machine has what the app needs |
//! | [`session`] | where the call was made, and in which app |
//! | [`mod@print`] | the one module that prints |
//! | `bedrock_deploy` | everything that talks to AWS: deploy, roll back, compare, read logs, invoke |
//! | `bedrock_diagnostics` | errors: message, causes, help, exit code |
//!
//! On the user's disk it reads and edits `Cargo.toml` and `src/endpoints/mod.rs` of the app; settings and workers are
//! read by `bedrock-build`. `.bedrock/migrate` has what migrations changed.

#![forbid(unsafe_code)]

mod ask;
mod audit;
mod aws;
mod build;
mod cli;
mod commands;
mod dev;
mod doctor;
mod graph;
mod local_invoke;
mod migrate;
mod pack;
mod payload;
mod print;
mod queued;
mod scaffold;
mod session;
mod terraform;
mod tool;

/// `dev` allocates and frees millions of small pieces of a few sizes, many of them long after their neighbours: glibc's
/// allocator takes a quarter of its time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
