//! The call graph, built from the calls in the code and from the settings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bedrock_build::contract::{self, type_text};
use bedrock_build::uses::{UsedResource, used_resources};
use bedrock_build::{App, FunctionSettings, Language, Trigger, WorkerName};

use super::call_targets::CallTargets;
use super::cycles::cycles;
use super::node::{NodeName, SourceLine};

/// The functions of an app and their calls. Everything is sorted, so that the same app always gives the same graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The app's name.
    pub app: String,
    /// The endpoint, then the workers by name.
    pub nodes: Vec<Node>,
    /// Sorted by caller, then by callee.
    pub edges: Vec<Edge>,
    /// Calls of functions that are not workers of this app, sorted by caller, then by function.
    pub others: Vec<OtherCall>,
    /// Resources that functions use, by the settings, sorted by function, then by kind and name.
    pub resources: Vec<ResourceEdge>,
    /// What invokes workers besides calls, by the setting `triggers`, sorted by worker, then by kind and name.
    pub triggers: Vec<TriggerEdge>,
    /// In each cycle, every node calls the next. The first node is also the last.
    pub cycles: Vec<Vec<NodeName>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub name: NodeName,
    pub language: Language,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub from: NodeName,
    pub to: NodeName,
    pub source: EdgeSource,
    /// The lines of the calls or, for an edge from the settings, of the computed names. Empty for binaries.
    pub places: Vec<SourceLine>,
    /// `None` if the callee has no contract.
    pub types: Option<CallTypes>,
    /// The caller was built against another contract of the callee. Only a graph of what was built has such edges.
    pub is_stale: bool,
}

/// The types of a call, as the contract of the callee names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallTypes {
    /// `Size`
    pub event: String,
    /// `Thumb[]`
    pub response: String,
}

impl fmt::Display for CallTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.event, self.response)
    }
}

/// The origin of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeSource {
    /// The call contains the name.
    Code,
    /// The setting `invokes` lists the callee.
    Settings,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherCall {
    pub from: NodeName,
    /// The name or ARN in the call.
    pub function: String,
    pub places: Vec<SourceLine>,
}

/// A resource that a function uses, by the setting `uses`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceEdge {
    pub from: NodeName,
    /// `table`, `bucket` and so on.
    pub kind: &'static str,
    /// The name in the settings, or an ARN.
    pub name: String,
    /// The words for access, such as `read`, sorted.
    pub access: Vec<&'static str>,
}

/// A schedule or a resource whose events invoke a worker, by the setting `triggers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerEdge {
    /// `schedule`, or `queue`, `bucket` and so on as for [`ResourceEdge`]. A DynamoDB stream is its `table`.
    pub kind: &'static str,
    /// The expression of the schedule, the name in the settings, or an ARN.
    pub name: String,
    pub to: NodeName,
}

impl EdgeSource {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Settings => "settings",
        }
    }
}

impl Graph {
    /// Builds the graph of `app`. Functions that are missing in `call_targets` have no calls with a literal name.
    pub fn new(app: &App, call_targets: &BTreeMap<NodeName, CallTargets>) -> Self {
        let endpoint = Node { name: NodeName::Endpoint, language: Language::Rust };
        let workers = app
            .workers
            .iter()
            .map(|worker| Node { name: NodeName::Worker(worker.name.clone()), language: worker.language });
        let nodes: Vec<Node> = std::iter::once(endpoint).chain(workers).collect();
        let no_calls = CallTargets::default();
        let of = |node: &Node| call_targets.get(&node.name).unwrap_or(&no_calls);
        let edges: Vec<Edge> = nodes.iter().flat_map(|node| edges(app, &node.name, of(node))).collect();
        let others = nodes.iter().flat_map(|node| others(&node.name, of(node))).collect();
        let cycles = named_cycles(&nodes, &edges);
        let resources = nodes.iter().flat_map(|node| resources(app, &node.name)).collect();
        let triggers = nodes.iter().flat_map(|node| triggers(app, &node.name)).collect();
        Self { app: app.name.to_string(), nodes, edges, others, resources, triggers, cycles }
    }

    /// Returns the edges as pairs of indices of [`Graph::nodes`], in the order of [`Graph::edges`].
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        pairs(&self.nodes, &self.edges)
    }
}

