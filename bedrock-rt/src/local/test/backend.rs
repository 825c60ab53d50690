//! The app of a test as a [`Backend`] of Lambda's API: Python and JavaScript workers call other workers through it, and
//! so does any client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bedrock_model::{
    Accepted, AdmissionError, Backend, Caller, Execution, ExecutionError, ExecutionStart, FunctionInfo, Invocation,
    Reply,
};

use super::harness::Harness;
use super::invocations::Origin;
use crate::Error;
use bedrock_local::{function_arn, stopping_error};

/// The app, as long as the test runs.
pub(super) struct TestBackend {
    harness: Weak<Harness>,
    /// The calling workers of admitted calls that have not started yet, by request id.
    callers: Mutex<HashMap<String, String>>,
}

impl TestBackend {
    pub(super) fn new(harness: Weak<Harness>) -> Self {
        Self { harness, callers: Mutex::default() }
    }

    fn harness(&self, worker: &str) -> Result<Arc<Harness>, Error> {
        self.harness.upgrade().ok_or_else(|| stopping_error(worker))
    }

    fn take_caller(&self, invocation: &Invocation) -> Option<String> {
        self.callers().remove(&invocation.request_id)
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for TestBackend {
    fn functions(&self) -> Vec<FunctionInfo> {
        let harness = self.harness.upgrade();
        harness
            .iter()
            .flat_map(|harness| {
                harness.local.infos().into_iter().map(|info| harness.function_info(info)).collect::<Vec<_>>()
            })
            .collect()
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        let harness = self.harness(name)?;
        let info = harness.local.info(name)?;
        Ok(harness.function_info(&info))
    }

    fn arn(&self, name: &str) -> String {
        function_arn(name)
    }

    /// Admits every call and remembers its caller.
    fn admit(&self, caller: Caller<'_>, _: &FunctionInfo, invocation: &Invocation) -> Result<(), AdmissionError> {
        if let Some(worker) = caller.worker {
            self.callers().insert(invocation.request_id.clone(), worker.to_owned());
        }
        Ok(())
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply {
        let harness = self.harness(&function.worker);
        let name = function.worker.clone();
        let origin = Origin { caller: self.take_caller(&invocation), attempt: None };
        Box::pin(async move {
            let harness = harness?;
            let info = harness.local.info(&name)?;
            harness.run(info, invocation, origin).await
        })
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        let caller = self.take_caller(&invocation);
        let accepted = self.harness(&function.worker).and_then(|harness| {
            let info = harness.local.info(&function.worker)?;
            harness.accept(&info, invocation, caller);
            Ok(())
        });
        Box::pin(std::future::ready(accepted))
    }

    fn execute(&self, function: &FunctionInfo, start: ExecutionStart) -> Execution {
        let caller = self.take_caller(&start.invocation);
        let found = self.harness(&function.worker).and_then(|harness| {
            let info = harness.local.info(&function.worker)?;
            Ok((harness, info))
        });
        Box::pin(async move {
            match found {
                Ok((harness, info)) => harness.execute(info, start, caller).await,
                Err(error) => {
                    Err(ExecutionError { exception: "ServiceException", status: 500, message: error.to_string() })
                }
            }
        })
    }
}
