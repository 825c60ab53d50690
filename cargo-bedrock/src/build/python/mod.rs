//! The layer of a Python worker.

mod installer;
mod layer;
mod requirements;

pub(crate) use layer::build;
