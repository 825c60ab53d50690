//! The contents of the JSON form. Keys may be added to version 1. A key that changes its meaning requires version 2.

use serde::Serialize;

use crate::model::{Edge, Graph, Node, OtherCall, ResourceEdge, TriggerEdge};
use crate::node::{NodeName, SourceLine};

/// The JSON document. Its schema is `docs/schema/graph.v1.json`.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    version: u32,
    app: &'a str,
    nodes: Vec<NodeEntry<'a>>,
    edges: Vec<EdgeEntry<'a>>,
    other_calls: Vec<OtherEntry<'a>>,
    /// What the setting `uses` lists.
    resources: Vec<ResourceEntry<'a>>,
    /// What the setting `triggers` lists.
    triggers: Vec<TriggerEntry<'a>>,
    cycles: Vec<Vec<&'a str>>,
}

#[derive(Debug, Serialize)]
struct NodeEntry<'a> {
    name: &'a str,
    kind: &'static str,
    language: &'static str,
}

#[derive(Debug, Serialize)]
struct EdgeEntry<'a> {
    from: &'a str,
    to: &'a str,
    source: &'static str,
    places: Vec<PlaceEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<TypesEntry<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
}

/// The types of a call by the contract of the callee.
#[derive(Debug, Serialize)]
struct TypesEntry<'a> {
    event: &'a str,
    response: &'a str,
}

#[derive(Debug, Serialize)]
struct OtherEntry<'a> {
    from: &'a str,
    function: &'a str,
    places: Vec<PlaceEntry<'a>>,
}

#[derive(Debug, Serialize)]
struct ResourceEntry<'a> {
    from: &'a str,
    kind: &'static str,
    name: &'a str,
    access: &'a [&'static str],
}

#[derive(Debug, Serialize)]
struct TriggerEntry<'a> {
    kind: &'static str,
    name: &'a str,
    to: &'a str,
}

#[derive(Debug, Serialize)]
struct PlaceEntry<'a> {
    file: &'a str,
    line: usize,
}

impl<'a> Document<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Self {
            version: 1,
            app: &graph.app,
            nodes: graph.nodes.iter().map(node).collect(),
            edges: graph.edges.iter().map(edge).collect(),
            other_calls: graph.others.iter().map(other).collect(),
            resources: graph.resources.iter().map(resource).collect(),
            triggers: graph.triggers.iter().map(trigger).collect(),
            cycles: graph.cycles.iter().map(|cycle| cycle.iter().map(NodeName::as_str).collect()).collect(),
        }
    }
}

fn node(node: &Node) -> NodeEntry<'_> {
    let kind = if node.name == NodeName::Endpoint { "endpoint" } else { "worker" };
    NodeEntry { name: node.name.as_str(), kind, language: node.language.as_str() }
}

fn edge(edge: &Edge) -> EdgeEntry<'_> {
    EdgeEntry {
        from: edge.from.as_str(),
        to: edge.to.as_str(),
        source: edge.source.as_str(),
        places: places(&edge.places),
        types: edge.types.as_ref().map(|types| TypesEntry { event: &types.event, response: &types.response }),
        stale: edge.is_stale,
    }
}

fn other(call: &OtherCall) -> OtherEntry<'_> {
    OtherEntry { from: call.from.as_str(), function: &call.function, places: places(&call.places) }
}

fn resource(edge: &ResourceEdge) -> ResourceEntry<'_> {
    ResourceEntry { from: edge.from.as_str(), kind: edge.kind, name: &edge.name, access: &edge.access }
}

fn trigger(edge: &TriggerEdge) -> TriggerEntry<'_> {
    TriggerEntry { kind: edge.kind, name: &edge.name, to: edge.to.as_str() }
}

fn places(places: &[SourceLine]) -> Vec<PlaceEntry<'_>> {
    places.iter().map(|place| PlaceEntry { file: &place.path, line: place.line }).collect()
}
