//! Who calls whom in the app as far as it is built: what the manifest says of it, and what is wrong with it.

use std::collections::BTreeMap;

use bedrock_build::App;

use super::context::Context;
use super::folder;
use super::state::State;
use bedrock_callgraph::{Level, NodeName, RustEdges, denied, path, read};
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Name of a function to the workers it calls, sorted.
pub(crate) type Callees = BTreeMap<String, Vec<String>>;

/// Reads the calls; warns of circles and oddities, and fails where the manifest would be wrong.
pub(crate) fn callees(context: &Context<'_>, state: &State) -> Result<Callees> {
    let (app, progress) = (context.app, context.progress);
    let (graph, findings) = read(app, &of_programs(app, state))?;
    let (errors, warnings): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.level == Level::Error);
    for finding in warnings {
        let lines = std::iter::once(finding.problem.message).chain(finding.problem.help);
        progress.warning(None, &lines.collect::<Vec<_>>().join("\n"));
    }
    if context.request.deny_cycles && !graph.cycles.is_empty() {
        return Err(Error { kind: ExitKind::App, reports: denied(&graph) });
    }
    for cycle in &graph.cycles {
        progress.warning(None, &format!("workers call each other in a circle: {}", path(cycle)));
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
pub(crate) fn built_calls(app: &App) -> RustEdges {
    of_programs(app, &State::load(&folder::path(app)))
}

/// What the programs of the Rust functions call, by what was read from them when they were packed.
fn of_programs(app: &App, state: &State) -> RustEdges {
    let of = |id: &str| state.parts.get(id).map(|record| record.invokes.iter().cloned().collect());
    let workers = app
        .workers
        .iter()
        .filter_map(|worker| Some((NodeName::Worker(worker.name.clone()), of(&format!("workers/{}", worker.name))?)));
    of("endpoint").map(|edges| (NodeName::Endpoint, edges)).into_iter().chain(workers).collect()
}
