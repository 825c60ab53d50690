//! The files that `new` creates. Each module makes a [`crate::file_plan::FilePlan`] and changes nothing itself.

pub(crate) mod app;
mod checkout;
pub(crate) mod durable_rust;
pub(crate) mod endpoint;
mod insertion_points;
mod manifest;
pub(crate) mod removal;
pub(crate) mod worker;

pub(crate) use checkout::Checkout;
pub(crate) use manifest::{Manifest, bedrock_dependencies};
pub(crate) use worker::is_below_workspace;
