//! The Python and JavaScript workers of an app, for a program that embeds them: the dev server.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bedrock_model::{Backend, Invocation, Reply};
use tokio::runtime::Handle;

use super::app_info::AppInfo;
use super::dispatch::LocalApp;
use super::host::registry::{ApiUrl, HostConfig};
use super::linked_worker::no_linked_worker;
use super::local_backend::LocalBackend;
use super::old_code::OldCode;
use super::output::{self, LogSink};
use bedrock_model::Error;

/// Options of a program that embeds the workers of an app.
pub struct HostOptions {
    /// The URL of Lambda's API, which the workers call.
    pub api: String,
    /// Additional environment variables of the host processes.
    pub variables: Vec<(String, String)>,
    /// Receives what the workers print.
    pub printed: LogSink,
    /// Debugged workers, and the port of 127.0.0.1 on which a debugger connects to each. Such a worker has one process,
    /// which is replaced only after its calls have ended. Its timeout is still that of the app's settings.
    pub debuggers: HashMap<String, u16>,
}

/// The Python and JavaScript workers of an app, for a program that runs the Rust workers and the events in its own way
/// and serves Lambda's API itself.
pub struct HostedWorkers {
    app: Arc<LocalApp>,
    backend: LocalBackend,
}

impl HostedWorkers {
    /// Sets up the workers on the async runtime of `handle`. No process is started before a worker is called.
    pub fn start(app: AppInfo, handle: Handle, options: HostOptions) -> Self {
        let config = HostConfig {
            api: ApiUrl::known(options.api),
            access_key: None,
            output: output::start(Some(options.printed)),
            variables: options.variables,
            debuggers: options.debuggers,
            requires_current_contracts: false,
        };
        let app = LocalApp::new(app, handle, no_linked_worker, |_| config);
        Self { backend: LocalBackend(Arc::downgrade(&app)), app }
    }

    /// Returns all workers, Rust workers included, as Lambda's API shows them.
    pub fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    /// Replaces the host processes of a worker, so that it runs with its current files. Returns whether processes were
    /// replaced: a worker that was not called yet has none.
    ///
    /// The old processes serve until a new one is ready and then finish their running calls. No call is lost, and no
    /// call that arrives after the new process is ready is served by an old one. If the new process cannot load the
    /// worker, this returns its error, and so do new calls until the files load again: on Lambda, too, old code would
    /// not run any more.
    pub fn replace(&self, worker: &str) -> impl Future<Output = Result<bool, Error>> + Send + use<> {
        let app = Arc::clone(&self.app);
        let worker = worker.to_owned();
        async move { app.replace(&worker).await }
    }

    /// Runs one invocation of a worker with old code. Its processes are stopped when they have been idle for 30 s.
    pub fn run_old_code(&self, worker: &str, code: OldCode, invocation: Invocation) -> Reply {
        let app = Arc::clone(&self.app);
        let worker = worker.to_owned();
        Box::pin(async move { app.run_old_code(&worker, code, invocation).await })
    }

    /// Stops the processes of old code whose folder is deleted.
    pub fn stop_old_code(&self, folder: &Path) {
        self.app.stop_old_code(folder);
    }

    /// Returns the folder with the dependencies of a Python worker, as they were installed the last time. `None` if it has
    /// none, or was not started.
    pub fn site(&self, worker: &str) -> Option<PathBuf> {
        self.app.hosts.site(worker)
    }

    /// Keeps a folder with dependencies when newer ones are installed, because old code runs with it.
    pub fn keep_site(&self, site: PathBuf) {
        self.app.hosts.keep_site(site);
    }

    /// Installs the dependencies of all workers, which otherwise happens in the first call. Prints what cannot be
    /// installed.
    pub fn install_dependencies(&self) -> impl Future<Output = ()> + Send + use<> {
        let app = Arc::clone(&self.app);
        async move { app.install_dependencies().await }
    }

    /// Starts a process of a worker before the first call, so that a debugger can connect to it.
    pub fn warm(&self, worker: &str) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let app = Arc::clone(&self.app);
        let worker = worker.to_owned();
        async move { app.warm(&worker).await }
    }

    /// Starts a process of a worker and returns the types of the worker as JSON, as
    /// [`read_contract_reply`](super::read_contract_reply) reads them. Needs [`CONTRACT_VARIABLE`](super::CONTRACT_VARIABLE)
    /// in the variables. Ends the process.
    pub fn read_contract(&self, worker: &str) -> impl Future<Output = Result<Vec<u8>, Error>> + Send + use<> {
        let app = Arc::clone(&self.app);
        let worker = worker.to_owned();
        async move { app.read_contract(&worker).await }
    }

    /// Kills the host processes.
    pub fn end(&self) {
        self.app.hosts.kill_all();
        self.app.hosts.output.flush();
    }
}
