//! The executions of a test without the feature `durable-test`: there are none.

use std::time::SystemTime;

use axum::Router;
use tokio::runtime::Handle;

use super::invocations::Invocations;

/// No executions.
pub(super) struct Executions;

impl Executions {
    pub(super) fn routes(&self) -> Router {
        Router::new()
    }

    pub(super) async fn wait_for_due(&self, _: &Handle) -> bool {
        true
    }

    pub(super) fn next_due(&self) -> Option<SystemTime> {
        None
    }

    pub(super) fn update(&self, _: &Invocations) {}

    pub(super) fn active(&self) -> Vec<String> {
        Vec::new()
    }
}
