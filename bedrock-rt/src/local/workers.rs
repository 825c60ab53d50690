//! This program's workers as Lambda's API sees them, and the port on which it does; or those of another program's app.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Weak};

use tokio::net::TcpListener;
use tokio::runtime::Handle;

use super::app::AppInfo;
use super::dispatch::{Info, Local, stopping};
use super::host::Company;
use super::invocation::Invocation;
use super::lambda_files::lambda_handler;
use super::output::Printed;
use super::service::{Accepted, Access, Backend, FunctionInfo, Reply, serve_on};
use crate::Error;

/// In the app's environment: the port of 127.0.0.1 on which Lambda's API is wanted for programs outside of the app.
const PORT: &str = "BEDROCK_LAMBDA_PORT";

/// Whether the user wants to have the API from the start.
pub(super) fn is_asked_for() -> bool {
    std::env::var_os(PORT).is_some()
}

/// Starts the API on the port that was asked for, or a free one, and gives its URL.
pub(super) async fn serve(local: Weak<Local>, token: Arc<str>) -> std::io::Result<String> {
    let (port, access) = match std::env::var(PORT) {
        Ok(text) => (number(&text)?, Access::Signed),
        Err(_) => (0, Access::Key(token)),
    };
    open(port, Arc::new(Workers(local)), access).await
}

/// Starts the API for a back end.
pub(super) async fn open(port: u16, backend: Arc<dyn Backend>, access: Access) -> std::io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve_on(listener, backend, access));
    Ok(url)
}

fn number(text: &str) -> std::io::Result<u16> {
    text.parse()
        .map_err(|_| std::io::Error::other(format!("`{PORT}` must be a number from 0 to 65535, found `{text}`")))
}

/// What a program that runs an app does for its Python and JavaScript workers.
pub struct Beside {
    /// The URL of Lambda's API, which they get to know.
    pub api: String,
    /// What else their processes get to know in their environment.
    pub variables: Vec<(String, String)>,
    /// Takes what they print.
    pub printed: Printed,
    /// Workers that a debugger looks into, and the port of 127.0.0.1 on which it finds each. Such a worker has one process,
    /// which is replaced only when its calls are over. Its timeout is what the app's settings say.
    pub debuggers: HashMap<String, u16>,
}

/// The Python and JavaScript workers of an app, for a program that runs its Rust workers and its events in another way,
/// and serves Lambda's API itself.
pub struct Hosted {
    local: Arc<Local>,
    workers: Workers,
}

impl Hosted {
    /// On the runtime of `handle`. Nothing is started before it is called.
    pub fn start(app: AppInfo, handle: Handle, beside: Beside) -> Self {
        let local = Local::start_beside(app, handle, Company::Beside(beside));
        Self { workers: Workers(Arc::downgrade(&local)), local }
    }

    /// As Lambda's API sees them, the Rust workers too.
    pub fn backend(&self) -> &dyn Backend {
        &self.workers
    }

    /// Has a worker run with its files as they are now, and says whether processes had to be replaced for it: those of a
    /// worker that nobody has called are started when somebody does.
    ///
    /// The old processes serve until a new one is ready, then they finish the calls that they have. No call is lost, and
    /// none that comes after the new one is served by an old one. If the new one cannot load the worker, its error comes
    /// back, and new calls get the same until the files load again: on Lambda, too, they would not run with old code.
    pub fn replace(&self, worker: &str) -> impl Future<Output = Result<bool, Error>> + Send + use<> {
        let (local, worker) = (Arc::clone(&self.local), worker.to_owned());
        async move { local.replace(&worker).await }
    }

    /// Starts the process of a worker before anybody calls it, so that a debugger finds it.
    pub fn warm(&self, worker: &str) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (local, worker) = (Arc::clone(&self.local), worker.to_owned());
        async move { local.warm(&worker).await }
    }

    /// Ends their processes.
    pub fn end(&self) {
        self.local.hosts.end();
        self.local.hosts.output.flush();
    }
}

/// The workers, as long as the program runs.
pub(super) struct Workers(pub(super) Weak<Local>);

impl Workers {
    fn local(&self, worker: &str) -> Result<Arc<Local>, Error> {
        self.0.upgrade().ok_or_else(|| stopping(worker))
    }
}

impl Backend for Workers {
    fn functions(&self) -> Vec<FunctionInfo> {
        let local = self.0.upgrade();
        local.iter().flat_map(|local| local.infos()).map(|info| described(info)).collect()
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        Ok(described(&*self.local(name)?.info(name)?))
    }

    fn arn(&self, name: &str) -> String {
        super::dispatch::arn(name)
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply {
        let (local, name) = (self.local(&function.worker), function.worker.clone());
        Box::pin(async move { local?.answer_named(&name, invocation).await })
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        let (local, name) = (self.local(&function.worker), function.worker.clone());
        Box::pin(async move {
            let local = local?;
            let info = local.info(&name)?;
            local.events.accept(&local, info, invocation);
            Ok(())
        })
    }
}

pub(super) fn described(info: &Info) -> FunctionInfo {
    let (entry, function) = (&info.entry, &info.function);
    FunctionInfo {
        worker: entry.name.clone(),
        name: function.name.clone(),
        arn: function.arn.clone(),
        language: entry.language,
        runtime: entry.runtime.clone(),
        handler: lambda_handler(entry.language).to_owned(),
        timeout: entry.timeout,
        memory: entry.memory,
        log_group: function.log_group.clone(),
    }
}
