//! The subcommand in the profile in which users install it.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools;
use crate::workspace::Workspace;

/// Builds `cargo-bedrock` and returns the path of its program.
pub(super) fn build(workspace: &Workspace) -> Result<PathBuf> {
    eprintln!("building cargo bedrock, which takes ten minutes at first");
    tools::output(workspace.cargo().args(["build", "--profile", "dist", "-p", "cargo-bedrock"]))?;
    Ok(workspace.target.join("dist/cargo-bedrock"))
}
