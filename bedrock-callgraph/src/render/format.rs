//! Which forms there are.

use super::{dot, json, mermaid, svg, text};
use crate::model::Graph;
use bedrock_diagnostics::Result;

/// A form of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A tree, to be read.
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

/// The graph in that form, with an end of line behind it.
pub fn render(graph: &Graph, format: Format) -> Result<String> {
    match format {
        Format::Text => Ok(text::render(graph)),
        Format::Json => json::render(graph),
        Format::Mermaid => Ok(mermaid::render(graph)),
        Format::Dot => Ok(dot::render(graph)),
        Format::Svg => Ok(picture(graph)),
    }
}

/// The picture of the graph, as SVG.
pub fn picture(graph: &Graph) -> String {
    svg::render(graph)
}
