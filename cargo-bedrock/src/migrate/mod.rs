//! What `migrate` does to an app of the Python original: its Rust half is made around the workers as they are.
//!
//! | module | holds |
//! | --- | --- |
//! | [`original`] | the Python app on the disk: where things are in it, and their texts |
//! | [`config`], [`uses`], [`workflow`] | the edits of single texts |
//! | [`imports`] | what workers use that is not here |
//! | [`endpoints`], [`routes`] | the classes to be ported, and the routes that they become |
//! | [`deployment`] | its `terraform/` beside the template |
//! | [`mod@plan`] | all of it together: decided from texts, nothing is written |
//! | [`record`] | what was changed, and taking it back |
//! | [`mod@patch`] | the plan as a difference |
//! | [`syntax`] | the little that is asked of Python's syntax trees |

mod config;
mod deployment;
mod endpoints;
mod imports;
mod original;
mod patch;
mod plan;
mod record;
mod routes;
mod syntax;
mod uses;
mod workflow;

pub(crate) use original::Original;
pub(crate) use patch::patch;
pub(crate) use plan::{Migration, Request, plan};
pub(crate) use record::undo;
