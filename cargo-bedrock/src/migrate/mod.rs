//! `migrate`: creates a Rust app around the unchanged workers of an app of Bedrock for Python.
//!
//! | module | contents |
//! | --- | --- |
//! | [`source_app`] | the Python app on disk: its folders and texts |
//! | [`config`], [`reference_edits`], [`workflow`] | edits of single texts |
//! | [`imports`] | imports of workers that are not supported |
//! | [`endpoints`], [`routes`] | the classes to port, and the routes that they become |
//! | [`deployment`] | the app's Terraform files compared with the template |
//! | [`mod@plan`] | the complete migration, decided from texts without writing anything |
//! | [`journal`] | what a migration changed, and undoing it |
//! | [`mod@patch`] | the plan as a patch |
//! | [`syntax`] | helpers for the syntax trees of Python |

mod config;
mod deployment;
mod endpoints;
mod imports;
mod journal;
mod patch;
mod plan;
mod reference_edits;
mod routes;
mod source_app;
mod syntax;
mod workflow;

pub(crate) use journal::{journal_steps, undo};
pub(crate) use patch::patch;
pub(crate) use plan::{Migration, Request, plan};
pub(crate) use source_app::SourceApp;
