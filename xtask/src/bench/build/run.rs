//! Builds, measures, and prints the document to stdout. Progress is printed to stderr.

use std::path::Path;

use anyhow::Result;

use super::app::App;
use super::builder::{Builder, Kind};
use super::figures::{Builds, Figures};
use super::{compiles, layers, pack, tables};
use crate::bench::{cargo_lambda, limit, machine, subcommand};
use crate::workspace::Workspace;

/// Measures builds of whole apps, and the work between the compiler and the zip.
pub(crate) fn run(workspace: &Workspace, colds: u8, with_compile: bool) -> Result<()> {
    let tool = subcommand::build(workspace)?;
    let before = machine::load()?;
    eprintln!("packing");
    let app = App::of_layers(workspace, &tool)?;
    let packing = pack::measure(workspace, &tool, &app)?;
    let layers = layers::measure(workspace, &tool, &app)?;
    let builds = if with_compile { compiled(workspace, &tool, colds)? } else { Vec::new() };
    let figures = Figures { builds, packing, layers };
    println!("{}\n{}", tables::builds(&figures), tables::packing(&figures));
    println!("{}", limit::table(&figures.limits()));
    let runs = if colds == 1 { "one cold build".to_owned() } else { format!("{colds} cold builds") };
    let runs = if with_compile {
        runs + ", 9 no-ops and 3 edits, by all tools alternately"
    } else {
        "several runs".to_owned()
    };
    println!(
        "The fastest of {runs}, {}. Load average before: {before}, after: {}. All tools use the profile of the app: thin \
         LTO, one codegen unit, stripped, panics unwind.",
        machine::name(),
        machine::load()?
    );
    Ok(())
}

fn compiled(workspace: &Workspace, tool: &Path, colds: u8) -> Result<Vec<Builds>> {
    let path = cargo_lambda::install(workspace)?;
    let app = App::of_rust(workspace, tool)?;
    let builders = Kind::ALL.map(|kind| Builder { kind, workspace, app: &app, tool, path: &path });
    compiles::measure(&app, &builders, colds)
}
