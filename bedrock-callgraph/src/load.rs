//! Loads the call graph of an app from disk, with its findings.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_build::{App, Language, Worker};

use super::call_targets::CallTargets;
use super::check::{Finding, check};
use super::model::Graph;
use super::node::NodeName;
use super::rust_edges::RustEdges;
use super::sources::{calls_of, may_call_unseen};
use bedrock_diagnostics::Result;

/// Reads the calls in the source files of `app`, and combines them with those of its Rust programs.
pub fn load_graph(app: &App, rust: &RustEdges) -> Result<(Graph, Vec<Finding>)> {
    let mut call_targets = BTreeMap::new();
    let mut findings = Vec::new();
    let mut add = |name: NodeName, calls: CallTargets, unreadable: &[_]| {
        findings.extend(check(app, &name, &calls, unreadable));
        call_targets.insert(name, calls);
    };
    let in_program = |name: &NodeName| rust.get(name).into_iter().flatten();
    add(NodeName::Endpoint, CallTargets::from_binary(app, in_program(&NodeName::Endpoint)), &[]);
    for worker in &app.workers {
        let name = NodeName::Worker(worker.name.clone());
        let found = calls_of(app, worker)?;
        let calls = CallTargets::from_sources(app, &found).with_binary(app, in_program(&name));
        add(name, calls, &found.unreadable);
    }
    Ok((Graph::new(app, &call_targets), findings))
}

/// Returns whether a call of a Python or JavaScript worker may lead to a Rust worker, directly or through other workers.
/// True if that cannot be seen in the source code.
pub fn may_reach_rust(app: &App, worker: &Worker) -> Result<bool> {
    let mut pending = vec![worker];
    let mut seen = BTreeSet::new();
    while let Some(worker) = pending.pop() {
        if worker.language == Language::Rust {
            return Ok(true);
        }
        if !seen.insert(worker.name.as_str()) {
            continue;
        }
        let calls = calls_of(app, worker)?;
        let declared = worker.settings.invokes.as_ref();
        let is_unknown = !calls.unreadable.is_empty() || (!calls.computed.is_empty() && declared.is_none());
        if is_unknown || may_call_unseen(app, worker)? {
            return Ok(true);
        }
        let targets = CallTargets::from_sources(app, &calls);
        let named = targets.workers.keys().map(bedrock_build::WorkerName::as_str);
        let called: BTreeSet<&str> = named.chain(declared.into_iter().flatten().map(String::as_str)).collect();
        pending.extend(app.workers.iter().filter(|worker| called.contains(worker.name.as_str())));
    }
    Ok(false)
}

/// Returns the names of a worker and of the workers that it may call, directly or through others, as far as the source code of
/// Python and JavaScript workers and the settings say.
pub fn reachable_workers(app: &App, worker: &Worker) -> Result<BTreeSet<String>> {
    let mut pending = vec![worker];
    let mut seen = BTreeSet::new();
    while let Some(worker) = pending.pop() {
        if !seen.insert(worker.name.to_string()) {
            continue;
        }
        let declared = worker.settings.invokes.iter().flatten().cloned();
        let mut called: BTreeSet<String> = declared.collect();
        // The calls of a Rust worker are in its program.
        if worker.language != Language::Rust {
            let targets = CallTargets::from_sources(app, &calls_of(app, worker)?);
            called.extend(targets.workers.keys().map(ToString::to_string));
        }
        pending.extend(app.workers.iter().filter(|worker| called.contains(worker.name.as_str())));
    }
    Ok(seen)
}

#[cfg(test)]
mod tests;
