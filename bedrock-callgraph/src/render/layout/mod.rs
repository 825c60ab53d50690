//! Layout of boxes and lines: in columns from left to right, with few crossings (Sugiyama's method).
//!
//! | module | decides |
//! | --- | --- |
//! | `columns` | the column of each box |
//! | `layered_graph` | the columns that a line passes through |
//! | `crossings` | the order in each column |
//! | `vertical_positions` | the vertical positions of boxes and lines |
//! | `route` | the curves |
//!
//! The meaning and style of the boxes do not matter here.

mod columns;
mod crossings;
mod geometry;
mod layered_graph;
mod pipeline;
mod route;
mod vertical_positions;

pub(super) use geometry::{Arrow, Curve, Layout, Point, Rect, Size, float};
pub(super) use pipeline::lay_out;
