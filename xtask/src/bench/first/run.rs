//! Measures the parts that are asked for, and prints the table to stdout. Progress is printed to stderr.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{cold_starts, first_byte, first_run, install, invalidation, one_compile, wait};
use crate::bench::{machine, subcommand};
use crate::workspace::Workspace;

/// A part of the benchmark that can be measured separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstPart {
    Install,
    FirstRun,
    OneCompile,
    Invalidation,
    ColdStarts,
    RustStarts,
    FirstByte,
}

const ALL: [FirstPart; 7] = [
    FirstPart::Install,
    FirstPart::FirstRun,
    FirstPart::OneCompile,
    FirstPart::Invalidation,
    FirstPart::ColdStarts,
    FirstPart::RustStarts,
    FirstPart::FirstByte,
];

/// What is measured, and of which program.
#[derive(Debug, Clone)]
pub(crate) struct FirstOptions {
    pub(crate) passes: u8,
    /// Empty for all parts.
    pub(crate) only: Vec<FirstPart>,
    /// A program of `cargo-bedrock` that is measured instead of one in the profile `dist`, which is compiled.
    pub(crate) program: Option<PathBuf>,
}

/// Measures what people wait for.
pub(crate) fn run(workspace: &Workspace, options: &FirstOptions) -> Result<()> {
    let tool = match &options.program {
        Some(program) => program.canonicalize().with_context(|| format!("failed to find {}", program.display()))?,
        None => subcommand::build(workspace)?,
    };
    let passes = options.passes;
    let before = machine::load()?;
    let mut waits = Vec::new();
    for part in ALL {
        if !options.only.is_empty() && !options.only.contains(&part) {
            continue;
        }
        waits.extend(match part {
            FirstPart::Install => install::measure(workspace, &tool, passes)?,
            FirstPart::FirstRun => first_run::measure(workspace, &tool, passes)?,
            FirstPart::OneCompile => one_compile::measure(workspace, &tool)?,
            FirstPart::Invalidation => invalidation::measure(workspace, &tool)?,
            FirstPart::ColdStarts => cold_starts::measure(workspace, &tool, passes)?,
            FirstPart::RustStarts => cold_starts::measure_rust(workspace, &tool)?,
            FirstPart::FirstByte => first_byte::measure(workspace, &tool, passes)?,
        });
    }
    println!("{}", wait::table(&waits));
    let passes = if passes == 1 { "1 pass".to_owned() } else { format!("Medians over {passes} passes") };
    println!(
        "{passes}, everybody in turns, {}. Load average before: {before}, after: {}.",
        machine::name(),
        machine::load()?
    );
    Ok(())
}
