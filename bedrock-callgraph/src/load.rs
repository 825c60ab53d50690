//! Loads the call graph of an app from disk, with its findings.

use std::collections::BTreeMap;

use bedrock_build::{App, Language};

use super::call_targets::CallTargets;
use super::check::{Finding, check};
use super::model::Graph;
use super::node::NodeName;
use super::rust_edges::RustEdges;
use super::sources::calls_of;
use bedrock_diagnostics::Result;

/// Reads the calls in the Python and JavaScript files of `app`, and combines them with those of its Rust programs.
pub fn load_graph(app: &App, rust: &RustEdges) -> Result<(Graph, Vec<Finding>)> {
    let mut call_targets = BTreeMap::new();
    let mut findings = Vec::new();
    let mut add = |name: NodeName, calls: CallTargets, unreadable: &[_]| {
        findings.extend(check(app, &name, &calls, unreadable));
        call_targets.insert(name, calls);
    };
    let read_program = |name: &NodeName| CallTargets::from_binary(app, rust.get(name).into_iter().flatten());
    add(NodeName::Endpoint, read_program(&NodeName::Endpoint), &[]);
    for worker in &app.workers {
        let name = NodeName::Worker(worker.name.clone());
        if worker.language == Language::Rust {
            let calls = read_program(&name);
            add(name, calls, &[]);
        } else {
            let found = calls_of(app, worker)?;
            add(name, CallTargets::from_sources(app, &found), &found.unreadable);
        }
    }
    Ok((Graph::new(app, &call_targets), findings))
}

#[cfg(test)]
mod tests;
