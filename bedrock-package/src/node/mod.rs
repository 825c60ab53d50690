//! Dependencies of JavaScript workers: installed into a layer, or bundled with the code into one file.

mod bundle;
mod foreign_locks;
mod installed;
mod layer;
mod linked_packages;
mod lists;
mod locked_packages;
mod npm;
mod workspace;

pub(crate) use bundle::{add_inputs, bundle};
pub(crate) use layer::build;
