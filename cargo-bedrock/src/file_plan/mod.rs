//! A set of changes of the user's files. A plan is made by functions that change nothing; then it is carried out
//! completely or not at all.

mod apply;
mod step;

pub(crate) use apply::apply;
pub(crate) use step::{FilePlan, FileStep};
