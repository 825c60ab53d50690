//! What is written, and how much room it takes. There is no font to measure: letters of the names are all as wide as each
//! other, of other text the average counts.

use super::super::layout::{Size, float};
use super::super::picture::Shape;
use crate::model::Graph;

/// Of a letter of a name, 13 pixels high in any fixed-width font.
const NAME_LETTER: f64 = 7.85;
/// Of a letter of other text, 12 pixels high.
const TEXT_LETTER: f64 = 6.5;
/// Of a letter of the title.
const TITLE_LETTER: f64 = 10.0;
const HEIGHT: f64 = 48.0;
const LEAST_WIDTH: f64 = 124.0;
/// Letters of a name that are shown; workers' names have no more.
const LONGEST: usize = 40;

pub(super) fn size(shape: &Shape) -> Size {
    let letters = short(&shape.label).chars().count();
    Size { width: (float(letters) * NAME_LETTER + 34.0).max(LEAST_WIDTH), height: HEIGHT }
}

/// Width of a text in small letters.
pub(super) fn width(text: &str) -> f64 {
    float(text.chars().count()) * TEXT_LETTER
}

/// The name of a function without the rest of its ARN, and not longer than others.
pub(super) fn short(label: &str) -> String {
    let name = label.split_once("function:").map_or(label, |(_, name)| name);
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let start: String = name.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}

/// `7 workers, 12 calls`
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
    fn long_names_end_in_dots_and_of_an_arn_the_name_is_shown() {
        assert_eq!(short("resizer"), "resizer");
        assert_eq!(short("arn:aws:lambda:eu-west-1:123456789012:function:billing:live"), "billing:live");
        assert_eq!(short(&"é".repeat(64)), "é".repeat(39) + "…");
    }
}
