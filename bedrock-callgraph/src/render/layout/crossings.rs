//! The order within each column: every vertex near the middle of its neighbours, then neighbours swapped while that
//! saves crossings.

use super::geometry::float;
use super::net::{Net, Vertex};

/// Sweeps to the right and back; later ones hardly ever help.
const SWEEPS: usize = 12;
/// Rounds of swaps.
const ROUNDS: usize = 8;

/// Which neighbours of a vertex are looked at.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Reorders the columns of `net`.
pub(super) fn reduce(net: &mut Net) {
    let mut position = positions(net);
    let mut best = (total(net, &position), net.columns.clone());
    for sweep in 0..SWEEPS {
        let count = net.columns.len();
        if sweep % 2 == 0 {
            (1..count).for_each(|column| sort(net, column, Side::Left, &mut position));
        } else {
            (0..count.saturating_sub(1)).rev().for_each(|column| sort(net, column, Side::Right, &mut position));
        }
        let crossings = total(net, &position);
        if crossings < best.0 {
            best = (crossings, net.columns.clone());
        }
    }
    net.columns = best.1;
    position = positions(net);
    for _ in 0..ROUNDS {
        if !swap_all(net, &mut position) {
            break;
        }
    }
}

/// The place of each vertex in its column.
fn positions(net: &Net) -> Vec<usize> {
    let mut position = vec![0; net.vertices()];
    for column in &net.columns {
        column.iter().enumerate().for_each(|(at, vertex)| position[*vertex] = at);
    }
    position
}

fn neighbours(net: &Net, vertex: Vertex, side: Side) -> &[Vertex] {
    match side {
        Side::Left => &net.left[vertex],
        Side::Right => &net.right[vertex],
    }
}

fn sort(net: &mut Net, column: usize, side: Side, position: &mut [usize]) {
    let middle = |vertex: Vertex| {
        let neighbours = neighbours(net, vertex, side);
        let sum: f64 = neighbours.iter().map(|neighbour| float(position[*neighbour])).sum();
        // Who has none stays where it is.
        if neighbours.is_empty() { float(position[vertex]) } else { sum / float(neighbours.len()) }
    };
    let mut order: Vec<(f64, Vertex)> = net.columns[column].iter().map(|vertex| (middle(*vertex), *vertex)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    net.columns[column] = order.into_iter().map(|(_, vertex)| vertex).collect();
    net.columns[column].iter().enumerate().for_each(|(at, vertex)| position[*vertex] = at);
}

/// Crossings between all columns.
fn total(net: &Net, position: &[usize]) -> usize {
    net.columns.iter().map(|column| between(net, column, position)).sum()
}

/// Crossings of the lines that leave a column to the right.
fn between(net: &Net, column: &[Vertex], position: &[usize]) -> usize {
    let mut ends: Vec<usize> = Vec::new();
    let mut crossings = 0;
    for vertex in column {
        let mut own: Vec<usize> = net.right[*vertex].iter().map(|neighbour| position[*neighbour]).collect();
        // `ends` is sorted: what lies behind an end in it is crossed by a line to that end.
        crossings += own.iter().map(|end| ends.len() - ends.partition_point(|other| other <= end)).sum::<usize>();
        ends.append(&mut own);
        ends.sort_unstable();
    }
    crossings
}

/// Swaps neighbours where that saves crossings; whether it did.
fn swap_all(net: &mut Net, position: &mut [usize]) -> bool {
    let mut is_better = false;
    for column in 0..net.columns.len() {
        for at in 1..net.columns[column].len() {
            let (upper, lower) = (net.columns[column][at - 1], net.columns[column][at]);
            if crossed(net, lower, upper, position) < crossed(net, upper, lower, position) {
                net.columns[column].swap(at - 1, at);
                position.swap(upper, lower);
                is_better = true;
            }
        }
    }
    is_better
}

/// Crossings of the lines of two vertices of a column, if the one stands above the other.
fn crossed(net: &Net, upper: Vertex, lower: Vertex, position: &[usize]) -> usize {
    let on = |side| {
        let lower = neighbours(net, lower, side);
        let above = |end: &Vertex| lower.iter().filter(|other| position[**other] < position[*end]).count();
        neighbours(net, upper, side).iter().map(above).sum::<usize>()
    };
    on(Side::Left) + on(Side::Right)
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Arrow;
    use super::*;

    fn net(columns: &[usize], arrows: &[(usize, usize)]) -> Net {
        let arrows: Vec<Arrow> =
            arrows.iter().map(|(from, to)| Arrow { from: *from, to: *to, is_back: false }).collect();
        Net::new(columns, &vec![false; columns.len()], &arrows)
    }

    fn crossings(net: &Net) -> usize {
        total(net, &positions(net))
    }

    #[test]
    fn crossings_are_counted() {
        assert_eq!(crossings(&net(&[0, 0, 1, 1], &[(0, 3), (1, 2)])), 1);
        assert_eq!(crossings(&net(&[0, 0, 1, 1], &[(0, 2), (0, 3), (1, 2), (1, 3)])), 1);
        assert_eq!(crossings(&net(&[0, 0, 1], &[(0, 2), (1, 2)])), 0);
    }

    #[test]
    fn crossings_that_need_not_be_are_gone() {
        let mut net = net(&[0, 1, 1, 1, 2, 2, 2], &[(0, 1), (0, 2), (0, 3), (1, 6), (2, 5), (3, 4), (0, 4)]);
        assert!(crossings(&net) > 0);
        reduce(&mut net);
        assert_eq!(crossings(&net), 0);
    }
}
