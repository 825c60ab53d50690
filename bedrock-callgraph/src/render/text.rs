//! Renders the graph as trees of names: the callees of a node are indented below it.

use std::collections::BTreeSet;

use crate::depth_first::depth_first;
use crate::model::{EdgeSource, Graph, path};
use crate::node::NodeName;

/// Renders a tree for the endpoint, a tree for each worker without callers, and a line for each cycle.
pub(super) fn render(graph: &Graph) -> String {
    let mut trees =
        Trees { graph, pairs: graph.pairs(), path: Vec::new(), expanded: BTreeSet::new(), text: Vec::new() };
    let roots = depth_first(graph.nodes.len(), &trees.pairs).roots;
    for root in roots {
        if !trees.text.is_empty() {
            trees.text.push("\n".to_owned());
        }
        let is_called = trees.pairs.iter().any(|(from, to)| *to == root && *from != root);
        let note = if root == 0 || is_called { "" } else { ", called by no other" };
        trees.text.push(format!("{}{note}\n", trees.title(root)));
        trees.below(root, "");
    }
    if !graph.cycles.is_empty() {
        trees.text.push("\n".to_owned());
    }
    trees.text.extend(graph.cycles.iter().map(|cycle| format!("cycle: {}\n", path(cycle))));
    trees.text.concat()
}

struct Trees<'a> {
    graph: &'a Graph,
    pairs: Vec<(usize, usize)>,
    /// The nodes from the root to the current one.
    path: Vec<usize>,
    /// Nodes whose callees have been printed.
    expanded: BTreeSet<usize>,
    text: Vec<String>,
}

impl Trees<'_> {
    fn title(&self, node: usize) -> String {
        let node = &self.graph.nodes[node];
        match node.name {
            NodeName::Endpoint => "endpoint".to_owned(),
            NodeName::Worker(_) => format!("{} ({})", node.name, node.language.as_str()),
        }
    }

    /// Adds the callees of a node.
    fn below(&mut self, node: usize, indent: &str) {
        self.expanded.insert(node);
        self.path.push(node);
        let name = &self.graph.nodes[node].name;
        let others = self.graph.others.iter().filter(|other| other.from == *name);
        let others = others.map(|other| format!("{} (another function)", other.function.escape_debug()));
        let resources = self.graph.resources.iter().filter(|resource| resource.from == *name);
        let resources = resources.map(|resource| {
            format!("{} {} ({})", resource.kind, resource.name.escape_debug(), resource.access.join(", "))
        });
        let triggers = self.graph.triggers.iter().filter(|trigger| trigger.to == *name);
        let triggers = triggers.map(|trigger| format!("invoked by {} {}", trigger.kind, trigger.name.escape_debug()));
        let others: Vec<String> = others.chain(resources).chain(triggers).collect();
        let edges: Vec<usize> = (0..self.pairs.len()).filter(|edge| self.pairs[*edge].0 == node).collect();
        let last = edges.len() + others.len();
        for (at, edge) in edges.into_iter().enumerate() {
            self.callee(edge, indent, at + 1 == last);
        }
        for (at, function) in others.iter().enumerate() {
            let branch = if last - others.len() + at + 1 == last { "└── " } else { "├── " };
            self.text.push(format!("{indent}{branch}{function}\n"));
        }
        self.path.pop();
    }

    fn callee(&mut self, edge: usize, indent: &str, is_last: bool) {
        let to = self.pairs[edge].1;
        let calls = self.pairs.iter().any(|(from, _)| *from == to)
            || self.graph.others.iter().any(|other| other.from == self.graph.nodes[to].name)
            || self.graph.resources.iter().any(|resource| resource.from == self.graph.nodes[to].name)
            || self.graph.triggers.iter().any(|trigger| trigger.to == self.graph.nodes[to].name);
        let is_expanded = self.expanded.contains(&to);
        let mut line = self.title(to);
        if self.graph.edges[edge].source == EdgeSource::Settings {
            line += ", by settings";
        }
        if let Some(types) = &self.graph.edges[edge].types {
            line.push_str(": ");
            line.push_str(&types.to_string());
        }
        if self.graph.edges[edge].is_stale {
            line += ", built against another contract";
        }
        if self.path.contains(&to) {
            line += ", a cycle";
        } else if is_expanded && calls {
            line += ", see above";
        }
        let (branch, further) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
        self.text.push(format!("{indent}{branch}{line}\n"));
        if !is_expanded {
            self.below(to, &format!("{indent}{further}"));
        }
    }
}
