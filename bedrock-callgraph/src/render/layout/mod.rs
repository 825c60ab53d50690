//! Where the boxes and lines of a picture go: in columns from left to right, with few crossings (the method of Sugiyama).
//!
//! | module | decides |
//! | --- | --- |
//! | `columns` | in which column each box stands |
//! | `layered_graph` | where lines pass the columns between |
//! | `crossings` | the order within each column |
//! | `vertical_positions` | how high everything stands |
//! | `route` | the curves |
//!
//! What the boxes mean and how they look is left to others.

mod columns;
mod crossings;
mod geometry;
mod layered_graph;
mod pipeline;
mod route;
mod vertical_positions;

pub(super) use geometry::{Arrow, Curve, Layout, Point, Rect, Size, float};
pub(super) use pipeline::lay_out;
