//! Computes the curves: from the right side of a box, through the gaps between columns, to the left side of another box.

use super::geometry::{Arrow, Curve, Point, Rect, float};
use super::layered_graph::{LayeredGraph, Vertex};

/// Distance between two lines at the side of a box.
const PORT_SPACING: f64 = 9.0;
/// Distance between the corners of a box and its lines.
const CORNER_MARGIN: f64 = 12.0;
/// Width of a loop, and its height above the box.
const LOOP_SIZE: (f64, f64) = (26.0, 17.0);

/// The left and right edges of each column.
pub(super) type Columns = [(f64, f64)];

/// Returns the start and the segments of each arrow.
pub(super) fn route_lines(
    graph: &LayeredGraph,
    arrows: &[Arrow],
    boxes: &[Rect],
    columns: &Columns,
    middle: &[f64],
) -> Vec<(Point, Vec<Curve>)> {
    let ports = Ports::new(graph, boxes, middle);
    let column_of = columns_of(graph);
    let line = |(number, arrow): (usize, &Arrow)| {
        let route = &graph.routes[number];
        let [first, .., last] = route[..] else { return route_loop(&boxes[route[0]]) };
        let mut points = vec![Point { x: boxes[first].right(), y: ports.right[number] }];
        for waypoint in &route[1..route.len() - 1] {
            let (left, right) = columns[column_of[*waypoint]];
            points.extend([left, right].map(|x| Point { x, y: middle[*waypoint] }));
        }
        points.push(Point { x: boxes[last].x, y: ports.left[number] });
        if arrow.from != first {
            points.reverse();
        }
        route_through(&points)
    };
    arrows.iter().enumerate().map(line).collect()
}

fn columns_of(graph: &LayeredGraph) -> Vec<usize> {
    let mut column_of = vec![0; graph.vertices()];
    for (number, column) in graph.columns.iter().enumerate() {
        for vertex in column {
            column_of[*vertex] = number;
        }
    }
    column_of
}

/// The vertical position of both ends of each line.
struct Ports {
    right: Vec<f64>,
    left: Vec<f64>,
}

impl Ports {
    fn new(graph: &LayeredGraph, boxes: &[Rect], middle: &[f64]) -> Self {
        let mut ports = Self { right: vec![0.0; graph.routes.len()], left: vec![0.0; graph.routes.len()] };
        for (vertex, shape) in boxes.iter().enumerate() {
            let towards = |end: fn(&[Vertex]) -> Option<(Vertex, Vertex)>| {
                let lines =
                    graph.routes.iter().enumerate().filter_map(move |(number, route)| Some((number, end(route)?)));
                let mut lines: Vec<(usize, Vertex)> =
                    lines.filter(|(_, (own, _))| *own == vertex).map(|(number, (_, next))| (number, next)).collect();
                // Sort lines by the position of their other end, so that they do not cross here.
                lines.sort_by(|a, b| middle[a.1].total_cmp(&middle[b.1]));
                spread(shape, &lines)
            };
            for (number, y) in towards(|route| route.get(1).map(|next| (route[0], *next))) {
                ports.right[number] = y;
            }
            for (number, y) in
                towards(|route| route.len().checked_sub(2).map(|before| (route[before + 1], route[before])))
            {
                ports.left[number] = y;
            }
        }
        ports
    }
}

/// Distributes lines evenly around the middle of a side.
fn spread(shape: &Rect, lines: &[(usize, Vertex)]) -> Vec<(usize, f64)> {
    let steps = float(lines.len().saturating_sub(1));
    let step = if steps > 0.0 { PORT_SPACING.min((shape.height - 2.0 * CORNER_MARGIN) / steps) } else { 0.0 };
    let first = shape.middle() - step * steps / 2.0;
    lines.iter().enumerate().map(|(at, (number, _))| (*number, first + step * float(at))).collect()
}

/// Connects points with curves across the gaps and straight lines across the columns.
fn route_through(points: &[Point]) -> (Point, Vec<Curve>) {
    let curve = |(number, pair): (usize, &[Point])| {
        let [start, end] = [pair[0], pair[1]];
        let is_straight = number % 2 == 1 || (start.y - end.y).abs() < 0.05;
        let half_height = f64::midpoint(start.x, end.x);
        let controls = [Point { x: half_height, y: start.y }, Point { x: half_height, y: end.y }];
        Curve { controls: (!is_straight).then_some(controls), end }
    };
    (points[0], points.windows(2).enumerate().map(curve).collect())
}

/// Returns a loop above the right end of a box.
fn route_loop(shape: &Rect) -> (Point, Vec<Curve>) {
    let (width, rise) = LOOP_SIZE;
    let end = Point { x: shape.right() - CORNER_MARGIN, y: shape.y };
    let start = Point { x: end.x - width, y: shape.y };
    let above = |point: Point| Point { x: point.x, y: point.y - rise };
    (start, vec![Curve { controls: Some([above(start), above(end)]), end }])
}
