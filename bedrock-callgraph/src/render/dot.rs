//! The graph in the language of Graphviz.

use super::palette::{CYCLE, EDGE, NodeStyle};
use super::picture::Picture;
use crate::model::Graph;

pub(super) fn render(graph: &Graph) -> String {
    let picture = Picture::of(graph);
    let mut text = vec![format!("digraph \"{}\" {{\n    rankdir=LR\n", escape(&graph.app))];
    text.push("    node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\"]\n".to_owned());
    text.push(format!("    edge [color=\"{EDGE}\"]\n"));
    for (at, shape) in picture.boxes.iter().enumerate() {
        let colors = shape.look.light();
        let style = if shape.look == NodeStyle::Other { ", style=\"rounded,filled,dashed\"" } else { "" };
        text.push(format!(
            "    n{at} [label=\"{}\", fillcolor=\"{}\", color=\"{}\", fontcolor=\"{}\"{style}]\n",
            escape(&shape.label),
            colors.fill,
            colors.line,
            colors.text
        ));
    }
    for line in &picture.lines {
        let dashed = line.is_dashed.then(|| "style=dashed".to_owned());
        let back_edges = line.closes_cycle.then(|| format!("color=\"{CYCLE}\""));
        let label = (!line.types.is_empty()).then(|| format!("label=\"{}\"", escape(&line.types)));
        let attributes: Vec<String> = dashed.into_iter().chain(back_edges).chain(label).collect();
        let attributes = if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        text.push(format!("    n{} -> n{}{attributes}\n", line.from, line.to));
    }
    text.push("}\n".to_owned());
    text.concat()
}

fn escape(text: &str) -> String {
    let plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    plain.replace('\\', "\\\\").replace('"', "\\\"")
}
