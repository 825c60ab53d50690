//! `cargo bedrock`: creates, runs, builds and deploys apps whose workers are AWS Lambda functions. Starts [`cli::run`].
//!
//! | module | contents |
//! | --- | --- |
//! | [`cli`] | the complete command line, and usage errors |
//! | [`commands`] | one file for each command: its arguments and a short `run` |
//! | [`scaffold`] | the files that `new` creates |
//! | [`app_path`] | paths below the app, which records in it name |
//! | [`file_plan`] | a set of file changes, carried out completely or not at all |
//! | [`prompt`] | questions to the user |
//! | [`payload`], [`sample_event`], [`local_invoke`] | `invoke`: the payload, and local invocations |
//! | [`mod@dev`] | `dev`: runs the app locally and prints what it does |
//! | [`contracts`] | the types of the workers, as files for callers and editors |
//! | [`running_dev`] | the HTTP API of a `dev` that runs in another terminal |
//! | [`mcp`] | `mcp`: tools for coding agents |
//! | [`worker_tests`], [`worker_tools`] | `test`, `env`: test runners, and what a worker's code needs |
//! | [`event_queue`] | the queued events of an app that runs locally |
//! | [`terraform`] | the app's Terraform files and the template, and merging them |
//! | [`migrate`] | migration of an app of Bedrock for Python |
//! | [`doctor`] | whether this machine has the tools that the app needs |
//! | [`session`] | the folder that the command runs in, and its app |
//! | [`ui`] | the only module that prints |
//! | `bedrock_artifacts` | which files belong to an artifact, reproducible zip files, and whether binaries run on Lambda |
//! | `bedrock_callgraph` | the call graph |
//! | `bedrock_deploy` | everything that talks to AWS: deploy, roll back, compare, read logs, invoke |
//! | `bedrock_package` | `build`: the artifacts of the app and their manifest; external tools |
//! | `bedrock_diagnostics` | errors: message, causes, help, exit code |
//!
//! Files of the user that it edits: `Cargo.toml` and `src/endpoints/mod.rs` of the app. `bedrock-build` reads settings
//! and workers. `.bedrock/migrate` records what migrations changed.

#![forbid(unsafe_code)]

mod app_path;
mod cli;
mod commands;
mod contracts;
mod dev;
mod doctor;
mod event_queue;
mod executions;
mod file_plan;
mod import;
mod local_invoke;
mod mcp;
mod migrate;
mod payload;
mod prompt;
mod replay;
mod running_dev;
mod sample_event;
mod scaffold;
mod session;
mod settings_in_force;
mod terraform;
mod ui;
mod worker_tests;
mod worker_tools;

/// `dev` allocates and frees millions of small objects of a few sizes, often long after their neighbours. glibc's
/// allocator takes a quarter of the run time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
