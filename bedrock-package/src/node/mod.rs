//! Dependencies of JavaScript workers: installed into a layer, or bundled with the code into one file.

mod bundle;
mod layer;
mod npm;

pub(crate) use bundle::{add_inputs, bundle};
pub(crate) use layer::build;
