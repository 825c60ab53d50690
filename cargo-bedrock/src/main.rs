//! `cargo bedrock`: creates, runs, builds and deploys apps whose workers are AWS Lambda functions. Starts [`cli::run`].
//!
//! | module | contents |
//! | --- | --- |
//! | [`cli`] | the complete command line, and usage errors |
//! | [`commands`] | one file for each command: its arguments and a short `run` |
//! | [`scaffold`] | the files that `new` creates |
//! | [`app_path`] | paths below the app, which records in it name |
//! | [`file_plan`] | a set of file changes, carried out completely or not at all |
//! | [`build`] | `build`: the artifacts of the app and their manifest |
//! | [`process`] | external tools: cargo, uv, npm |
//! | [`prompt`] | questions to the user |
//! | [`payload`], [`local_invoke`] | `invoke`: the payload, and local invocations |
//! | [`mod@dev`] | `dev`: runs the app locally and prints what it does |
//! | [`event_queue`] | the queued events of an app that runs locally |
//! | [`terraform`] | the app's Terraform files and the template, and merging them |
//! | [`migrate`] | migration of an app of Bedrock for Python |
//! | [`doctor`] | whether this machine has the tools that the app needs |
//! | [`session`] | the folder that the command runs in, and its app |
//! | [`ui`] | the only module that prints |
//! | `bedrock_artifacts` | which files belong to an artifact, reproducible zip files, and whether binaries run on Lambda |
//! | `bedrock_callgraph` | the call graph |
//! | `bedrock_deploy` | everything that talks to AWS: deploy, roll back, compare, read logs, invoke |
//! | `bedrock_diagnostics` | errors: message, causes, help, exit code |
//!
//! Files of the user that it edits: `Cargo.toml` and `src/endpoints/mod.rs` of the app. `bedrock-build` reads settings
//! and workers. `.bedrock/migrate` records what migrations changed.

#![forbid(unsafe_code)]

mod app_path;
mod build;
mod cli;
mod commands;
mod dev;
mod doctor;
mod event_queue;
mod file_plan;
mod local_invoke;
mod migrate;
mod payload;
mod process;
mod prompt;
mod scaffold;
mod session;
mod terraform;
mod ui;

/// `dev` allocates and frees millions of small objects of a few sizes, often long after their neighbours. glibc's
/// allocator takes a quarter of the run time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
