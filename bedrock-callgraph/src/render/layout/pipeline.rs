//! All steps, one after the other.

use super::columns::columns;
use super::crossings::reduce;
use super::geometry::{Arrow, Layout, Rect, Size, float};
use super::layered_graph::LayeredGraph;
use super::route::route_lines;
use super::vertical_positions::{place_unconnected, vertical_positions};

/// Between two columns: at least, for each line that goes through, and at most.
const GAP: (f64, f64, f64) = (64.0, 3.0, 150.0);
/// Between everything else and the boxes that no line touches.
const ASIDE: f64 = 34.0;
/// The least width that these are given.
const LEAST_WIDTH: f64 = 520.0;

/// Places boxes of these sizes so that arrows lead from left to right, but for those that lead back. No two boxes touch.
pub(crate) fn lay_out(sizes: &[Size], arrows: &[Arrow]) -> Layout {
    let is_touched = |at: usize| at == 0 || arrows.iter().any(|arrow| arrow.from == at || arrow.to == at);
    let is_aside: Vec<bool> = (0..sizes.len()).map(|at| !is_touched(at)).collect();
    let mut graph = LayeredGraph::new(&columns(sizes.len(), arrows), &is_aside, arrows);
    reduce(&mut graph);
    let middle = vertical_positions(&graph, sizes);
    let ends = ends(&graph, sizes);
    let mut boxes = vec![Rect { x: 0.0, y: 0.0, width: 0.0, height: 0.0 }; sizes.len()];
    for (column, (left, right)) in graph.columns.iter().zip(&ends) {
        for vertex in column.iter().filter(|vertex| !graph.is_waypoint(**vertex)) {
            let Size { height, .. } = sizes[*vertex];
            // As wide as its column: ragged ends look like an accident.
            boxes[*vertex] = Rect { x: *left, y: middle[*vertex] - height / 2.0, width: right - left, height };
        }
    }
    let width = ends.last().map_or(0.0, |(_, right)| *right);
    let lowest =
        graph.columns.iter().flatten().filter(|vertex| graph.is_waypoint(**vertex)).map(|vertex| middle[*vertex]);
    let bottom = boxes.iter().map(Rect::bottom).chain(lowest).fold(0.0, f64::max);
    let alone: Vec<usize> = (0..sizes.len()).filter(|at| is_aside[*at]).collect();
    let cell = alone.iter().map(|at| sizes[*at].width).fold(0.0, f64::max);
    for (at, x, y) in place_unconnected(sizes, &alone, width.max(LEAST_WIDTH), bottom + ASIDE) {
        boxes[at] = Rect { x, y, width: cell, height: sizes[at].height };
    }
    let lines = route_lines(&graph, arrows, &boxes, &ends, &middle);
    let size = Size {
        width: boxes.iter().map(Rect::right).fold(width, f64::max),
        height: boxes.iter().map(Rect::bottom).fold(bottom, f64::max),
    };
    Layout { size, boxes, lines }
}

/// The left and right end of each column: as wide as its widest box.
fn ends(graph: &LayeredGraph, sizes: &[Size]) -> Vec<(f64, f64)> {
    let (least, more, most) = GAP;
    let mut left = 0.0;
    let mut ends = Vec::new();
    for column in &graph.columns {
        let boxes = column.iter().filter(|vertex| !graph.is_waypoint(**vertex));
        let right = left + boxes.map(|vertex| sizes[*vertex].width).fold(0.0, f64::max);
        ends.push((left, right));
        let lines: usize = column.iter().map(|vertex| graph.right[*vertex].len()).sum();
        left = right + (least + more * float(lines)).min(most);
    }
    ends
}
