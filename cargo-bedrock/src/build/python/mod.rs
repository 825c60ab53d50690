//! The layer of a Python worker.

mod bytecode;
mod installer;
mod layer;
mod requirements;

pub(crate) use layer::build;
