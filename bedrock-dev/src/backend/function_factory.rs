//! The functions that are programs of their own: which file each runs, and the variables that it is started with.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use bedrock::local::Reaper;
use bedrock::local::service::{Backend, FunctionInfo, worker_key};
use bedrock_build::{App, FunctionSettings, Language};

use crate::ENDPOINT;
use crate::debug::Debuggers;
use crate::error::StartError;
use crate::execution::{Function, LogSink, Program, RuntimeApi};
use crate::reload::ExecutableCache;

/// The copies that run, so that the programs can be built anew beside them.
pub(crate) fn copied(
    copies: &ExecutableCache,
    app: &App,
    programs: &HashMap<String, PathBuf>,
) -> Result<HashMap<String, PathBuf>, StartError> {
    let rust = app.workers.iter().filter(|worker| worker.language == Language::Rust);
    let rust = rust.map(|worker| worker.name.to_string());
    let own = programs.contains_key(ENDPOINT).then(|| ENDPOINT.to_owned());
    let paths = rust.chain(own).map(|name| {
        let path = match programs.get(&name) {
            Some(path) if path.exists() => {
                let copy = copies.copy(&name, path).map_err(|error| StartError::Program(path.clone(), error))?.path;
                copies.serves(&name, &copy);
                copy
            }
            // It comes when the worker compiles.
            _ => copies.place(&name),
        };
        Ok((name, path))
    });
    paths.collect()
}

/// Makes functions of programs.
pub(crate) struct FunctionFactory<'a> {
    /// Of Lambda's API.
    pub(crate) url: &'a str,
    pub(crate) api: RuntimeApi,
    pub(crate) reaper: Arc<Reaper>,
    pub(crate) sink: LogSink,
    /// By which functions find queues and buckets.
    pub(crate) variables: Vec<(String, String)>,
    /// Of the programs, by the functions' names.
    pub(crate) paths: HashMap<String, PathBuf>,
    /// Whether a process is ended that has more memory than its function's setting says.
    pub(crate) is_capped: bool,
    /// Those with one process.
    pub(crate) debuggers: &'a Debuggers,
}

impl FunctionFactory<'_> {
    /// Those of the Rust workers and of the endpoint, by name.
    pub(crate) fn all(
        &self,
        app: &App,
        backend: &dyn Backend,
        endpoint: &FunctionInfo,
    ) -> HashMap<String, Arc<Function>> {
        let rust = app.workers.iter().filter(|worker| worker.language == Language::Rust);
        let rust = rust.filter_map(|worker| {
            let info = backend.find(worker.name.as_str()).ok()?;
            self.function(info, app.root.join(&worker.dir), &worker.settings)
        });
        rust.chain(self.function(endpoint.clone(), app.root.clone(), &app.settings.endpoint)).collect()
    }

    /// The function and its name; nothing if there is no program for it.
    fn function(
        &self,
        function: FunctionInfo,
        folder: PathBuf,
        settings: &FunctionSettings,
    ) -> Option<(String, Arc<Function>)> {
        let (name, path) = (function.worker.clone(), self.paths.get(&function.worker)?.clone());
        let program = Program {
            path,
            folder,
            variables: self.variables(settings, &function),
            function,
            is_capped: self.is_capped,
        };
        let (api, reaper, sink) = (self.api.clone(), Arc::clone(&self.reaper), Arc::clone(&self.sink));
        let make = if self.debuggers.contains_key(&name) { Function::debugged } else { Function::new };
        Some((name, make(program, api, reaper, sink)))
    }

    /// Of a process, besides those that Lambda sets for every function.
    fn variables(&self, settings: &FunctionSettings, function: &FunctionInfo) -> Vec<(String, String)> {
        let region = function.arn.split(':').nth(3).unwrap_or_default();
        let key = worker_key(&function.worker);
        let ours = [
            ("AWS_ENDPOINT_URL_LAMBDA", self.url),
            ("AWS_REGION", region),
            ("AWS_DEFAULT_REGION", region),
            ("AWS_ACCESS_KEY_ID", key.as_str()),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            // Not that of the user's own account.
            ("AWS_SESSION_TOKEN", "local"),
        ];
        // What the settings say of an endpoint goes before what is here.
        let own = self.variables.iter().cloned().chain(settings.environment.clone());
        own.chain(ours.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
    }
}
