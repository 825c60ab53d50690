//! Where the boxes and lines of a picture go: in columns from left to right, with few crossings (the method of Sugiyama).
//!
//! | module | decides |
//! | --- | --- |
//! | `columns` | in which column each box stands |
//! | `net` | where lines pass the columns between |
//! | `crossings` | the order within each column |
//! | `rows` | how high everything stands |
//! | `route` | the curves |
//!
//! What the boxes mean and how they look is left to others.

mod columns;
mod crossings;
mod geometry;
mod net;
mod route;
mod rows;
mod whole;

pub(super) use geometry::{Arrow, Curve, Layout, Point, Rect, Size, float};
pub(super) use whole::lay_out;
