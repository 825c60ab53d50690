//! The colours of boxes and lines in pictures, for light and dark backgrounds.

use bedrock_build::Language;

use crate::model::Node;
use crate::node::NodeName;

/// The style of a box in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NodeStyle {
    Endpoint,
    Rust,
    Python,
    JavaScript,
    /// A function that is not a worker of the app.
    Other,
    /// A table, a bucket or another resource.
    Resource,
}

/// Colours of a box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colors {
    pub(super) fill: &'static str,
    pub(super) line: &'static str,
    pub(super) text: &'static str,
}

/// Colour of edges that close a cycle, on a light background.
pub(super) const CYCLE: &str = "#d1242f";
/// Colour of all other edges, on a light background.
pub(super) const EDGE: &str = "#8c959f";

impl NodeStyle {
    pub(super) const ALL: [Self; 6] =
        [Self::Endpoint, Self::Rust, Self::Python, Self::JavaScript, Self::Other, Self::Resource];

    pub(super) fn of(node: &Node) -> Self {
        match (&node.name, node.language) {
            (NodeName::Endpoint, _) => Self::Endpoint,
            (_, Language::Rust) => Self::Rust,
            (_, Language::Python) => Self::Python,
            (_, Language::JavaScript) => Self::JavaScript,
        }
    }

    /// Returns the name of the style's class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Other => "other",
            Self::Resource => "resource",
        }
    }

    /// Returns the text below the name.
    pub(super) fn caption(self) -> &'static str {
        match self {
            Self::Endpoint => "HTTP endpoint",
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Other => "another function",
            Self::Resource => "resource",
        }
    }

    /// Returns the colours on a light background.
    pub(super) fn light(self) -> Colors {
        let (fill, line, text) = match self {
            Self::Endpoint => ("#1f2937", "#1f2937", "#ffffff"),
            Self::Rust => ("#fff1e8", "#d9691e", "#7a3410"),
            Self::Python => ("#e9f2fc", "#3b78b5", "#1d4675"),
            Self::JavaScript => ("#fdf7d8", "#c9a30c", "#665200"),
            Self::Other => ("#f6f8fa", "#9aa4af", "#57606a"),
            Self::Resource => ("#eaf6ec", "#3f8f4f", "#1f5a2c"),
        };
        Colors { fill, line, text }
    }

    /// Returns the colours on a dark background.
    pub(super) fn dark(self) -> Colors {
        let (fill, line, text) = match self {
            Self::Endpoint => ("#e6edf3", "#e6edf3", "#12181f"),
            Self::Rust => ("#33200f", "#d9783a", "#ffc9a3"),
            Self::Python => ("#12263b", "#4b8bc9", "#b9dbff"),
            Self::JavaScript => ("#2f2a0d", "#bfa023", "#f3e08a"),
            Self::Other => ("#161b22", "#6e7781", "#9aa4af"),
            Self::Resource => ("#10281a", "#4fa463", "#b4e3bf"),
        };
        Colors { fill, line, text }
    }
}
