//! The forms that a graph can be rendered in.

use super::{dot, json, mermaid, svg, text};
use crate::model::Graph;
use bedrock_diagnostics::Result;

/// A form of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Trees of names, for the terminal.
    Text,
    /// For programs; see `docs/src/graph.md`.
    Json,
    /// For Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
}

/// Returns the graph in the given form, with a line break at the end.
pub fn render(graph: &Graph, format: Format) -> Result<String> {
    match format {
        Format::Text => Ok(text::render(graph)),
        Format::Json => json::render(graph),
        Format::Mermaid => Ok(mermaid::render(graph)),
        Format::Dot => Ok(dot::render(graph)),
        Format::Svg => Ok(picture(graph)),
    }
}

/// Returns the graph as an SVG picture.
pub fn picture(graph: &Graph) -> String {
    svg::render(graph)
}
