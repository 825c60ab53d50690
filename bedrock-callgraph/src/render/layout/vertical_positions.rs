//! Assigns vertical positions: close to the neighbours in other columns, with minimum distances in the same column.

use super::geometry::{Size, float};
use super::layered_graph::{LayeredGraph, Vertex};

/// Distance between two boxes of a column.
const GAP: f64 = 26.0;
/// Distance between a waypoint and its neighbours in the column.
const WAYPOINT_GAP: f64 = 15.0;
/// Number of sweeps to the right and back.
const SWEEPS: usize = 60;

/// The columns next to a vertex whose positions count.
#[derive(Debug, Clone, Copy)]
struct Neighbours {
    left: bool,
    right: bool,
}

/// Returns the vertical middle of each vertex. The topmost edge is at 0. Boxes without lines stay at 0.
pub(super) fn vertical_positions(graph: &LayeredGraph, sizes: &[Size]) -> Vec<f64> {
    let mut middle = vec![0.0; graph.vertices()];
    for column in &graph.columns {
        let desired: Vec<(f64, f64)> = column.iter().map(|_| (0.0, 1.0)).collect();
        place_column(graph, sizes, column, &desired, &mut middle);
    }
    for sweep in 0..SWEEPS {
        // The first half of the sweeps uses one side, the second half both.
        let neighbours = match (sweep < SWEEPS / 2, sweep % 2 == 0) {
            (true, true) => Neighbours { left: true, right: false },
            (true, false) => Neighbours { left: false, right: true },
            (false, _) => Neighbours { left: true, right: true },
        };
        let mut order: Vec<&Vec<Vertex>> = graph.columns.iter().collect();
        if sweep % 2 == 1 {
            order.reverse();
        }
        for column in order {
            let desired: Vec<(f64, f64)> =
                column.iter().map(|vertex| desired(graph, *vertex, neighbours, &middle)).collect();
            place_column(graph, sizes, column, &desired, &mut middle);
        }
    }
    let top = |vertex: &Vertex| middle[*vertex] - half_height(graph, sizes, *vertex);
    let highest = graph.columns.iter().flatten().map(top).fold(f64::INFINITY, f64::min);
    graph.columns.iter().flatten().for_each(|vertex| middle[*vertex] -= highest);
    middle
}

/// Returns the desired position of a vertex, and its weight. Waypoints have high weights, so that long lines are straight.
fn desired(graph: &LayeredGraph, vertex: Vertex, neighbours: Neighbours, middle: &[f64]) -> (f64, f64) {
    let left = if neighbours.left { &graph.left[vertex][..] } else { &[] };
    let right = if neighbours.right { &graph.right[vertex][..] } else { &[] };
    let weight = |neighbour: Vertex| match (graph.is_waypoint(vertex), graph.is_waypoint(neighbour)) {
        (true, true) => 16.0,
        (true, false) | (false, true) => 2.0,
        (false, false) => 1.0,
    };
    let pulls = left.iter().chain(right).map(|neighbour| (middle[*neighbour], weight(*neighbour)));
    let (sum, weights) = pulls.fold((0.0, 0.0), |(sum, all), (at, weight)| (sum + at * weight, all + weight));
    if weights > 0.0 { (sum / weights, weights) } else { (middle[vertex], 0.1) }
}

/// Moves the vertices of a column as close to their desired positions as the minimum distances allow (least squares, by
/// pooling adjacent violators).
fn place_column(graph: &LayeredGraph, sizes: &[Size], column: &[Vertex], desired: &[(f64, f64)], middle: &mut [f64]) {
    let mut down = 0.0;
    let mut offsets = Vec::new();
    for (at, vertex) in column.iter().enumerate() {
        if let Some(above) = at.checked_sub(1) {
            down += distance(graph, sizes, column[above], *vertex);
        }
        offsets.push(down);
    }
    // Groups of vertices at minimum distance: weighted sum of desired positions, weight, and count.
    let mut groups: Vec<(f64, f64, usize)> = Vec::new();
    for ((want, weight), offset) in desired.iter().zip(&offsets) {
        groups.push(((want - offset) * weight, *weight, 1));
        while let [.., (sum, weight, count), (next_sum, next_weight, next_count)] = groups[..]
            && sum / weight > next_sum / next_weight
        {
            groups.truncate(groups.len() - 2);
            groups.push((sum + next_sum, weight + next_weight, count + next_count));
        }
    }
    let starts = groups.iter().flat_map(|(sum, weight, count)| std::iter::repeat_n(sum / weight, *count));
    for ((vertex, start), offset) in column.iter().zip(starts).zip(&offsets) {
        middle[*vertex] = start + offset;
    }
}

fn distance(graph: &LayeredGraph, sizes: &[Size], upper: Vertex, lower: Vertex) -> f64 {
    let is_between_boxes = !graph.is_waypoint(upper) && !graph.is_waypoint(lower);
    let gap = if is_between_boxes { GAP } else { WAYPOINT_GAP };
    half_height(graph, sizes, upper) + gap + half_height(graph, sizes, lower)
}

fn half_height(graph: &LayeredGraph, sizes: &[Size], vertex: Vertex) -> f64 {
    if graph.is_waypoint(vertex) { 0.0 } else { sizes[vertex].height / 2.0 }
}

/// Places boxes without lines in rows below everything else, as many in each row as the width allows.
pub(super) fn place_unconnected(sizes: &[Size], numbers: &[usize], width: f64, top: f64) -> Vec<(usize, f64, f64)> {
    let cell = numbers.iter().map(|number| sizes[*number].width).fold(0.0, f64::max) + GAP;
    let height = numbers.iter().map(|number| sizes[*number].height).fold(0.0, f64::max) + GAP;
    let mut placed = Vec::new();
    let mut across = 0;
    let mut down = 0;
    for number in numbers {
        if across > 0 && float(across + 1) * cell - GAP > width {
            (across, down) = (0, down + 1);
        }
        placed.push((*number, float(across) * cell, top + float(down) * height));
        across += 1;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Arrow;
    use super::*;

    const SIZE: Size = Size { width: 100.0, height: 40.0 };

    fn middles(columns: &[usize], arrows: &[(usize, usize)]) -> Vec<f64> {
        let arrows: Vec<Arrow> =
            arrows.iter().map(|(from, to)| Arrow { from: *from, to: *to, is_back: false }).collect();
        let graph = LayeredGraph::new(columns, &vec![false; columns.len()], &arrows);
        vertical_positions(&graph, &vec![SIZE; columns.len()])
    }

    #[test]
    fn chain_of_boxes_is_straight_and_starts_at_the_top() {
        assert_eq!(middles(&[0, 1, 2], &[(0, 1), (1, 2)]), [20.0, 20.0, 20.0]);
    }

    #[test]
    fn box_is_centred_on_its_callees() {
        let middles = middles(&[0, 1, 1, 1], &[(0, 1), (0, 2), (0, 3)]);
        assert!((middles[0] - middles[2]).abs() < 0.01, "{middles:?}");
        assert!((middles[2] - middles[1] - 66.0).abs() < 0.01, "{middles:?}");
    }

    #[test]
    fn unconnected_boxes_fill_rows() {
        let sizes = vec![SIZE; 3];
        assert_eq!(
            place_unconnected(&sizes, &[0, 1, 2], 226.0, 10.0),
            [(0, 0.0, 10.0), (1, 126.0, 10.0), (2, 0.0, 76.0)]
        );
        assert_eq!(place_unconnected(&sizes, &[1], 50.0, 0.0), [(1, 0.0, 0.0)]);
    }
}
