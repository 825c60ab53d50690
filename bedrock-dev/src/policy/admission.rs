//! The checks before a call is admitted and before a function runs.

use bedrock_build::App;
use bedrock_model::recursive_loop::{RECURSION_MESSAGE, RecursiveLoopDetector};
use bedrock_model::{AdmissionError, Caller, FunctionInfo, Invocation};
use serde_json::Value;

use super::call_permissions::{CallGraph, CallPermissions};
use super::reserved_concurrency::ReservedConcurrency;
use crate::execution::LogSink;

/// The limits of an app.
pub(crate) struct AdmissionPolicy {
    pub(crate) reserved_concurrency: ReservedConcurrency,
    call_permissions: CallPermissions,
    recursive_loops: RecursiveLoopDetector,
}

impl AdmissionPolicy {
    /// Reads the limits from the app's settings. Calls without permission are logged to `log_sink`, and in strict mode
    /// also rejected.
    pub(crate) fn new(app: &App, call_graph: Option<CallGraph>, strict: bool, log_sink: LogSink) -> Self {
        Self {
            reserved_concurrency: ReservedConcurrency::new(app),
            call_permissions: CallPermissions::new(app, call_graph, strict, log_sink),
            recursive_loops: RecursiveLoopDetector::from_app(app),
        }
    }

    /// Replaces the call graph.
    pub(crate) fn set_call_graph(&self, call_graph: CallGraph) {
        self.call_permissions.set_call_graph(call_graph);
    }

    /// Checks whether a call is admitted.
    pub(crate) fn admit(
        &self,
        caller: Caller<'_>,
        function: &FunctionInfo,
        invocation: &Invocation,
    ) -> Result<(), AdmissionError> {
        if let Some(worker) = caller.worker {
            self.call_permissions.check(worker, function).map_err(AdmissionError::Access)?;
        }
        // As on Lambda, events of a recursive loop are accepted, and dropped when they are about to run.
        let is_recursive_loop = caller.waits && self.recursive_loops.exceeds_limit(function, &invocation.trace);
        if is_recursive_loop { Err(AdmissionError::Recursion(RECURSION_MESSAGE.to_owned())) } else { Ok(()) }
    }

    /// Returns the error with which an event is dropped if its chain of calls is a recursive loop.
    pub(crate) fn recursive_loop_error(&self, function: &FunctionInfo, trace: &str) -> Option<Value> {
        self.recursive_loops.loop_error(function, trace)
    }

    /// Counts one run of `function` in the trace header of the invocation.
    pub(crate) fn increment_hop_count(&self, function: &FunctionInfo, invocation: &mut Invocation) {
        invocation.trace = self.count_hop(function, std::mem::take(&mut invocation.trace));
    }

    /// Returns the trace header with one more run of `function` counted.
    pub(crate) fn count_hop(&self, function: &FunctionInfo, trace: String) -> String {
        self.recursive_loops.count_run(function, trace)
    }
}
