//! `cargo xtask bench durable`: measures durable executions in `cargo bedrock dev`, AWS's local runner and ministack, with
//! `benchmarks/durable/bench.py`.

use anyhow::Result;

use super::{machine, subcommand};
use crate::tools;
use crate::workspace::Workspace;

/// Measures in `passes` turns, and prints tables.
pub(crate) fn run(workspace: &Workspace, passes: u8) -> Result<()> {
    let program = subcommand::build(workspace)?;
    eprintln!("measuring durable executions");
    let before = machine::load()?;
    let tools_folder = workspace.target.join("tools");
    let mut python = workspace.command(tools_folder.join("durable/bin/python"));
    python.args(["-B", "benchmarks/durable/bench.py"]).arg(program).arg(&workspace.root).arg(&tools_folder);
    println!("{}", tools::output(python.arg(passes.to_string()))?);
    println!("{}. Load average before: {before}, after: {}.", machine::name(), machine::load()?);
    Ok(())
}
