//! Durable workers in a test without the feature `durable-test`: an error that says how to get it.

use std::sync::{Arc, Weak};
use std::time::SystemTime;

use axum::Router;
use bedrock_model::{ExecutionError, ExecutionReply, ExecutionStart};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::events::TestEvents;
use super::harness::Harness;
use super::invocations::Invocations;
use crate::Error;
use bedrock_local::WorkerInfo;

/// No executions.
pub(super) struct Executions;

impl Executions {
    pub(super) fn start(_: bool, _: Weak<Harness>, _: &Handle, _: Arc<TestEvents>) -> Self {
        Self
    }

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

impl Harness {
    pub(super) async fn execute(
        self: &Arc<Self>,
        info: Arc<WorkerInfo>,
        _: ExecutionStart,
        _: Option<String>,
    ) -> Result<ExecutionReply, ExecutionError> {
        Err(ExecutionError {
            exception: "InvalidParameterValueException",
            status: 400,
            message: format!(
                "worker `{}` is durable, and tests of durable workers need the cargo feature `durable-test`\n\
                 help: add it with `cargo add --dev bedrock-rt --rename bedrock --features durable-test`",
                info.entry.name
            ),
        })
    }

    pub(super) async fn execute_until_it_waits(
        self: &Arc<Self>,
        info: Arc<WorkerInfo>,
        start: ExecutionStart,
    ) -> Result<Bytes, Error> {
        let worker = info.entry.name.clone();
        let reply = self.execute(info, start, None).await.map_err(|error| error.into_call_error(&worker))?;
        reply.outcome.unwrap_or_else(|| Ok(Bytes::new()))
    }
}
