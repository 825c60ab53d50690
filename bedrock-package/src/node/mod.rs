//! Dependencies of JavaScript workers: installed into a layer, or bundled with the code into one file.

mod bundle;
mod install_commands;
mod installed;
mod layer;
mod linked_packages;
mod links;
mod lists;
mod locked_archives;
mod locked_packages;
mod package_manager;
mod pnpm_members;
mod project;
mod workspace;

pub(crate) use bundle::{add_inputs, bundle};
pub(crate) use layer::build;
