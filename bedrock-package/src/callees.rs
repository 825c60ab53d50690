//! The calls between the functions of the app that have been built, for the manifest, and warnings about them.

use std::collections::BTreeMap;
use std::fs;

use bedrock_artifacts::Digest;
use bedrock_build::App;
use bedrock_build::contract::FILE_NAME;

use super::artifact::{Artifact, Function};
use super::artifact_dir::artifact_dir;
use super::context::Context;
use super::state::BuildState;
use bedrock_callgraph::{Graph, Level, NodeName, RustEdges, cycle_reports, load_graph, path};
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

/// Marks the calls whose caller was last built against another contract than the callee has now. Callers that were never
/// built are not marked.
pub fn mark_stale_calls(app: &App, graph: &mut Graph) {
    let state = BuildState::load(&artifact_dir(app));
    let digest = |worker: &str| {
        let worker = app.workers.iter().find(|known| known.name.as_str() == worker)?;
        let text = fs::read(app.root.join(&worker.dir).join(FILE_NAME)).ok()?;
        Some(Digest::of(&text).to_string())
    };
    for edge in &mut graph.edges {
        let function = match &edge.from {
            NodeName::Endpoint => Function::Endpoint,
            NodeName::Worker(name) => Function::Worker(name.clone()),
        };
        let Some(record) = state.artifacts.get(&Artifact::Code(function).id()) else { continue };
        let callee = edge.to.as_str();
        let built = record.callee_contracts.get(callee);
        // The caller may not have had the call when it was built.
        let is_known = built.is_some() || record.invokes.iter().any(|name| name == callee);
        edge.is_stale = is_known && built != digest(callee).as_ref();
    }
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

#[cfg(test)]
mod tests {
    use super::{BuildState, load_graph, mark_stale_calls};
    use crate::artifact_dir::artifact_dir;
    use crate::inputs::Inputs;
    use crate::state::{ArtifactRecord, ContractDigests};
    use bedrock_artifacts::Digest;
    use bedrock_build::App;
    use std::fs;

    const FILE: &str = r#"{"x-contract": 1, "properties": {"event": {"type": "integer"}}}"#;

    /// Returns whether the call of `b` by `a` is stale, after `a` was built with these calls and digests.
    fn is_stale(app: &App, invokes: &[&str], callee_contracts: ContractDigests) -> bool {
        let record = ArtifactRecord {
            inputs: Inputs::default(),
            zip: None,
            invokes: invokes.iter().map(|name| (*name).to_owned()).collect(),
            callee_contracts,
            components: Vec::new(),
            has_sbom: false,
        };
        let mut state = BuildState::load(&artifact_dir(app));
        state.artifacts.insert("workers/a".to_owned(), record);
        state.save(&artifact_dir(app)).expect("saved");
        let (mut graph, _) = load_graph(app, &super::load_built_calls(app)).expect("a graph");
        mark_stale_calls(app, &mut graph);
        assert_eq!(graph.edges.len(), 1);
        graph.edges[0].is_stale
    }

    #[test]
    fn calls_are_stale_after_the_contract_of_the_callee_changed() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n");
        write("workers/a/main.py", "from bedrock.workers.invoker import invoke\ninvoke('b', 1)\n");
        write("workers/b/main.py", "");
        let app = App::open(root.path()).expect("an app");
        fs::create_dir_all(artifact_dir(&app)).expect("a folder");
        let none = ContractDigests::new;
        let of_file = || ContractDigests::from([("b".to_owned(), Digest::of(FILE.as_bytes()).to_string())]);
        assert!(!is_stale(&app, &["b"], none()), "neither has a contract");
        assert!(is_stale(&app, &["b"], of_file()), "the contract is gone");
        write("workers/b/contract.json", FILE);
        assert!(!is_stale(&app, &["b"], of_file()));
        assert!(!is_stale(&app, &[], none()), "the call is newer than the build");
        assert!(is_stale(&app, &["b"], none()), "the contract is new");
        write("workers/b/contract.json", &FILE.replace("integer", "number"));
        assert!(is_stale(&app, &["b"], of_file()));
    }
}