/// Formats a cycle as `a → b → a`.
pub fn path(cycle: &[NodeName]) -> String {
    cycle.iter().map(NodeName::as_str).collect::<Vec<_>>().join(" → ")
}

/// Returns the workers that the setting `invokes` lists for computed names, or `None` without the setting.
pub(crate) fn invokes<'a>(app: &'a App, node: &NodeName) -> Option<&'a [String]> {
    settings(app, node)?.invokes.as_deref()
}

fn settings<'a>(app: &'a App, node: &NodeName) -> Option<&'a FunctionSettings> {
    match node {
        NodeName::Endpoint => Some(&app.settings.endpoint),
        NodeName::Worker(name) => app.workers.iter().find(|worker| worker.name == *name).map(|worker| &worker.settings),
    }
}

/// Returns the resources that a function uses, each once.
fn resources(app: &App, from: &NodeName) -> Vec<ResourceEdge> {
    let uses = settings(app, from).and_then(|settings| settings.uses.as_deref()).unwrap_or_default();
    let edge = |UsedResource { used, access }: UsedResource<'_>| ResourceEdge {
        from: from.clone(),
        kind: used.kind.as_str(),
        name: used.name.clone(),
        access,
    };
    used_resources(uses).into_iter().map(edge).collect()
}

/// Returns what invokes a function besides calls, each once.
fn triggers(app: &App, to: &NodeName) -> Vec<TriggerEdge> {
    let all = settings(app, to).into_iter().flat_map(|settings| &settings.triggers);
    let triggers: BTreeSet<(&str, String)> = all.map(Trigger::kind_and_name).collect();
    triggers.into_iter().map(|(kind, name)| TriggerEdge { kind, name, to: to.clone() }).collect()
}

/// Returns the types of calls of a worker. A contract that cannot be read has none: `contracts` and `build` report it.
fn call_types(app: &App, worker: &WorkerName) -> Option<CallTypes> {
    let worker = app.workers.iter().find(|known| known.name == *worker)?;
    let contract = contract::read_file(&app.root.join(&worker.dir), contract::FILE_NAME).ok().flatten()?;
    Some(CallTypes { event: type_text(&contract.event), response: type_text(&contract.response) })
}

fn edges(app: &App, from: &NodeName, call_targets: &CallTargets) -> Vec<Edge> {
    let edge = |to, source, places: &[SourceLine]| Edge {
        from: from.clone(),
        types: call_types(app, &to),
        to: NodeName::Worker(to),
        source,
        places: sorted(places),
        is_stale: false,
    };
    let in_code = call_targets.workers.iter().map(|(to, places)| edge(to.clone(), EdgeSource::Code, places));
    let is_listed = |name: &str| invokes(app, from).is_some_and(|names| names.iter().any(|listed| listed == name));
    let listed = app.workers.iter().map(|worker| &worker.name).filter(|name| is_listed(name.as_str()));
    let in_settings = listed
        .filter(|name| !call_targets.workers.contains_key(*name))
        .map(|to| edge(to.clone(), EdgeSource::Settings, &call_targets.computed));
    let mut edges: Vec<Edge> = in_code.chain(in_settings).collect();
    edges.sort_by(|a, b| a.to.cmp(&b.to));
    edges
}

fn others(from: &NodeName, call_targets: &CallTargets) -> Vec<OtherCall> {
    let other = |(function, places): (&String, &Vec<SourceLine>)| OtherCall {
        from: from.clone(),
        function: function.clone(),
        places: sorted(places),
    };
    call_targets.others.iter().map(other).collect()
}

fn sorted(places: &[SourceLine]) -> Vec<SourceLine> {
    let mut places = places.to_vec();
    places.sort();
    places.dedup();
    places
}

fn named_cycles(nodes: &[Node], edges: &[Edge]) -> Vec<Vec<NodeName>> {
    let found = cycles(nodes.len(), &pairs(nodes, edges));
    found.into_iter().map(|cycle| cycle.into_iter().map(|index| nodes[index].name.clone()).collect()).collect()
}

fn pairs(nodes: &[Node], edges: &[Edge]) -> Vec<(usize, usize)> {
    let numbers: BTreeMap<&NodeName, usize> = nodes.iter().enumerate().map(|(at, node)| (&node.name, at)).collect();
    edges.iter().filter_map(|edge| Some((*numbers.get(&edge.from)?, *numbers.get(&edge.to)?))).collect()
}

#[cfg(test)]
mod tests;
