//! What `new` makes. A plan is drawn up first, by functions that change nothing; then all of it is written or nothing.

pub(crate) mod app;
mod apply;
mod checkout;
pub(crate) mod endpoint;
mod manifest;
mod marks;
mod plan;
pub(crate) mod worker;

pub(crate) use apply::apply;
pub(crate) use checkout::Checkout;
pub(crate) use manifest::uses;
pub(crate) use plan::{Plan, Step};
