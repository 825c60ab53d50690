//! Creates the functions that have an executable of their own: Rust workers and the endpoint.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use bedrock_build::{App, FunctionSettings, Language, Worker};
use bedrock_local::{Reaper, lambda_variables};
use bedrock_model::backend::{WORKER_SECRET_KEY, function_session_token, worker_access_key};
use bedrock_model::{Backend, FunctionInfo};

use crate::debug::Debuggers;
use crate::execution::{Function, LogSink, Program, RuntimeApi};

/// Creates functions from executables.
pub(crate) struct FunctionFactory<'a> {
    /// URL of the local Lambda API.
    pub(crate) api_url: &'a str,
    pub(crate) runtime_api: RuntimeApi,
    pub(crate) reaper: Arc<Reaper>,
    pub(crate) log_sink: LogSink,
    /// Environment variables by which functions find local queues and buckets.
    pub(crate) resource_variables: Vec<(String, String)>,
    /// Executables by function name.
    pub(crate) executables: HashMap<String, PathBuf>,
    /// Whether a process is killed when it uses more memory than its function has.
    pub(crate) enforce_memory: bool,
    /// Debugged workers have only one process.
    pub(crate) debuggers: &'a Debuggers,
}

impl FunctionFactory<'_> {
    /// Creates the functions of all Rust workers and of the endpoint, by name. Functions without an executable are left
    /// out.
    pub(crate) fn create_all(
        &self,
        app: &App,
        backend: &dyn Backend,
        endpoint: &FunctionInfo,
    ) -> HashMap<String, Arc<Function>> {
        let durable_arns = durable_arns(app, backend);
        let rust_workers = app.workers.iter().filter(|worker| worker.language == Language::Rust);
        let rust_functions = rust_workers.filter_map(|worker| {
            let info = backend.find(worker.name.as_str()).ok()?;
            self.create(app, info, app.root.join(&worker.dir), &worker.settings, &durable_arns)
        });
        let endpoint = self.create(app, endpoint.clone(), app.root.clone(), &app.settings.endpoint, &durable_arns);
        rust_functions.chain(endpoint).collect()
    }

    /// Creates one function, and returns it with its name. Returns `None` if it has no executable.
    fn create(
        &self,
        app: &App,
        info: FunctionInfo,
        folder: PathBuf,
        settings: &FunctionSettings,
        durable_arns: &[(String, String)],
    ) -> Option<(String, Arc<Function>)> {
        let name = info.worker.clone();
        let program = self.program(app, info, folder, settings, durable_arns)?;
        let new_function = if self.debuggers.contains_key(&name) { Function::debugged } else { Function::new };
        let function =
            new_function(program, self.runtime_api.clone(), Arc::clone(&self.reaper), Arc::clone(&self.log_sink));
        Some((name, function))
    }

    /// Returns the program of a function. Returns `None` if it has no executable.
    pub(crate) fn program(
        &self,
        app: &App,
        info: FunctionInfo,
        folder: PathBuf,
        settings: &FunctionSettings,
        durable_arns: &[(String, String)],
    ) -> Option<Program> {
        Some(Program {
            path: self.executables.get(&info.worker)?.clone(),
            folder,
            variables: self.environment_variables(app, settings, &info, durable_arns),
            function: info,
            enforce_memory: self.enforce_memory,
        })
    }

    /// Returns the environment variables of a process, in addition to those that Lambda sets for every function.
    fn environment_variables(
        &self,
        app: &App,
        settings: &FunctionSettings,
        info: &FunctionInfo,
        durable_arns: &[(String, String)],
    ) -> Vec<(String, String)> {
        let region = info.arn.split(':').nth(3).unwrap_or_default();
        let access_key = worker_access_key(&info.worker);
        let session_token = function_session_token(&info.worker);
        let aws_variables = [
            ("AWS_ENDPOINT_URL_LAMBDA", self.api_url),
            ("AWS_REGION", region),
            ("AWS_DEFAULT_REGION", region),
            ("AWS_ACCESS_KEY_ID", access_key.as_str()),
            ("AWS_SECRET_ACCESS_KEY", WORKER_SECRET_KEY),
            // Overrides a session token of the user's own AWS account.
            ("AWS_SESSION_TOKEN", session_token.as_str()),
        ];
        // The settings come later than the others, so that they override them.
        let configured =
            self.resource_variables.iter().chain(durable_arns).cloned().chain(app.local_variables(settings));
        let configured = configured.chain(settings.invoke_mode_variable());
        let mut variables = lambda_variables(&info.runtime, configured);
        variables.extend(aws_variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        variables
    }
}

/// Returns the variables by which Rust functions call durable workers: on Lambda, too, these have their ARNs with the alias,
/// and a durable function cannot be called without one.
fn durable_arns(app: &App, backend: &dyn Backend) -> Vec<(String, String)> {
    let durable = app.workers.iter().filter(|worker| worker.settings.durable.is_some());
    let arn = |worker: &Worker| Some(format!("{}:live", backend.find(worker.name.as_str()).ok()?.arn));
    durable.filter_map(|worker| Some((app.name.arn_variable(&worker.name), arn(worker)?))).collect()
}
