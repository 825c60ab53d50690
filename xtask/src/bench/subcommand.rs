//! The subcommand as users have it: its release build.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools;
use crate::workspace::Workspace;

/// Builds `cargo-bedrock` and gives its program.
pub(super) fn build(workspace: &Workspace) -> Result<PathBuf> {
    eprintln!("building cargo bedrock");
    tools::output(workspace.cargo().args(["build", "--release", "-p", "cargo-bedrock"]))?;
    Ok(workspace.target.join("release/cargo-bedrock"))
}
