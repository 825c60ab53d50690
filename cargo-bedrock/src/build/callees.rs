//! Who calls whom in the app as far as it is built: what the manifest says of it, and what is wrong with it.

use std::collections::BTreeMap;

use bedrock_build::App;

use super::artifact_dir::artifact_dir;
use super::context::Context;
use super::state::BuildState;
use bedrock_callgraph::{Level, NodeName, RustEdges, cycle_reports, load_graph, path};
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Name of a function to the workers it calls, sorted.
pub(crate) type Callees = BTreeMap<String, Vec<String>>;

/// Reads the calls; warns of circles and oddities, and fails where the manifest would be wrong.
pub(crate) fn read_callees(context: &Context<'_>, state: &BuildState) -> Result<Callees> {
    let (app, observer) = (context.app, context.observer);
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
        observer.warning(None, &format!("workers call each other in a circle: {}", path(cycle)));
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

/// The calls of the Rust functions as the last builds of `app` found them; nothing of what was never built.
pub(crate) fn load_built_calls(app: &App) -> RustEdges {
    calls_in_state(app, &BuildState::load(&artifact_dir(app)))
}

/// What the programs of the Rust functions call, by what was read from them when they were packed.
fn calls_in_state(app: &App, state: &BuildState) -> RustEdges {
    let of = |id: &str| state.artifacts.get(id).map(|record| record.invokes.iter().cloned().collect());
    let workers = app
        .workers
        .iter()
        .filter_map(|worker| Some((NodeName::Worker(worker.name.clone()), of(&format!("workers/{}", worker.name))?)));
    of("endpoint").map(|edges| (NodeName::Endpoint, edges)).into_iter().chain(workers).collect()
}
