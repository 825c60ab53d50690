//! `cargo xtask opinions`: what AWS's local runner and ministack do with AWS's requirements for durable functions, with
//! `conformance/durable/opinions.py`.

use anyhow::Result;

use crate::tools;
use crate::workspace::Workspace;

/// Runs the requirements and prints a table.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let folder = workspace.target.join("tools");
    let mut python = workspace.command(folder.join("durable/bin/python"));
    python.args(["-B", "conformance/durable/opinions.py"]).arg(folder.join("durable_validator")).arg(&folder);
    println!("{}", tools::output(python.arg(&workspace.root))?);
    Ok(())
}
