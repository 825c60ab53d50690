//! `cargo xtask bench local`: builds, measures, prints. Talk goes to stderr, so that stdout is the document.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::passes::{Column, Pass};
use super::{hello, idle, limits, tables};
use crate::bench::limit;
use crate::bench::machine::load;
use crate::tools;
use crate::workspace::Workspace;

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Figures {
    /// The machine as it is.
    pub(super) quiet: Column,
    /// The whole run on one core.
    pub(super) one_core: Column,
    /// Resident memory of an app with ten warm workers, in KiB.
    pub(super) idle_kib: u64,
    pub(super) crates: usize,
    /// Size of the release binary of `hello`, in bytes.
    pub(super) hello_bytes: u64,
    /// Wall time of cold dev builds, unless they were left out.
    pub(super) compile: Option<hello::Compile>,
}

/// Measures local invocations and what `hello` costs, and prints the tables.
pub(crate) fn run(workspace: &Workspace, passes: u8, with_compile: bool) -> Result<()> {
    let python = tools::python()?.ok_or_else(|| anyhow!("`python3` is not on the PATH"))?;
    let taskset = tools::on_path("taskset").ok_or_else(|| anyhow!("`taskset` is not on the PATH"))?;
    eprintln!("building bench_local and hello");
    tools::output(workspace.cargo().args(["build", "--release", "-p", "bench_local", "-p", "hello"]))?;
    let program = workspace.target.join("release/bench_local");
    let (mut quiet, mut one_core, mut loads) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=passes {
        // Alternating, so that whatever else the machine does meets both columns.
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
    Ok(fs::metadata(path).with_context(|| format!("failed to look at {}", path.display()))?.len())
}
