//! The calls between the functions of the app that have been built, for the manifest, and warnings about them.

use std::collections::BTreeMap;

use bedrock_build::App;

use super::artifact_dir::artifact_dir;
use super::context::Context;
use super::state::BuildState;
use bedrock_callgraph::{Level, NodeName, RustEdges, cycle_reports, load_graph, path};
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Name of a function to the workers it calls, sorted.
pub(crate) type Callees = BTreeMap<String, Vec<String>>;

/// Reads the calls. Warns about cycles and suspicious code, and fails if the manifest would be wrong.
pub(crate) fn read_callees(context: &Context<'_>, state: &BuildState) -> Result<Callees> {
    let app = context.app;
    let observer = context.observer;
    let (graph, findings) = load_graph(app, &calls_in_state(app, state))?;
    let (errors, warnings): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.level == Level::Error);
    for finding in warnings {
        let lines = std::iter::once(finding.problem.message).chain(finding.problem.help);
        observer.warning(None, &lines.collect::<Vec<_>>().join("\n"));
    }
    if context.request.deny_cycles && !graph.cycles.is_empty() {
        return Err(Error { kind: ExitKind::App, reports: cycle_reports(&graph) });
    }
    for cycle in &graph.cycles {
        observer.warning(None, &format!("workers call each other in a cycle: {}", path(cycle)));
    }
    if !errors.is_empty() {
        return Err(Error::problems(ExitKind::App, errors.into_iter().map(|finding| finding.problem).collect()));
    }
    let mut callees = Callees::new();
    for edge in graph.edges {
        callees.entry(edge.from.to_string()).or_default().push(edge.to.to_string());
    }
    Ok(callees)
}

/// Returns the calls of the Rust functions that the last builds of `app` found. Functions that were never built are missing.
pub fn load_built_calls(app: &App) -> RustEdges {
    calls_in_state(app, &BuildState::load(&artifact_dir(app)))
}

/// Returns the calls of the Rust functions, which were read from the programs when they were packed.
fn calls_in_state(app: &App, state: &BuildState) -> RustEdges {
    let of = |id: &str| state.artifacts.get(id).map(|record| record.invokes.iter().cloned().collect());
    let workers = app
        .workers
        .iter()
        .filter_map(|worker| Some((NodeName::Worker(worker.name.clone()), of(&format!("workers/{}", worker.name))?)));
    of("endpoint").map(|edges| (NodeName::Endpoint, edges)).into_iter().chain(workers).collect()
}
