//! Sizes, positions and curves, in pixels from the top left corner.

/// The size of a box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Size {
    pub width: f64,
    pub height: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub x: f64,
    pub y: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub(crate) fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }

    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

/// A line to lay out: from one box to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrow {
    pub from: usize,
    pub to: usize,
    /// It points to the left. Without these arrows, the graph must have no cycle.
    pub is_back: bool,
}

/// A segment of a line: a cubic curve to `end`, or a straight line without control points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Curve {
    pub controls: Option<[Point; 2]>,
    pub end: Point,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    pub size: Size,
    /// One for each given size.
    pub boxes: Vec<Rect>,
    /// Start and segments of each given arrow.
    pub lines: Vec<(Point, Vec<Curve>)>,
}

/// Converts a count to a floating-point number.
pub(crate) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
