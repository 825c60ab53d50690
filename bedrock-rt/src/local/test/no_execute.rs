//! Calls of durable workers in a test without the feature `durable-test`: an error that says how to get it.

use std::sync::{Arc, Weak};

use bedrock_model::{ExecutionError, ExecutionReply, ExecutionStart};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::events::TestEvents;
use super::executions::Executions;
use super::harness::Harness;
use crate::Error;
use bedrock_local::WorkerInfo;

pub(super) fn start(_: bool, _: &Weak<Harness>, _: &Handle, _: Arc<TestEvents>) -> Executions {
    Executions
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
