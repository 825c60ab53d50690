//! The graph as a Mermaid flowchart, which many sites draw in Markdown.

use super::palette::{CYCLE, NodeStyle};
use super::picture::{Line, Picture};
use crate::model::Graph;

pub(super) fn render(graph: &Graph) -> String {
    let picture = Picture::of(graph);
    let mut text = vec!["flowchart LR\n".to_owned()];
    for (at, shape) in picture.boxes.iter().enumerate() {
        let (open, close) = match shape.look {
            NodeStyle::Endpoint => ("([", "])"),
            NodeStyle::Other => ("[/", "/]"),
            NodeStyle::Resource => ("[(", ")]"),
            _ => ("(", ")"),
        };
        text.push(format!("    n{at}{open}\"{}\"{close}:::{}\n", escape(&shape.label), shape.look.class()));
    }
    for line in &picture.lines {
        let arrow = if line.is_dashed { "-.->" } else { "-->" };
        let label = if line.types.is_empty() { String::new() } else { format!("|\"{}\"|", escape(&line.types)) };
        text.push(format!("    n{} {arrow}{label} n{}\n", line.from, line.to));
    }
    for look in NodeStyle::ALL.into_iter().filter(|look| picture.boxes.iter().any(|shape| shape.look == *look)) {
        let colors = look.light();
        let dashes = if look == NodeStyle::Other { ",stroke-dasharray:4 3" } else { "" };
        let class = look.class();
        text.push(format!(
            "    classDef {class} fill:{},stroke:{},color:{}{dashes}\n",
            colors.fill, colors.line, colors.text
        ));
    }
    let back_edges: Vec<String> = numbers(&picture.lines).map(|number| number.to_string()).collect();
    if !back_edges.is_empty() {
        text.push(format!("    linkStyle {} stroke:{CYCLE}\n", back_edges.join(",")));
    }
    text.concat()
}

fn numbers(lines: &[Line]) -> impl Iterator<Item = usize> {
    lines.iter().enumerate().filter(|(_, line)| line.closes_cycle).map(|(number, _)| number)
}

/// Between quotes; what could end them, begin a tag or be taken for a reference is written as one.
fn escape(text: &str) -> String {
    let letter = |letter: char| match letter {
        '"' | '#' | '<' | '>' | '&' | '`' | '\\' => format!("#{};", u32::from(letter)),
        letter if letter.is_control() => " ".to_owned(),
        letter => letter.to_string(),
    };
    text.chars().map(letter).collect()
}
