//! Orders the vertices in each column to reduce crossings: first by the mean position of their neighbours, then by swaps of
//! adjacent vertices.

use super::geometry::float;
use super::layered_graph::{LayeredGraph, Vertex};

/// Number of sweeps to the right and back. More rarely help.
const SWEEPS: usize = 12;
/// Maximum number of rounds of swaps.
const ROUNDS: usize = 8;

/// The side of a vertex whose neighbours are used.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Reorders the columns of `graph`.
pub(super) fn reduce(graph: &mut LayeredGraph) {
    let mut position = positions(graph);
    let mut best = (total(graph, &position), graph.columns.clone());
    for sweep in 0..SWEEPS {
        let count = graph.columns.len();
        if sweep % 2 == 0 {
            (1..count).for_each(|column| sort(graph, column, Side::Left, &mut position));
        } else {
            (0..count.saturating_sub(1)).rev().for_each(|column| sort(graph, column, Side::Right, &mut position));
        }
        let crossings = total(graph, &position);
        if crossings < best.0 {
            best = (crossings, graph.columns.clone());
        }
    }
    graph.columns = best.1;
    position = positions(graph);
    for _ in 0..ROUNDS {
        if !swap_all(graph, &mut position) {
            break;
        }
    }
}

/// Returns the position of each vertex in its column.
fn positions(graph: &LayeredGraph) -> Vec<usize> {
    let mut position = vec![0; graph.vertices()];
    for column in &graph.columns {
        column.iter().enumerate().for_each(|(at, vertex)| position[*vertex] = at);
    }
    position
}

fn neighbours(graph: &LayeredGraph, vertex: Vertex, side: Side) -> &[Vertex] {
    match side {
        Side::Left => &graph.left[vertex],
        Side::Right => &graph.right[vertex],
    }
}

fn sort(graph: &mut LayeredGraph, column: usize, side: Side, position: &mut [usize]) {
    let middle = |vertex: Vertex| {
        let neighbours = neighbours(graph, vertex, side);
        let sum: f64 = neighbours.iter().map(|neighbour| float(position[*neighbour])).sum();
        // Vertices without neighbours keep their position.
        if neighbours.is_empty() { float(position[vertex]) } else { sum / float(neighbours.len()) }
    };
    let mut order: Vec<(f64, Vertex)> = graph.columns[column].iter().map(|vertex| (middle(*vertex), *vertex)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    graph.columns[column] = order.into_iter().map(|(_, vertex)| vertex).collect();
    graph.columns[column].iter().enumerate().for_each(|(at, vertex)| position[*vertex] = at);
}

/// Returns the number of crossings between all columns.
fn total(graph: &LayeredGraph, position: &[usize]) -> usize {
    graph.columns.iter().map(|column| between(graph, column, position)).sum()
}

/// Returns the number of crossings to the right of a column.
fn between(graph: &LayeredGraph, column: &[Vertex], position: &[usize]) -> usize {
    let mut ends: Vec<usize> = Vec::new();
    let mut crossings = 0;
    for vertex in column {
        let mut own: Vec<usize> = graph.right[*vertex].iter().map(|neighbour| position[*neighbour]).collect();
        // `ends` is sorted: a line to an end crosses the lines to all later ends.
        crossings += own.iter().map(|end| ends.len() - ends.partition_point(|other| other <= end)).sum::<usize>();
        ends.append(&mut own);
        ends.sort_unstable();
    }
    crossings
}

/// Swaps adjacent vertices if that reduces crossings. Returns whether it swapped any.
fn swap_all(graph: &mut LayeredGraph, position: &mut [usize]) -> bool {
    let mut is_better = false;
    for column in 0..graph.columns.len() {
        for at in 1..graph.columns[column].len() {
            let upper = graph.columns[column][at - 1];
            let lower = graph.columns[column][at];
            if crossed(graph, lower, upper, position) < crossed(graph, upper, lower, position) {
                graph.columns[column].swap(at - 1, at);
                position.swap(upper, lower);
                is_better = true;
            }
        }
    }
    is_better
}

/// Returns the number of crossings between the lines of two vertices, for `upper` above `lower`.
fn crossed(graph: &LayeredGraph, upper: Vertex, lower: Vertex, position: &[usize]) -> usize {
    let on = |side| {
        let lower = neighbours(graph, lower, side);
        let above = |end: &Vertex| lower.iter().filter(|other| position[**other] < position[*end]).count();
        neighbours(graph, upper, side).iter().map(above).sum::<usize>()
    };
    on(Side::Left) + on(Side::Right)
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Arrow;
    use super::*;

    fn graph(columns: &[usize], arrows: &[(usize, usize)]) -> LayeredGraph {
        let arrows: Vec<Arrow> =
            arrows.iter().map(|(from, to)| Arrow { from: *from, to: *to, is_back: false }).collect();
        LayeredGraph::new(columns, &vec![false; columns.len()], &arrows)
    }

    fn crossings(graph: &LayeredGraph) -> usize {
        total(graph, &positions(graph))
    }

    #[test]
    fn crossings_are_counted() {
        assert_eq!(crossings(&graph(&[0, 0, 1, 1], &[(0, 3), (1, 2)])), 1);
        assert_eq!(crossings(&graph(&[0, 0, 1, 1], &[(0, 2), (0, 3), (1, 2), (1, 3)])), 1);
        assert_eq!(crossings(&graph(&[0, 0, 1], &[(0, 2), (1, 2)])), 0);
    }

    #[test]
    fn avoidable_crossings_are_removed() {
        let mut graph = graph(&[0, 1, 1, 1, 2, 2, 2], &[(0, 1), (0, 2), (0, 3), (1, 6), (2, 5), (3, 4), (0, 4)]);
        assert!(crossings(&graph) > 0);
        reduce(&mut graph);
        assert_eq!(crossings(&graph), 0);
    }
}
