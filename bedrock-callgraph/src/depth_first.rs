//! The order in which a reader goes through a graph: from the endpoint down, then from whoever nobody calls.

use std::collections::BTreeSet;

/// A walk that goes down before it goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DepthFirst {
    /// The nodes that it begins at, as they come.
    pub roots: Vec<usize>,
    /// Numbers of the edges that lead back to a node which the walk has come through: without them there is no cycle.
    pub back_edges: BTreeSet<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// The walk is below it.
    Open,
    Done,
}

/// Walks through all nodes, the first of which (the endpoint) comes first. `edges` are sorted pairs of numbers below
/// `nodes`.
pub fn depth_first(nodes: usize, edges: &[(usize, usize)]) -> DepthFirst {
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
    // The nodes that are open, and how many of their edges have been followed.
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
    fn it_begins_at_the_endpoint_then_where_nobody_calls_then_anywhere() {
        assert_eq!(depth_first(7, &[(1, 2), (3, 4), (4, 3), (5, 0), (6, 6)]).roots, [0, 1, 5, 6, 3]);
        assert!(depth_first(0, &[]).roots.is_empty());
    }

    #[test]
    fn edges_that_lead_back_close_a_cycle() {
        assert_eq!(back_edges(4, &[(0, 1), (0, 3), (1, 2), (2, 1), (2, 3)]), [(2, 1)]);
        assert_eq!(back_edges(3, &[(0, 0), (1, 2), (2, 1)]), [(0, 0), (2, 1)]);
        assert_eq!(back_edges(3, &[(0, 1), (0, 2), (1, 2)]), []);
    }
}
