//! Installs the tools, measures, and prints the document to stdout. Progress is printed to stderr.

use anyhow::Result;

use super::app::{App, BOUND_APP};
use super::client::Client;
use super::figures::Figures;
use super::offline::Offline;
use super::watch::Watch;
use super::{bounds, idle, latency, reload, tables};
use crate::bench::{limit, machine, subcommand};
use crate::workspace::Workspace;

/// A part of the benchmark that can be measured separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Latency,
    Reload,
    Idle,
    Bounds,
}

/// Seconds with failing functions.
const FAULT_SECONDS: u64 = 120;

/// Measures `cargo bedrock dev` and the other tools.
pub(crate) fn run(workspace: &Workspace, passes: u8, only: Option<Part>) -> Result<()> {
    let is_meant = |part| only.is_none_or(|only| only == part);
    let client = Client::build(workspace)?;
    let app = App::new(workspace, subcommand::build(workspace)?)?;
    let mut figures = Figures::default();
    let before = machine::load()?;
    if is_meant(Part::Latency) || is_meant(Part::Reload) {
        let watch = Watch::new(workspace)?;
        let offline = Offline::new(workspace)?;
        if is_meant(Part::Latency) {
            figures.latency = Some(latency::measure(&app, &client, &watch, &offline, passes)?);
        }
        if is_meant(Part::Reload) {
            figures.reloads = Some(reload::measure(&app, &client, &watch, &offline)?);
        }
    }
    if is_meant(Part::Idle) {
        figures.rest = Some(idle::measure(&app, &client)?);
    }
    if is_meant(Part::Bounds) {
        let app = App::named(BOUND_APP, workspace, subcommand::build(workspace)?)?;
        figures.bounds = Some(bounds::measure(&app, &client, FAULT_SECONDS)?);
    }
    println!("{}", tables::all(&figures));
    println!("{}", limit::table(&figures.limits()));
    let calls = match (&figures.latency, passes) {
        (None, _) => String::new(),
        (Some(_), 1) => "1 pass of calls".to_owned(),
        (Some(_), passes) => format!("Medians over {passes} passes of calls"),
    };
    let calls = if calls.is_empty() { "Measured".to_owned() } else { calls + ", everybody in turns" };
    let loads = figures.latency.map(|latency| latency.loads.join(", ")).filter(|loads| !loads.is_empty());
    let loads = loads.map(|loads| format!(" before each pass: {loads},")).unwrap_or_default();
    println!("{calls}, {}. Load average before: {before},{loads} after: {}.", machine::name(), machine::load()?);
    Ok(())
}
