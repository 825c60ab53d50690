//! `cargo xtask bench local`: builds, measures, and prints the document to stdout. Progress is printed to stderr.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::figures::Figures;
use super::passes::{Column, Pass};
use super::{contracts, hello, idle, limits, tables};
use crate::bench::limit;
use crate::bench::machine::load;
use crate::bench::subcommand;
use crate::tools;
use crate::workspace::Workspace;

/// Measures local invocations and the example `hello`, and prints the tables.
pub(crate) fn run(workspace: &Workspace, passes: u8, with_compile: bool) -> Result<()> {
    let python = tools::python()?.ok_or_else(|| anyhow!("`python3` is not on the PATH"))?;
    let taskset = tools::on_path("taskset").ok_or_else(|| anyhow!("`taskset` is not on the PATH"))?;
    eprintln!("building bench_local and hello");
    tools::output(workspace.cargo().args(["build", "--release", "-p", "bench_local", "-p", "hello"]))?;
    let subcommand = subcommand::build(workspace)?;
    let program = workspace.target.join("release/bench_local");
    let mut quiet = Vec::new();
    let mut one_core = Vec::new();
    let mut loads = Vec::new();
    for number in 1..=passes {
        // Alternating, so that other work on the machine affects both columns.
        for (column, name) in [(&mut quiet, "quiet"), (&mut one_core, "1-core")] {
            loads.push(load()?);
            eprintln!("pass {number} of {passes}, {name}, load {}", loads.last().map_or("", String::as_str));
            let mut command = if name == "quiet" {
                workspace.command(&program)
            } else {
                let mut command = workspace.command(&taskset);
                command.args(["-c", "0"]).arg(&program);
                command
            };
            command.arg("--json").env("BENCH_PYTHON", &python);
            column.push(Pass::read(&tools::output(&mut command)?)?);
        }
    }
    eprintln!("ten idle workers");
    let idle_kib = idle::measure(workspace)?;
    eprintln!("contracts of 40 workers");
    let contracts_ms = contracts::measure(workspace, &subcommand)?;
    let compile = if with_compile {
        eprintln!("compiling hello in an empty target folder");
        Some(hello::compile(workspace)?)
    } else {
        None
    };
    let figures = Figures {
        quiet: Column::median(&quiet),
        one_core: Column::median(&one_core),
        idle_kib,
        contracts_ms,
        crates: hello::crates(workspace)?,
        hello_bytes: size(&workspace.target.join("release/hello"))?,
        compile,
    };
    println!("{}", tables::rows(&figures));
    println!("{}", limit::table(&limits::all(&figures)));
    println!("{}", tables::circumstances(&figures, passes, &loads));
    Ok(())
}

fn size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).with_context(|| format!("failed to read the size of {}", path.display()))?.len())
}
