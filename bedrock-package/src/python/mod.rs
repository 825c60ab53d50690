//! The layer of a Python worker.

mod bytecode;
mod distributions;
mod file_url;
mod installer;
mod layer;
mod local_packages;
mod locked_archives;
mod option_line;
mod project;
mod rejection;
mod requirement_line;
mod requirements;

pub(crate) use layer::build;
