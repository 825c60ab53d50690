//! Builds, measures, prints. Talk goes to stderr, so that stdout is the document.

use anyhow::Result;

use super::app::App;
use super::builder::{Builder, Kind};
use super::figures::Figures;
use super::{compiles, layers, pack, peer, tables};
use crate::bench::{limit, machine, subcommand};
use crate::workspace::Workspace;

/// Measures builds of whole apps, and what happens between the compiler and the zip.
pub(crate) fn run(workspace: &Workspace, colds: u8) -> Result<()> {
    let tool = subcommand::build(workspace)?;
    let path = peer::install(workspace)?;
    let before = machine::load()?;
    eprintln!("packing");
    let app = App::of_layers(workspace, &tool)?;
    let (packing, layers) = (pack::measure(workspace, &tool, &app)?, layers::measure(workspace, &tool, &app)?);
    let app = App::of_rust(workspace, &tool)?;
    let builders = Kind::ALL.map(|kind| Builder { kind, workspace, app: &app, tool: &tool, path: &path });
    let builds = compiles::measure(&app, &builders, colds)?;
    let figures = Figures { builds, packing, layers };
    println!("{}\n{}", tables::builds(&figures), tables::packing(&figures));
    println!("{}", limit::table(&figures.limits()));
    let runs = if colds == 1 { "one cold build".to_owned() } else { format!("{colds} cold builds") };
    println!(
        "The fastest of {runs}, 9 no-ops and 3 edits, by everybody in turns, {}. Load average before: {before}, after: {}. \
         Everybody has the profile of the app: thin LTO, one codegen unit, stripped, panics unwind.",
        machine::name(),
        machine::load()?
    );
    Ok(())
}
