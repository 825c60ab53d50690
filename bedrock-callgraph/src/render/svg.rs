//! Renders the graph as an SVG picture for a README, in the light or dark colours of the reader's system. The picture has no
//! scripts and loads no other files. `layout` computes the positions, `style` writes the style sheet.

use super::layout::{Arrow, Curve, Layout, Point, Rect, lay_out};
use super::palette::NodeStyle;
use super::picture::{Line, Picture};
use crate::model::Graph;
use xml::{escape, number};

mod label;
mod legend;
mod style;
mod xml;

/// Distance between the contents and the edge of the picture.
const MARGIN: f64 = 28.0;
/// Height of the heading.
const HEAD: f64 = 62.0;
/// Height of the legend.
const FOOT: f64 = 52.0;
/// Minimum width of the contents, for the heading of a small graph.
const MIN_WIDTH: f64 = 420.0;
/// Maximum number of places of a call in the tooltip of its line.
const MAX_PLACES: usize = 6;

pub(super) fn render(graph: &Graph) -> String {
    let picture = Picture::of(graph);
    let arrow = |line: &Line| Arrow { from: line.from, to: line.to, is_back: line.closes_cycle };
    let sizes: Vec<_> = picture.boxes.iter().map(label::size).collect();
    let layout = lay_out(&sizes, &picture.lines.iter().map(arrow).collect::<Vec<_>>());
    let legend = legend::render(&picture);
    let title = escape(&graph.app);
    let heading = label::heading(graph);
    let inner = layout.size.width.max(MIN_WIDTH).max(legend.width).max(label::heading_width(&graph.app, &heading));
    let width = inner + 2.0 * MARGIN;
    let height = HEAD + layout.size.height + FOOT + 2.0 * MARGIN;
    let right = number(width);
    let bottom = number(height);
    let foot = number(height - MARGIN - 10.0);
    let margin = number(MARGIN);
    [
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {right} {bottom}\" "),
        format!("width=\"{right}\" height=\"{bottom}\" role=\"img\" aria-labelledby=\"bedrock-title\">\n"),
        format!("<title id=\"bedrock-title\">Call graph of {title}</title>\n"),
        style::sheet(),
        style::TIPS.to_owned(),
        background(width, height),
        format!("<text class=\"title\" x=\"{margin}\" y=\"{}\">{title}</text>\n", number(MARGIN + 15.0)),
        format!("<text class=\"note\" x=\"{margin}\" y=\"{}\">{heading}</text>\n", number(MARGIN + 36.0)),
        format!("<g transform=\"translate({margin} {})\">\n", number(MARGIN + HEAD)),
        lines(&picture, &layout),
        boxes(&picture, &layout),
        format!("</g>\n<g transform=\"translate({margin} {foot})\">\n{}</g>\n</svg>\n", legend.svg),
    ]
    .concat()
}

fn background(width: f64, height: f64) -> String {
    let width = number(width - 1.0);
    let height = number(height - 1.0);
    format!("<rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{width}\" height=\"{height}\" rx=\"14\"/>\n")
}

/// Draws the lines that close a cycle last, so that they are on top of the others.
fn lines(picture: &Picture, layout: &Layout) -> String {
    let draw = |back_edges: bool| {
        let lines = picture.lines.iter().zip(&layout.lines).filter(move |(line, _)| line.closes_cycle == back_edges);
        lines.map(|(line, (start, curves))| draw_line(picture, line, *start, curves)).collect::<String>()
    };
    draw(false) + &draw(true)
}

fn draw_line(picture: &Picture, line: &Line, start: Point, curves: &[Curve]) -> String {
    let class = match (line.closes_cycle, line.is_dashed) {
        (false, false) => "line",
        (false, true) => "line dashed",
        (true, false) => "line cycle",
        (true, true) => "line cycle dashed",
    };
    let tip = if line.closes_cycle { "bedrock-tip-cycle" } else { "bedrock-tip" };
    let path: String = curves.iter().map(piece).collect();
    let names = [line.from, line.to].map(|at| picture.boxes[at].label.as_str()).join(" → ");
    let mut places: Vec<String> = line.places.iter().take(MAX_PLACES).map(ToString::to_string).collect();
    if line.places.len() > MAX_PLACES {
        places.push("…".to_owned());
    }
    let places = if places.is_empty() { String::new() } else { format!(": {}", places.join(", ")) };
    let types = if line.types.is_empty() { String::new() } else { format!(", {}", line.types) };
    format!(
        "<path class=\"{class}\" d=\"M{}{path}\" marker-end=\"url(#{tip})\"><title>{}</title></path>\n",
        point(start),
        escape(&(names + &places + &types))
    )
}

fn piece(curve: &Curve) -> String {
    match curve.controls {
        Some([first, second]) => format!("C{} {} {}", point(first), point(second), point(curve.end)),
        None => format!("L{}", point(curve.end)),
    }
}

fn point(point: Point) -> String {
    format!("{} {}", number(point.x), number(point.y))
}

fn boxes(picture: &Picture, layout: &Layout) -> String {
    let all = picture.boxes.iter().zip(&layout.boxes);
    all.map(|(shape, rect)| draw_box(&shape.label, shape.look, rect)).collect()
}

fn draw_box(name: &str, look: NodeStyle, rect: &Rect) -> String {
    let Rect { x, y, width, height } = rect;
    // The endpoint has round ends.
    let round = if look == NodeStyle::Endpoint { height / 2.0 } else { 10.0 };
    let x = number(*x);
    let y = number(*y);
    let width = number(*width);
    let height = number(*height);
    let round = number(round);
    let middle = number(rect.x + rect.width / 2.0);
    format!(
        "<g class=\"{}\"><title>{} ({})</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>\
         <text class=\"name\" x=\"{middle}\" y=\"{}\">{}</text><text class=\"caption\" x=\"{middle}\" y=\"{}\">{}</text></g>\n",
        look.class(),
        escape(name),
        look.caption(),
        number(rect.y + 20.0),
        escape(&label::short(name)),
        number(rect.y + 36.0),
        look.caption()
    )
}
