//! Installs cargo-lambda and the linker that it uses into `target/bench-tools`. Tests do not need them.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::tools;
use crate::workspace::Workspace;

const PINS: [&str; 2] = ["cargo-lambda==1.9.2", "ziglang==0.17.1"];

/// Installs them if they are missing, and returns a PATH that has them first.
pub(super) fn install(workspace: &Workspace) -> Result<OsString> {
    let venv = workspace.bench_tools().join("cargo-lambda");
    let stamp = venv.join("stamp");
    if fs::read_to_string(&stamp).unwrap_or_default() != PINS.join("\n") {
        let python = tools::python()?.ok_or_else(|| anyhow!("`python3` is not on the PATH"))?;
        eprintln!("installing {}", PINS.join(", "));
        tools::output(workspace.command(&python).args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
        tools::output(pip.args(PINS))?;
        fs::write(&stamp, PINS.join("\n")).with_context(|| format!("failed to write {}", stamp.display()))?;
    }
    first_on_path(venv.join("bin"))
}

/// Downloads their wheels if they are missing, and returns the paths.
pub(super) fn wheels(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.bench_tools().join("cargo-lambda-wheels");
    let stamp = folder.join("stamp");
    if fs::read_to_string(&stamp).unwrap_or_default() != PINS.join("\n") {
        let python = tools::python()?.ok_or_else(|| anyhow!("`python3` is not on the PATH"))?;
        eprintln!("downloading {}", PINS.join(", "));
        let mut pip = workspace.command(&python);
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
        tools::output(pip.args(["--only-binary=:all:", "--dest"]).arg(&folder).args(PINS))?;
        fs::write(&stamp, PINS.join("\n")).with_context(|| format!("failed to write {}", stamp.display()))?;
    }
    let mut wheels = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))? {
        let path = entry.with_context(|| format!("failed to read {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "whl") {
            wheels.push(path);
        }
    }
    Ok(wheels)
}

/// Returns the PATH with a folder before all others.
pub(super) fn first_on_path(folder: PathBuf) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = std::iter::once(folder).chain(env::split_paths(&path)).collect();
    env::join_paths(all).context("failed to put the tools on the PATH")
}
