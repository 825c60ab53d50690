//! `cargo xtask bench dashboard`: measures the dashboard in Chromium, of an app with thousands of invocations, with
//! `dashboard/browser/bench.mjs`.

use anyhow::Result;

use super::machine;
use crate::tools;
use crate::workspace::Workspace;

/// Measures the dashboard and prints a table.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    tools::output(workspace.cargo().args(["build", "-p", "cargo-bedrock"]))?;
    eprintln!("measuring in Chromium");
    let before = machine::load()?;
    let mut node = workspace.command("node");
    node.arg("dashboard/browser/bench.mjs").env("CARGO_TARGET_DIR", &workspace.target);
    println!("{}", tools::output(&mut node)?);
    println!("{}. Load average before: {before}, after: {}.", machine::name(), machine::load()?);
    Ok(())
}
