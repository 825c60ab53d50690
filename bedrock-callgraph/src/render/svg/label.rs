//! The texts of the picture and their widths. The font is unknown, so widths are estimates: names use a fixed-width font, other
//! text counts with the average width of a letter.

use super::super::layout::{Size, float};
use super::super::picture::Shape;
use crate::model::Graph;

/// Width of a letter of a name, in a fixed-width font of 13 pixels.
const NAME_LETTER: f64 = 7.85;
/// Average width of a letter of other text, in a font of 12 pixels.
const TEXT_LETTER: f64 = 6.5;
/// Average width of a letter of the title.
const TITLE_LETTER: f64 = 10.0;
const HEIGHT: f64 = 48.0;
const MIN_WIDTH: f64 = 124.0;
/// Maximum number of letters of a name in a box. Names of workers are not longer.
const MAX_LETTERS: usize = 40;

pub(super) fn size(shape: &Shape) -> Size {
    let letters = short(&shape.label).chars().count();
    Size { width: (float(letters) * NAME_LETTER + 34.0).max(MIN_WIDTH), height: HEIGHT }
}

/// Returns the width of a text that is not a name or title.
pub(super) fn width(text: &str) -> f64 {
    float(text.chars().count()) * TEXT_LETTER
}

/// Returns the name of a function without the rest of its ARN, shortened to `MAX_LETTERS`.
pub(super) fn short(label: &str) -> String {
    let name = label.split_once("function:").map_or(label, |(_, name)| name);
    if name.chars().count() <= MAX_LETTERS {
        return name.to_owned();
    }
    let start: String = name.chars().take(MAX_LETTERS - 1).collect();
    format!("{start}…")
}

/// Returns the line below the title, for example `7 workers, 12 calls`.
pub(super) fn heading(graph: &Graph) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let calls = graph.edges.len() + graph.others.len();
    format!("{}, {}", count(graph.nodes.len().saturating_sub(1), "worker"), count(calls, "call"))
}

pub(super) fn heading_width(title: &str, heading: &str) -> f64 {
    (float(title.chars().count()) * TITLE_LETTER).max(width(heading))
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn labels_shorten_long_names_and_arns() {
        assert_eq!(short("resizer"), "resizer");
        assert_eq!(short("arn:aws:lambda:eu-west-1:123456789012:function:billing:live"), "billing:live");
        assert_eq!(short(&"é".repeat(64)), "é".repeat(39) + "…");
    }
}
