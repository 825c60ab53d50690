//! Depth-first search through a graph, from the endpoint, then from functions without callers.

use std::collections::BTreeSet;

/// The result of a depth-first search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DepthFirst {
    /// The nodes that the search started at, in order.
    pub roots: Vec<usize>,
    /// Indices of the edges that lead back to a node on the current path. Without them the graph has no cycle.
    pub back_edges: BTreeSet<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// On the current path.
    Open,
    Done,
}

/// Visits all nodes, starting at node 0 (the endpoint). `edges` are sorted pairs of node numbers.
pub(crate) fn depth_first(nodes: usize, edges: &[(usize, usize)]) -> DepthFirst {
    let mut below = vec![Vec::new(); nodes];
    let mut is_called = vec![false; nodes];
    for (number, (from, to)) in edges.iter().enumerate() {
        below[*from].push((number, *to));
        is_called[*to] |= from != to;
    }
    let mut walk = DepthFirst::default();
    let mut states = vec![State::New; nodes];
    let first = (0..nodes).take(1);
    for root in first.chain((0..nodes).filter(|node| !is_called[*node])).chain(0..nodes) {
        if states[root] == State::New {
            walk.roots.push(root);
            visit_below(root, &below, &mut states, &mut walk.back_edges);
        }
    }
    walk
}

fn visit_below(root: usize, below: &[Vec<(usize, usize)>], states: &mut [State], back_edges: &mut BTreeSet<usize>) {
    // The nodes on the current path, and the number of their edges that have been followed.
    let mut open = vec![(root, 0)];
    states[root] = State::Open;
    while let Some((node, followed)) = open.last_mut() {
        let Some((edge, to)) = below[*node].get(*followed).copied() else {
            states[*node] = State::Done;
            open.pop();
            continue;
        };
        *followed += 1;
        match states[to] {
            State::New => {
                states[to] = State::Open;
                open.push((to, 0));
            }
            State::Open => {
                back_edges.insert(edge);
            }
            State::Done => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::depth_first;

    fn back_edges(nodes: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
        depth_first(nodes, edges).back_edges.into_iter().map(|edge| edges[edge]).collect()
    }

    #[test]
    fn search_starts_at_endpoint_then_uncalled_nodes() {
        assert_eq!(depth_first(7, &[(1, 2), (3, 4), (4, 3), (5, 0), (6, 6)]).roots, [0, 1, 5, 6, 3]);
        assert!(depth_first(0, &[]).roots.is_empty());
    }

    #[test]
    fn edges_to_the_current_path_close_a_cycle() {
        assert_eq!(back_edges(4, &[(0, 1), (0, 3), (1, 2), (2, 1), (2, 3)]), [(2, 1)]);
        assert_eq!(back_edges(3, &[(0, 0), (1, 2), (2, 1)]), [(0, 0), (2, 1)]);
        assert_eq!(back_edges(3, &[(0, 1), (0, 2), (1, 2)]), []);
    }
}
