//! Durable executions in the dev server: the service of `bedrock-local` over a file, on the clock of `dev`, with the
//! functions of the app.

use std::sync::Arc;

use bedrock_local::durable::{DurableFunctions, DurableService, RunReason};
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

    fn code(&self, worker: &str) -> Option<String> {
        self.registry.code().current(worker)
    }

    fn notify_code_released(&self) {
        self.registry.code().notify_changed();
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation, reason: RunReason) -> Reply {
        let code = match reason {
            RunReason::Replay { code, .. } => code,
            RunReason::ChainedCall(_) => None,
        };
        let registry = Arc::clone(&self.registry);
        let recorder = self.recorder.clone();
        let function = function.clone();
        Box::pin(async move {
            let run = |invocation| registry.run_with_code(&function, code.as_deref(), invocation);
            recorder.run(&function, None, invocation, run).await
        })
    }

    fn print(&self, message: &str) {
        (self.log_sink)(LogLine { worker: "".into(), request_id: None, text: message.to_owned() });
    }
}

/// Deletes code that no execution keeps any more, and stops its processes. Logs which executions get other packages than
/// they started with. Never ends.
pub(crate) async fn delete_unused_code(service: Arc<DurableService>, registry: Arc<FunctionRegistry>) {
    loop {
        registry.code().changed().await;
        // Executions that start from now on may keep the code that is current now.
        let mut used = registry.code().all_current();
        let of_executions = service.read(|engine, _| engine.codes()).await;
        used.extend(of_executions.iter().cloned());
        let code = Arc::clone(registry.code());
        let deleted = tokio::task::spawn_blocking(move || {
            code.log_package_changes(&of_executions);
            code.retain(&used)
        });
        // Joining fails if the server is stopping.
        let deleted = deleted.await.unwrap_or_default();
        for folder in &deleted {
            registry.stop_old_code(folder);
        }
    }
}
