//! Boxes in columns, and a waypoint for each line in each column that it passes.

use super::geometry::Arrow;

/// A box or a waypoint: boxes have their own numbers, waypoints the numbers behind them.
pub(super) type Vertex = usize;

#[derive(Debug, Clone)]
pub(super) struct LayeredGraph {
    pub(super) boxes: usize,
    /// From left to right; in each, vertices from top to bottom.
    pub(super) columns: Vec<Vec<Vertex>>,
    /// The neighbours of each vertex in the column to the left and in the one to the right.
    pub(super) left: Vec<Vec<Vertex>>,
    pub(super) right: Vec<Vec<Vertex>>,
    /// What each arrow passes, from left to right whatever its direction. A line from a box to itself passes it alone.
    pub(super) routes: Vec<Vec<Vertex>>,
}

impl LayeredGraph {
    /// `column` are the columns of the boxes; boxes that stand `place_unconnected` are in none.
    pub(super) fn new(column: &[usize], place_unconnected: &[bool], arrows: &[Arrow]) -> Self {
        let boxes = column.len();
        let count = column.iter().max().map_or(0, |last| last + 1);
        let mut columns = vec![Vec::new(); count];
        for (vertex, column) in column.iter().enumerate().filter(|(vertex, _)| !place_unconnected[*vertex]) {
            columns[*column].push(vertex);
        }
        let mut graph =
            Self { boxes, columns, left: vec![Vec::new(); boxes], right: vec![Vec::new(); boxes], routes: Vec::new() };
        for arrow in arrows {
            let route = graph.route(column, *arrow);
            graph.routes.push(route);
        }
        graph
    }

    fn route(&mut self, column: &[usize], arrow: Arrow) -> Vec<Vertex> {
        let (start, end) =
            if column[arrow.from] <= column[arrow.to] { (arrow.from, arrow.to) } else { (arrow.to, arrow.from) };
        if start == end {
            return vec![start];
        }
        let mut route = vec![start];
        for passed in column[start] + 1..column[end] {
            let waypoint = self.left.len();
            self.left.push(Vec::new());
            self.right.push(Vec::new());
            self.columns[passed].push(waypoint);
            route.push(waypoint);
        }
        route.push(end);
        for pair in route.windows(2) {
            self.right[pair[0]].push(pair[1]);
            self.left[pair[1]].push(pair[0]);
        }
        route
    }

    pub(super) fn is_waypoint(&self, vertex: Vertex) -> bool {
        vertex >= self.boxes
    }

    pub(super) fn vertices(&self) -> usize {
        self.left.len()
    }
}
