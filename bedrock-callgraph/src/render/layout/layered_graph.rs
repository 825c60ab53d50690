//! The layered graph: boxes in columns, and a waypoint for each line in each column that it passes.

use super::geometry::Arrow;

/// A box or a waypoint. Boxes have the first numbers, waypoints the following ones.
pub(super) type Vertex = usize;

#[derive(Debug, Clone)]
pub(super) struct LayeredGraph {
    pub(super) boxes: usize,
    /// Columns from left to right, with their vertices from top to bottom.
    pub(super) columns: Vec<Vec<Vertex>>,
    /// The neighbours of each vertex in the columns to the left and to the right.
    pub(super) left: Vec<Vec<Vertex>>,
    pub(super) right: Vec<Vec<Vertex>>,
    /// The vertices of each arrow, from left to right for both directions. A loop has only its box.
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
