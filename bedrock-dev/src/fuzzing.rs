//! What the fuzz targets in `fuzz/` call of this crate. Compiled only for them.

pub use crate::triggers::{s3_routes, sqs_routes};
