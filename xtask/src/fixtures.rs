//! `cargo xtask fixtures`: the programs that tests start as Lambda functions, compiled once as `cargo bedrock build` compiles
//! them. nextest runs this before the tests that need it, and they find the folder in the variable `FIXTURES_DIR`.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{sdk_hint, tools};

/// Arguments of cargo that select the programs. The last one calls functions with the AWS SDK, a feature of its package.
const PROGRAMS: [&[&str]; 2] = [
    &["--package=rust_case", "--package=greeter", "--package=hello", "--package=chat", "--bins"],
    &["--package=rust_case", "--features=sdk", "--bin=rust_case_sdk"],
];

/// Compiles the programs and names their folder in nextest's file of variables, if there is one.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let target = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    for arguments in PROGRAMS {
        let mut cargo = command(workspace, &target);
        cargo.args(arguments);
        let shown = tools::shown(&cargo);
        let status = cargo.status().with_context(|| format!("failed to start `{shown}`"))?;
        if !status.success() {
            bail!("`{shown}` failed");
        }
    }
    let folder = program_dir(workspace).join(target).join("debug");
    if let Some(path) = env::var_os("NEXTEST_ENV") {
        let mut file =
            File::options().append(true).open(&path).context("failed to open nextest's file of variables")?;
        writeln!(file, "FIXTURES_DIR={}", folder.display()).context("failed to write nextest's file of variables")?;
    }
    Ok(())
}

/// The folder in which `cargo bedrock` compiles programs with cargo, if cargo's target folder is `target/fixtures`: what one
/// test compiles, no other has to.
fn build_dir(workspace: &Workspace) -> PathBuf {
    workspace.target.join("fixtures/bedrock/cargo")
}

/// The folder for the programs. Apps of other tests have workers of the same names, whose programs must not replace them.
fn program_dir(workspace: &Workspace) -> PathBuf {
    workspace.target.join("fixtures/programs")
}

/// Cargo with the flags and settings of `cargo bedrock build`. If they differ, its dependencies are compiled twice.
fn command(workspace: &Workspace, target: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--quiet", "--target", target, "--config", "profile.dev.strip=\"debuginfo\""]);
    let mut flags: Vec<OsString> = vec!["--cfg".into(), "bedrock_lambda".into()];
    if let Some(home) = cargo_home() {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()).into());
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}".as_ref())).env_remove("RUSTFLAGS");
    cargo.env("CARGO_BUILD_BUILD_DIR", build_dir(workspace)).env("CARGO_TARGET_DIR", program_dir(workspace));
    sdk_hint::apply(workspace, &mut cargo);
    cargo
}

fn cargo_home() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))
}
