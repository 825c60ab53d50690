//! Nodes, edges and cycles of graphs that are built from calls and settings.

use std::collections::BTreeMap;

use super::Graph;
use crate::fixtures::{app, call_targets, with_invokes};
use crate::model::path;

fn edges(graph: &Graph) -> Vec<String> {
    let line = |edge: &super::Edge| {
        let mut words = vec![edge.from.to_string(), edge.to.to_string(), edge.source.as_str().to_owned()];
        words.extend(edge.places.iter().map(ToString::to_string));
        words.join(" ")
    };
    graph.edges.iter().map(line).collect()
}

#[test]
fn nodes_are_the_endpoint_and_all_workers() {
    let app = app("my_app", &["b.py", "a.js", "c.rs"]);
    let graph = Graph::new(&app, &BTreeMap::new());
    let nodes: Vec<String> =
        graph.nodes.iter().map(|node| format!("{} {}", node.name, node.language.as_str())).collect();
    assert_eq!(nodes, ["endpoint rust", "a javascript", "b python", "c rust"]);
    assert!(graph.edges.is_empty() && graph.others.is_empty() && graph.cycles.is_empty());
}

#[test]
fn edges_are_sorted_with_distinct_places() {
    let app = app("my_app", &["b.py", "a.js", "c.rs"]);
    let graph = Graph::new(&app, &call_targets(&app, &["b: c a c other-f", "endpoint: b"]));
    assert_eq!(edges(&graph), ["endpoint b code endpoint.py:1", "b a code b.py:2", "b c code b.py:1 b.py:3"]);
    assert_eq!(graph.others.len(), 1);
    assert_eq!((graph.others[0].function.as_str(), graph.others[0].places[0].line), ("other-f", 4));
    assert_eq!(graph.pairs(), [(0, 2), (2, 1), (2, 3)]);
}

#[test]
fn settings_add_edges_at_the_computed_names() {
    let plain = app("my_app", &["b.py", "a.js", "c.rs"]);
    let app = with_invokes(with_invokes(plain, "b", &["c", "a", "c"]), "endpoint", &["b"]);
    let graph = Graph::new(&app, &call_targets(&app, &["b: a ?"]));
    assert_eq!(edges(&graph), ["endpoint b settings", "b a code b.py:1", "b c settings b.py:2"]);
}

#[test]
fn cycles_include_edges_of_every_source() {
    let app = with_invokes(app("my_app", &["a.py", "b.py", "c.py"]), "b", &["a"]);
    let graph = Graph::new(&app, &call_targets(&app, &["a: b", "c: c a"]));
    let cycles: Vec<String> = graph.cycles.iter().map(|cycle| path(cycle)).collect();
    assert_eq!(cycles, ["a → b → a", "c → c"]);
}
