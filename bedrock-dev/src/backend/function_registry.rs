//! The functions of an app: finds them by name and runs them. Rust workers and the endpoint run as execution
//! environments, Python and JavaScript workers in their host processes.

use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bedrock_build::App;
use bedrock_local::{HostedWorkers, OLD_CODE_IDLE_TIMEOUT, OldCodeWorkers};
use bedrock_model::{Error, FunctionInfo, Invocation, Reply};
use bytes::Bytes;

use super::active_workers::ActiveWorkers;
use super::endpoint;
use super::function_factory::FunctionFactory;
use crate::async_queue::EventInvokeConfig;
use crate::code_store::{CodeStore, StoredCode};
use crate::execution::{BusyPoller, Function};
use crate::policy::AdmissionPolicy;

/// All functions of an app.
pub(crate) struct FunctionRegistry {
    hosted_workers: HostedWorkers,
    /// The endpoint, if it has an executable.
    endpoint: Option<FunctionInfo>,
    /// Rust workers and the endpoint, by name.
    process_functions: HashMap<String, Arc<Function>>,
    /// Retry settings by worker.
    retry_rules: HashMap<String, EventInvokeConfig>,
    policy: Arc<AdmissionPolicy>,
    active_workers: ActiveWorkers,
    busy_poller: BusyPoller,
    /// The code that executions of durable workers keep.
    code: Arc<CodeStore>,
    /// Rust workers that run with old code, by their programs.
    old_programs: Arc<OldCodeWorkers<Arc<Function>>>,
}

impl FunctionRegistry {
    pub(crate) fn new(
        app: &App,
        hosted_workers: HostedWorkers,
        factory: &FunctionFactory<'_>,
        policy: Arc<AdmissionPolicy>,
        busy_poller: BusyPoller,
        code: Arc<CodeStore>,
    ) -> Self {
        let endpoint = endpoint::function_info(app, hosted_workers.backend());
        let process_functions = factory.create_all(app, hosted_workers.backend(), &endpoint);
        let rules_of_workers = app
            .workers
            .iter()
            .map(|worker| (worker.name.to_string(), EventInvokeConfig::from_settings(&worker.settings)));
        Self {
            endpoint: process_functions.contains_key(&endpoint.worker).then_some(endpoint),
            hosted_workers,
            process_functions,
            retry_rules: rules_of_workers.collect(),
            policy,
            active_workers: ActiveWorkers::default(),
            busy_poller,
            code,
            old_programs: Arc::default(),
        }
    }

    /// Returns all functions, sorted by name.
    pub(crate) fn list(&self) -> Vec<FunctionInfo> {
        let mut functions = self.hosted_workers.backend().functions();
        functions.extend(self.endpoint.clone());
        functions.sort_by(|one, other| one.name.cmp(&other.name));
        functions
    }

    /// Finds a function by its own name, its worker's name or its ARN.
    pub(crate) fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        if let Some(endpoint) = self.endpoint.as_ref().filter(|info| endpoint::is_endpoint_name(name, info)) {
            return Ok(endpoint.clone());
        }
        self.hosted_workers.backend().find(name)
    }

    /// Returns the ARN that a function of this name has, or would have.
    pub(crate) fn arn(&self, name: &str) -> String {
        self.hosted_workers.backend().arn(name)
    }

    /// Runs an invocation within the limits of its function.
    pub(crate) fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply {
        self.run_with_code(function, None, invocation)
    }

    /// Runs an invocation with the code that an execution keeps. With the current code if that is `None`, or is not stored
    /// any more.
    pub(crate) fn run_with_code(
        &self,
        function: &FunctionInfo,
        code: Option<&str>,
        mut invocation: Invocation,
    ) -> Reply {
        self.policy.increment_hop_count(function, &mut invocation);
        let deadline = invocation.caller_deadline;
        let worker = function.worker.clone();
        let policy = Arc::clone(&self.policy);
        let old = code.and_then(|code| self.code.old(&worker, code));
        let reply: Reply = match (old, self.process_functions.get(&worker).cloned()) {
            (Some(StoredCode::Folder(code)), _) => self.hosted_workers.run_old_code(&worker, code, invocation),
            (Some(StoredCode::Program(program)), Some(function)) => {
                run_old_program(Arc::clone(&self.old_programs), function, program, invocation)
            }
            (_, Some(function)) => Box::pin(async move { function.invoke(invocation).await }),
            (_, None) => self.hosted_workers.backend().run(function, invocation),
        };
        let active = self.active_workers.start(&worker);
        let in_flight = self.busy_poller.call_started();
        let reply = async move {
            let result = reply.await;
            drop((active, in_flight));
            result
        };
        Box::pin(async move { with_deadline(deadline, &worker, policy.reserved_concurrency.run(&worker, reply)).await })
    }

    /// Returns the retry settings of a worker, or Lambda's defaults if it has none.
    pub(crate) fn retry_rules(&self, worker: &str) -> EventInvokeConfig {
        self.retry_rules.get(worker).cloned().unwrap_or_default()
    }

    /// Returns the function of a Rust worker or of the endpoint. `None` if `name` is not one of them.
    pub(crate) fn process_function(&self, name: &str) -> Option<&Arc<Function>> {
        self.process_functions.get(name)
    }

    /// The Python and JavaScript workers.
    pub(crate) fn hosted_workers(&self) -> &HostedWorkers {
        &self.hosted_workers
    }

    /// The code that executions of durable workers keep.
    pub(crate) fn code(&self) -> &Arc<CodeStore> {
        &self.code
    }

    /// Stops the processes of old code that was deleted: of a worker's folder, or of a program.
    pub(crate) fn stop_old_code(&self, path: &Path) {
        self.hosted_workers.stop_old_code(path);
        if let Some(function) = self.old_programs.take(path) {
            function.retire();
        }
    }

    pub(crate) fn policy(&self) -> &Arc<AdmissionPolicy> {
        &self.policy
    }

    pub(crate) fn active_workers(&self) -> &ActiveWorkers {
        &self.active_workers
    }
}

/// Runs one invocation of a Rust worker with an old program, whose processes are stopped when they are idle.
fn run_old_program(
    programs: Arc<OldCodeWorkers<Arc<Function>>>,
    function: Arc<Function>,
    program: PathBuf,
    invocation: Invocation,
) -> Reply {
    Box::pin(async move {
        let old = programs.begin(&program, || function.with_program(program.clone()));
        let result = old.invoke(invocation).await;
        programs.end(&program);
        tokio::spawn(async move {
            tokio::time::sleep(OLD_CODE_IDLE_TIMEOUT).await;
            if let Some(function) = programs.take_idle(&program, OLD_CODE_IDLE_TIMEOUT) {
                function.retire();
            }
        });
        result
    })
}

/// Waits for a response, but not past the caller's own deadline, which also covers the time to start a process.
async fn with_deadline(
    deadline: Option<SystemTime>,
    worker: &str,
    response: impl Future<Output = Result<Bytes, Error>>,
) -> Result<Bytes, Error> {
    let Some(deadline) = deadline else { return response.await };
    let remaining = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let timeout_error = |_| Err(Error::Timeout { worker: worker.to_owned(), after: remaining });
    tokio::time::timeout(remaining, response).await.unwrap_or_else(timeout_error)
}
