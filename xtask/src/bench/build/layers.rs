//! A build of layers that are up to date: its time, and the tools that it starts. Scripts with the names of the tools record
//! that they were started.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::app::App;
use super::figures::Layers;
use crate::bench::samples::least;
use crate::tools;
use crate::workspace::Workspace;

const RUNS: usize = 9;
const TOOLS: [&str; 8] = ["cargo", "node", "npm", "pip", "python", "python3", "rustc", "uv"];

/// Builds both layers of `app`, and measures further builds.
pub(super) fn measure(workspace: &Workspace, tool: &Path, app: &App) -> Result<Layers> {
    let build = || {
        let mut build = workspace.command(tool);
        build.args(["bedrock", "build", "--worker-layer=python_layer", "--worker-layer=node_layer"]);
        build.current_dir(&app.root);
        build
    };
    tools::output(&mut build())?;
    for layer in ["python_layer", "node_layer"] {
        let zip = app.root.join(format!("target/bedrock/layers/{layer}.zip"));
        ensure!(zip.is_file(), "{} was not made", zip.display());
    }
    let bin = app.root.join("bin");
    let log = app.root.join("started");
    write_recorders(&bin, &log)?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(bin).chain(env::split_paths(&path))).context("failed to make a PATH")?;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        tools::output(build().env("PATH", &path).env_remove("CARGO"))?;
        runs.push(began.elapsed().as_secs_f64());
    }
    let started = fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect();
    Ok(Layers { no_op_s: least(runs).unwrap_or_default(), started })
}

fn write_recorders(bin: &Path, log: &Path) -> Result<()> {
    fs::create_dir_all(bin).with_context(|| format!("failed to create {}", bin.display()))?;
    for tool in TOOLS {
        let path = bin.join(tool);
        let text = format!("#!/bin/sh\necho {tool} >> '{}'\nexit 1\n", log.display());
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
