//! Finds cycles: workers that call themselves, directly or through others.

use std::collections::VecDeque;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Returns a shortest cycle of each strongly connected component, and each call of a node by itself. The first node of a
/// cycle is also its last. `edges` are sorted pairs of node numbers.
pub(crate) fn cycles(nodes: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(nodes, edges.len());
    let indices: Vec<_> = (0..nodes).map(|_| graph.add_node(())).collect();
    for (from, to) in edges {
        graph.add_edge(indices[*from], indices[*to], ());
    }
    let groups = tarjan_scc(&graph).into_iter().map(|group| group.into_iter().map(NodeIndex::index).collect());
    let mut found: Vec<Vec<usize>> = groups.filter_map(|group: Vec<usize>| shortest(group, nodes, edges)).collect();
    found.extend(edges.iter().filter(|(from, to)| from == to).map(|(from, to)| vec![*from, *to]));
    found.sort();
    found
}

/// Returns the shortest cycle in a component with more than one node. Of several, the one with the smallest first node.
fn shortest(mut group: Vec<usize>, nodes: usize, edges: &[(usize, usize)]) -> Option<Vec<usize>> {
    group.sort_unstable();
    let mut next = vec![Vec::new(); nodes];
    for (from, to) in edges.iter().filter(|(from, to)| from != to && group.contains(from) && group.contains(to)) {
        next[*from].push(*to);
    }
    group.iter().filter_map(|start| shortest_cycle(*start, &next)).min_by_key(Vec::len)
}

/// Returns the shortest path from `start` back to `start`.
fn shortest_cycle(start: usize, next: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut came_from = vec![None; next.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for to in &next[at] {
            if *to == start {
                let back = std::iter::successors(Some(at), |at| came_from[*at].filter(|_| *at != start));
                let mut way: Vec<usize> = std::iter::once(start).chain(back).collect();
                way.reverse();
                return Some(way);
            }
            if came_from[*to].is_none() {
                came_from[*to] = Some(at);
                queue.push_back(*to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::cycles;

    #[test]
    fn acyclic_graphs_have_no_cycles() {
        assert!(cycles(0, &[]).is_empty());
        assert!(cycles(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]).is_empty());
    }

    #[test]
    fn each_component_gives_its_shortest_cycle() {
        assert_eq!(cycles(3, &[(0, 1), (1, 2), (2, 1)]), [[1, 2, 1]]);
        assert_eq!(cycles(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]), [[0, 1, 2, 3, 0]]);
        // A long way round and a short one, in one group.
        assert_eq!(cycles(5, &[(0, 1), (1, 2), (2, 3), (3, 0), (2, 4), (4, 2)]), [[2, 4, 2]]);
        // Two groups, of which one leads to the other.
        assert_eq!(cycles(4, &[(0, 1), (1, 0), (1, 2), (2, 3), (3, 2)]), [[0, 1, 0], [2, 3, 2]]);
    }

    #[test]
    fn recursive_call_is_a_cycle_of_its_own() {
        assert_eq!(cycles(2, &[(1, 1)]), [[1, 1]]);
        assert_eq!(cycles(2, &[(0, 0), (0, 1), (1, 0)]), [vec![0, 0], vec![0, 1, 0]]);
    }
}
