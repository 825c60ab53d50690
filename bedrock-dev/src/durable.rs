//! Durable executions in the dev server: the service of `bedrock-local` over a file, on the clock of `dev`, with the
//! functions of the app.

use std::sync::Arc;

use bedrock_local::durable::{DurableFunctions, RunReason};
use bedrock_model::{AdmissionError, Caller, Error, FunctionInfo, Invocation, Reply};
use bytes::Bytes;

use crate::backend::FunctionRegistry;
use crate::event_log::Recorder;
use crate::execution::{LogLine, LogSink};

/// The functions of the app, whose invocations for executions are recorded.
pub(crate) struct RecordedFunctions {
    pub(crate) registry: Arc<FunctionRegistry>,
    pub(crate) recorder: Recorder,
    pub(crate) log_sink: LogSink,
}

impl DurableFunctions for RecordedFunctions {
    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        self.registry.find(name)
    }

    fn check_permission(&self, caller: &str, function: &FunctionInfo) -> Result<(), String> {
        let caller = Caller { worker: Some(caller), waits: false };
        let admitted = self.registry.policy().admit(caller, function, &Invocation::new(Bytes::new(), None));
        admitted.map_err(|error| match error {
            AdmissionError::Access(message) | AdmissionError::Recursion(message) => message,
        })
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation, _: RunReason) -> Reply {
        let registry = Arc::clone(&self.registry);
        let recorder = self.recorder.clone();
        let function = function.clone();
        Box::pin(async move {
            recorder.run(&function, None, invocation, |invocation| registry.run(&function, invocation)).await
        })
    }

    fn print(&self, message: &str) {
        (self.log_sink)(LogLine { worker: "".into(), request_id: None, text: message.to_owned() });
    }
}
