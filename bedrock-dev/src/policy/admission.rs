//! The limits of an app, and what is asked of them before a call is let in and when a function is run.

use bedrock::local::Invocation;
use bedrock::local::queue::{Lineage, STOPPED};
use bedrock::local::service::{Caller, Denied, FunctionInfo};
use bedrock_build::App;
use serde_json::Value;

use super::ReservedConcurrency;
use super::call_permissions::{CallGraph, CallPermissions};
use crate::execution::LogSink;

/// What is refused in an app.
pub(crate) struct AdmissionPolicy {
    pub(crate) concurrency: ReservedConcurrency,
    callers: CallPermissions,
    lineage: Lineage,
}

impl AdmissionPolicy {
    /// Which calls are not allowed is told to `sink`; they are refused if it is `strict`.
    pub(crate) fn of(app: &App, edges: Option<CallGraph>, strict: bool, sink: LogSink) -> Self {
        let callers = CallPermissions::of(app, edges, strict, sink);
        Self { concurrency: ReservedConcurrency::of(app), callers, lineage: Lineage::of(app) }
    }

    /// The call graph is this one from now on.
    pub(crate) fn know(&self, edges: CallGraph) {
        self.callers.know(edges);
    }

    /// Whether a call is let in.
    pub(crate) fn admit(
        &self,
        caller: Caller<'_>,
        function: &FunctionInfo,
        invocation: &Invocation,
    ) -> Result<(), Denied> {
        if let Some(worker) = caller.worker {
            self.callers.check(worker, function).map_err(Denied::Access)?;
        }
        // Events are accepted whatever their chain, and dropped where it is looked at.
        let is_circle = caller.waits && self.lineage.is_circle(function, &invocation.trace);
        if is_circle { Err(Denied::Recursion(STOPPED.to_owned())) } else { Ok(()) }
    }

    /// The error of an event that is dropped because its chain is a circle.
    pub(crate) fn dropped(&self, function: &FunctionInfo, trace: &str) -> Option<Value> {
        self.lineage.dropped(function, trace)
    }

    /// Counts a run in the trace that the function gets.
    pub(crate) fn count(&self, function: &FunctionInfo, invocation: &mut Invocation) {
        invocation.trace = self.counted(function, std::mem::take(&mut invocation.trace));
    }

    /// A trace in which one more run of a function is counted.
    pub(crate) fn counted(&self, function: &FunctionInfo, trace: String) -> String {
        self.lineage.counted(function, trace)
    }
}
