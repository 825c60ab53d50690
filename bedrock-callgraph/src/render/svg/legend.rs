//! The legend: the colours and lines that the picture uses, and their meaning.

use super::super::palette::NodeStyle;
use super::super::picture::Picture;
use super::label::width;
use super::xml::number;

pub(super) struct Legend {
    pub(super) svg: String,
    pub(super) width: f64,
}

/// Distance between two entries.
const GAP: f64 = 22.0;

/// Renders the entries from left to right, in one line.
pub(super) fn render(picture: &Picture) -> Legend {
    let mut legend = Legend { svg: String::new(), width: 0.0 };
    for look in NodeStyle::ALL.into_iter().filter(|look| picture.boxes.iter().any(|shape| shape.look == *look)) {
        let sign = "<rect x=\"0\" y=\"-10\" width=\"14\" height=\"12\" rx=\"4\"/>";
        legend.add(&format!("<g class=\"{}\">{sign}</g>", look.class()), 14.0, look.caption());
    }
    let line = |class: &str, tip: &str| {
        format!("<path class=\"{class}\" d=\"M0 -4L26 -4\" marker-end=\"url(#bedrock-tip{tip})\"/>")
    };
    if picture.lines.iter().any(|line| line.is_dashed) {
        legend.add(&line("line dashed", ""), 26.0, "by settings");
    }
    if picture.lines.iter().any(|line| line.closes_cycle) {
        legend.add(&line("line cycle", "-cycle"), 26.0, "closes a cycle");
    }
    legend
}

impl Legend {
    fn add(&mut self, sign: &str, sign_width: f64, text: &str) {
        let start = if self.svg.is_empty() { 0.0 } else { self.width + GAP };
        let text_at = number(sign_width + 8.0);
        let label = format!("<text class=\"note\" x=\"{text_at}\" y=\"0\">{text}</text>");
        let entry = format!("<g transform=\"translate({} 0)\">{sign}{label}</g>\n", number(start));
        self.svg.push_str(&entry);
        self.width = start + sign_width + 8.0 + width(text);
    }
}
