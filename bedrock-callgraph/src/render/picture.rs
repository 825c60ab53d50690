//! The graph as boxes and lines: the model that the SVG, Mermaid and DOT forms share.

use std::collections::BTreeMap;

use super::palette::NodeStyle;
use crate::depth_first::depth_first;
use crate::model::{Edge, EdgeSource, Graph};
use crate::node::{NodeName, SourceLine};

#[derive(Debug)]
pub(super) struct Picture {
    /// The endpoint is the first, then come functions that are not workers of the app, then resources and schedules.
    pub(super) boxes: Vec<Shape>,
    /// Sorted by the numbers of their boxes, without duplicates.
    pub(super) lines: Vec<Line>,
}

#[derive(Debug)]
pub(super) struct Shape {
    pub(super) label: String,
    pub(super) look: NodeStyle,
}

#[derive(Debug)]
pub(super) struct Line {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The call is only in the settings.
    pub(super) is_dashed: bool,
    /// It leads back to a box on the path from the first box.
    pub(super) closes_cycle: bool,
    pub(super) places: Vec<SourceLine>,
    /// The types of the call: `Size → Thumb[]`, and whether they are stale. Empty if they are not known.
    pub(super) types: String,
}

impl Picture {
    pub(super) fn of(graph: &Graph) -> Self {
        let mut boxes: Vec<Shape> =
            graph.nodes.iter().map(|node| Shape { label: node.name.to_string(), look: NodeStyle::of(node) }).collect();
        let known = graph.pairs().into_iter().zip(&graph.edges).map(|((from, to), edge)| Line {
            from,
            to,
            is_dashed: edge.source == EdgeSource::Settings,
            closes_cycle: false,
            places: edge.places.clone(),
            types: label(edge),
        });
        let mut lines: Vec<Line> = known.collect();
        let numbers: BTreeMap<&NodeName, usize> =
            graph.nodes.iter().enumerate().map(|(number, node)| (&node.name, number)).collect();
        let mut others: BTreeMap<&str, usize> = BTreeMap::new();
        for call in &graph.others {
            let to = *others.entry(&call.function).or_insert_with(|| {
                boxes.push(Shape { label: call.function.clone(), look: NodeStyle::Other });
                boxes.len() - 1
            });
            let Some(from) = numbers.get(&call.from).copied() else { continue };
            lines.push(untyped_line(from, to, call.places.clone()));
        }
        let mut resources: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let used = graph.resources.iter().map(|used| (used.kind, &used.name, &used.from, true));
        let triggers = graph.triggers.iter().map(|trigger| (trigger.kind, &trigger.name, &trigger.to, false));
        for (kind, name, function, is_used) in used.chain(triggers) {
            let resource = *resources.entry((kind, name)).or_insert_with(|| {
                boxes.push(Shape { label: format!("{kind} {name}"), look: NodeStyle::Resource });
                boxes.len() - 1
            });
            let Some(function) = numbers.get(function).copied() else { continue };
            let (from, to) = if is_used { (function, resource) } else { (resource, function) };
            lines.push(untyped_line(from, to, Vec::new()));
        }
        lines.sort_by_key(|line| (line.from, line.to));
        // A worker that writes to what invokes it is a cycle, too.
        let pairs: Vec<(usize, usize)> = lines.iter().map(|line| (line.from, line.to)).collect();
        for line in depth_first(boxes.len(), &pairs).back_edges {
            lines[line].closes_cycle = true;
        }
        Self { boxes, lines }
    }
}

fn label(edge: &Edge) -> String {
    let types = edge.types.as_ref().map(ToString::to_string);
    let stale = edge.is_stale.then(|| "stale".to_owned());
    types.into_iter().chain(stale).collect::<Vec<_>>().join(", ")
}

fn untyped_line(from: usize, to: usize, places: Vec<SourceLine>) -> Line {
    Line { from, to, is_dashed: false, closes_cycle: false, places, types: String::new() }
}
