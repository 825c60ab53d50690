//! Builds, measures, and prints the document to stdout. Progress is printed to stderr.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};

use super::calls::Cores;
use super::figures::{Column, Figures, Program};
use super::programs::Programs;
use super::{start, tables};
use crate::bench::{limit, machine, subcommand};
use crate::tools;
use crate::workspace::Workspace;

/// First calls per pass. Each needs a separate process.
const FIRST_CALLS: usize = 7;

/// Measures calls of other functions, and their effect on the programs that make them.
pub(crate) fn run(workspace: &Workspace, passes: u8) -> Result<()> {
    let taskset = tools::on_path("taskset").ok_or_else(|| anyhow!("`taskset` is not on the PATH"))?;
    let programs = Programs::build(workspace, &subcommand::build(workspace)?)?;
    let quiet = Cores { workspace, programs: &programs.bench, one_core: None };
    let one_core = Cores { one_core: Some(&taskset), ..quiet };
    let mut figures =
        Figures { quiet: Column::default(), one_core: Column::default(), at_once: Vec::new(), programs: Vec::new() };
    let mut loads = Vec::new();
    for number in 1..=passes {
        // Alternating, so that other work on the machine affects both columns.
        for (cores, column, name) in [(quiet, &mut figures.quiet, "quiet"), (one_core, &mut figures.one_core, "1-core")]
        {
            loads.push(machine::load()?);
            eprintln!("pass {number} of {passes}, {name}, load {}", loads.last().map_or("", String::as_str));
            let server = cores.server()?;
            for _ in 0..FIRST_CALLS {
                column.first.push(cores.measure(&server, "first")?);
            }
            column.later.push(cores.measure(&server, "calls")?);
            if name == "quiet" {
                figures.at_once.push(cores.measure(&server, "at-once")?);
            }
        }
    }
    eprintln!("starts");
    figures.programs = measured(&programs, &quiet)?;
    println!("{}\n{}\n{}", tables::calls(&figures), tables::at_once(&figures), tables::programs(&figures));
    println!("{}", limit::table(&figures.limits()));
    let passes = if passes == 1 { "1 pass".to_owned() } else { format!("Medians over {passes} passes") };
    println!(
        "{passes}, quiet and 1-core (program and server under `taskset -c 0`) in turns; the fastest of 41 starts; {}. \
         Load average before each run: {}.",
        machine::name(),
        loads.join(", ")
    );
    Ok(())
}

/// Milliseconds from exec to the first `GET /next`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Starts {
    pub(crate) bare: f64,
    pub(crate) endpoint: f64,
}

/// Measures the start of the endpoint of `examples/space`, compiled by `tool`, and that of a program without it.
pub(crate) fn starts(workspace: &Workspace, tool: &Path) -> Result<Starts> {
    let programs = Programs::build(workspace, tool)?;
    let server = Cores { workspace, programs: &programs.bench, one_core: None }.server()?;
    let starts = start::measure(&[&programs.bare, &programs.endpoint], &server.environment())?;
    match starts[..] {
        [bare, endpoint] => Ok(Starts { bare, endpoint }),
        _ => bail!("{} programs were started instead of two", starts.len()),
    }
}

/// Returns the sizes and the starts.
fn measured(programs: &Programs, cores: &Cores<'_>) -> Result<Vec<Program>> {
    let all: [(&str, &Path, Option<f64>); 4] = [
        ("floor: only lambda_runtime", &programs.bare, None),
        ("a worker without calls (`greeter`)", &programs.quiet, Some(1.8)),
        ("a worker that calls another worker (`distance_ranker`)", &programs.calling, Some(3.5)),
        ("the endpoint of `examples/space`", &programs.endpoint, Some(4.5)),
    ];
    let server = cores.server()?;
    let starts = start::measure(&all.map(|(_, path, _)| path), &server.environment())?;
    let program = |((what, path, most_mb), start_ms): ((_, &Path, _), _)| {
        let bytes = fs::metadata(path).with_context(|| format!("failed to look at {}", path.display()))?.len();
        Ok(Program { what, bytes, start_ms, most_mb })
    };
    all.into_iter().zip(starts).map(program).collect()
}
