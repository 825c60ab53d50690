//! The layer of a Python worker.

mod bytecode;
mod distributions;
mod file_url;
#[cfg(fuzzing)]
mod fuzzing;
mod installer;
mod layer;
mod local_packages;
mod locked_archives;
mod option_line;
mod project;
mod rejection;
mod requirement_line;
mod requirements;

#[cfg(fuzzing)]
pub(crate) use fuzzing::read_requirements;
pub(crate) use layer::build;
