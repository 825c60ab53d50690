//! Circles in a graph: the strongly connected components, and a shortest circle in each.

use std::collections::{BTreeSet, VecDeque};

/// A circle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cycle {
    /// The nodes of a shortest circle, the first of them again at the end.
    pub(super) files: Vec<usize>,
    /// Number of nodes in the component, which is at least that of the circle.
    pub(super) size: usize,
}

/// Returns a shortest circle of each component of the graph with `nodes` nodes, in the order of their first nodes.
pub(super) fn shortest_cycles(nodes: usize, edges: &[(usize, usize)]) -> Vec<Cycle> {
    let mut successors = vec![BTreeSet::new(); nodes];
    for (from, to) in edges.iter().filter(|(from, to)| from != to) {
        successors[*from].insert(*to);
    }
    let reachable: Vec<BTreeSet<usize>> = (0..nodes).map(|node| reachable(node, &successors)).collect();
    let mut is_done = vec![false; nodes];
    let mut cycles = Vec::new();
    for node in 0..nodes {
        if is_done[node] || !reachable[node].contains(&node) {
            continue;
        }
        let component: Vec<usize> =
            reachable[node].iter().copied().filter(|other| reachable[*other].contains(&node)).collect();
        for other in &component {
            is_done[*other] = true;
        }
        let shortest = component.iter().filter_map(|start| path_back(*start, &successors)).min_by_key(Vec::len);
        cycles.extend(shortest.map(|files| Cycle { files, size: component.len() }));
    }
    cycles
}

/// The nodes that at least one step from `start` leads to.
fn reachable(start: usize, successors: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        open.extend(successors[node].iter().copied().filter(|next| found.insert(*next)));
    }
    found
}

/// A shortest path from a node to itself.
fn path_back(start: usize, successors: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
    let mut previous = vec![None; successors.len()];
    let mut open = VecDeque::from([start]);
    while let Some(node) = open.pop_front() {
        for next in &successors[node] {
            if *next == start {
                let mut path = vec![start];
                let mut at = Some(node);
                while let Some(node) = at.filter(|node| *node != start) {
                    path.push(node);
                    at = previous[node];
                }
                path.push(start);
                path.reverse();
                return Some(path);
            }
            if previous[*next].is_none() {
                previous[*next] = Some(node);
                open.push_back(*next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graph_without_circles_has_none() {
        assert_eq!(shortest_cycles(3, &[(0, 1), (1, 2), (0, 2), (2, 2)]), []);
    }

    #[test]
    fn each_component_has_one_shortest_circle() {
        let edges = [(0, 1), (1, 2), (2, 0), (2, 1), (3, 4), (4, 3), (2, 3)];
        let cycles = shortest_cycles(5, &edges);
        assert_eq!(cycles, [Cycle { files: vec![1, 2, 1], size: 3 }, Cycle { files: vec![3, 4, 3], size: 2 }]);
    }
}
