//! The programs that are measured: `bench_remote` and a minimal function, compiled with the settings of
//! `cargo bedrock build --release`, and functions of the examples that this command has compiled itself.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::Workspace;

/// The release profile of `cargo bedrock build`, if the user has none.
const PROFILE: [&str; 3] =
    ["profile.release.codegen-units=1", "profile.release.lto=\"fat\"", "profile.release.strip=\"symbols\""];

/// A program that answers each invocation with its event, with only lambda_runtime.
const BARE: &str = r#"[package]
name = "bare"
version = "0.1.0"
edition = "2024"

[dependencies]
lambda_runtime = { version = "1.5", default-features = false }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }

[workspace]
"#;
const BARE_MAIN: &str = r#"use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|event: LambdaEvent<Value>| async move { Ok::<_, Error>(event.payload) })).await
}
"#;

/// The paths of the programs.
#[derive(Debug)]
pub(super) struct Programs {
    /// The folder of `bench_remote` and `bench_remote_server`.
    pub(super) bench: PathBuf,
    pub(super) bare: PathBuf,
    /// A worker without calls.
    pub(super) quiet: PathBuf,
    /// A worker that calls another worker.
    pub(super) calling: PathBuf,
    /// The endpoint of `examples/space`.
    pub(super) endpoint: PathBuf,
}

impl Programs {
    /// Builds all programs, those of the examples with the subcommand `tool`.
    pub(super) fn build(workspace: &Workspace, tool: &Path) -> Result<Self> {
        let target = workspace.target.join("bench/remote");
        eprintln!("building bench_remote");
        let mut bench = workspace.cargo();
        bench.args(["build", "-p", "bench_remote"]).env("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}bedrock_lambda");
        tools::output(release(&mut bench, &target))?;
        let bare = bare(workspace, &target)?;
        eprintln!("building examples/hello and examples/space");
        let parts: [(&str, &[&str]); 2] =
            [("hello", &["--worker=greeter"]), ("space", &["--worker=distance_ranker", "--endpoint"])];
        for (app, parts) in parts {
            let mut build = workspace.command(tool);
            build.args(["bedrock", "build", "--release"]).args(parts);
            tools::output(build.current_dir(workspace.root.join("examples").join(app)))?;
        }
        let built = workspace.target.join(format!("bedrock/cargo/{ARCH}-unknown-linux-gnu/release"));
        Ok(Self {
            bench: target.join("release"),
            bare,
            quiet: built.join("greeter"),
            calling: built.join("distance_ranker"),
            endpoint: built.join("space"),
        })
    }
}

fn bare(workspace: &Workspace, target: &Path) -> Result<PathBuf> {
    eprintln!("building a minimal function");
    let folder = workspace.target.join("bench/bare");
    fs::create_dir_all(folder.join("src")).with_context(|| format!("failed to create {}", folder.display()))?;
    for (name, text) in [("Cargo.toml", BARE), ("src/main.rs", BARE_MAIN)] {
        fs::write(folder.join(name), text).with_context(|| format!("failed to write {name}"))?;
    }
    // The same versions as in this workspace.
    fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
    let manifest = folder.join("Cargo.toml").display().to_string();
    tools::output(release(workspace.cargo().args(["build", "--manifest-path", &manifest]), target))?;
    Ok(target.join("release/bare"))
}

fn release<'a>(command: &'a mut Command, target: &Path) -> &'a mut Command {
    command.arg("--release").arg("--target-dir").arg(target);
    command.args(PROFILE.iter().flat_map(|setting| ["--config", setting]))
}
