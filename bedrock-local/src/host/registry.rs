//! What the host processes of all workers share: interpreters, output, the URL of Lambda's API, and their process
//! groups.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bedrock_build::Language;
use bedrock_model::backend::worker_access_key;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use crate::app_info::AppInfo;
use crate::interpreter::InterpreterFinder;
use crate::output::Output;
use crate::reaper::{Group, Reaper};
use crate::worker_info::WorkerInfo;

/// Configuration of the host processes.
pub struct HostConfig {
    /// The URL of Lambda's API, which the workers call.
    pub api: ApiUrl,
    /// The access key that all workers share. `None`: each worker has its own, by which the API recognizes it.
    pub access_key: Option<Arc<str>>,
    /// Receives what the workers print.
    pub output: Output,
    /// Additional environment variables of the processes.
    pub variables: Vec<(String, String)>,
    /// The ports on which debuggers connect to workers.
    pub debuggers: HashMap<String, u16>,
    /// Whether a worker whose types are not those of its `contract.json` fails to start. Otherwise this is a warning.
    pub requires_current_contracts: bool,
}

type OpenApi = dyn Fn() -> Pin<Box<dyn Future<Output = io::Result<String>> + Send>> + Send + Sync;

/// The URL of Lambda's API. The API is opened when its URL is needed for the first time.
pub struct ApiUrl {
    url: OnceCell<String>,
    open: Option<Box<OpenApi>>,
}

impl ApiUrl {
    /// Returns the URL of an API that is already open.
    pub fn known(url: String) -> Self {
        Self { url: OnceCell::new_with(Some(url)), open: None }
    }

    /// Returns the URL of an API that `open` opens.
    pub fn opened_by<F>(open: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<String>> + Send + 'static,
    {
        Self { url: OnceCell::new(), open: Some(Box::new(move || Box::pin(open()))) }
    }

    async fn get(&self) -> io::Result<&str> {
        let open = async || match &self.open {
            Some(open) => open().await,
            None => Err(io::Error::other("the API is not open")),
        };
        self.url.get_or_try_init(open).await.map(String::as_str)
    }
}

impl fmt::Debug for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiUrl").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What the host processes of all workers share.
#[derive(Debug)]
pub struct HostRegistry {
    pub(crate) app: AppInfo,
    /// What the workers print goes here.
    pub output: Output,
    pub(crate) handle: Handle,
    pub(crate) variables: Vec<(String, String)>,
    python: InterpreterFinder,
    node: InterpreterFinder,
    debuggers: HashMap<String, u16>,
    pub(super) requires_current_contracts: bool,
    reaper: Reaper,
    /// Process groups of the running host processes. `None` after the program has started to exit, so that no new process
    /// is started.
    groups: Mutex<Option<Vec<Group>>>,
    access_key: Option<Arc<str>>,
    api: ApiUrl,
    /// Names of the workers that have been started.
    started: Mutex<HashSet<String>>,
    sites: Mutex<Sites>,
}

/// Folders with dependencies of Python workers.
#[derive(Debug, Default)]
struct Sites {
    /// Where they were installed the last time, by worker.
    installed: HashMap<String, PathBuf>,
    /// Those with which old code runs.
    kept: HashSet<PathBuf>,
}

impl HostRegistry {
    pub(crate) fn new(app: &AppInfo, handle: Handle, config: HostConfig) -> Self {
        Self {
            app: app.clone(),
            output: config.output,
            handle,
            variables: config.variables,
            python: InterpreterFinder::new(Language::Python),
            node: InterpreterFinder::new(Language::JavaScript),
            debuggers: config.debuggers,
            requires_current_contracts: config.requires_current_contracts,
            reaper: Reaper::default(),
            groups: Mutex::new(Some(Vec::new())),
            access_key: config.access_key,
            api: config.api,
            started: Mutex::default(),
            sites: Mutex::default(),
        }
    }

    /// Returns whether a worker is started for the first time.
    pub(super) fn is_first_start(&self, worker: &str) -> bool {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).insert(worker.to_owned())
    }

    /// Returns the port on which a debugger connects to a worker. `None` if the worker is not debugged, or runs with old
    /// code.
    pub(super) fn debugger_port(&self, worker: &WorkerInfo) -> Option<u16> {
        self.debuggers.get(&worker.entry.name).copied().filter(|_| worker.old_code.is_none())
    }

    /// Returns the folder with the dependencies of a Python worker, as they were installed the last time. `None` if it has
    /// none, or was not started.
    pub(crate) fn site(&self, worker: &str) -> Option<PathBuf> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).installed.get(worker).cloned()
    }

    /// Remembers where the dependencies of a Python worker are installed.
    pub(super) fn set_site(&self, worker: &str, site: &Path) {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.installed.insert(worker.to_owned(), site.to_owned());
    }

    /// Keeps a folder with dependencies when newer ones are installed, because old code runs with it.
    pub(crate) fn keep_site(&self, site: PathBuf) {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).kept.insert(site);
    }

    /// Returns whether old code runs with this folder.
    pub(crate) fn is_site_kept(&self, site: &Path) -> bool {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).kept.contains(site)
    }

    /// Returns the access key with which a worker signs its calls of Lambda's API.
    pub fn access_key(&self, worker: &str) -> String {
        self.access_key.as_ref().map_or_else(|| worker_access_key(worker), |key| key.as_ref().to_owned())
    }

    /// Returns the URL of Lambda's API, which is opened if it is not open yet.
    pub async fn api_url(&self) -> io::Result<&str> {
        self.api.get().await
    }

    /// Returns the finder of the interpreter of Python or JavaScript workers.
    pub(crate) fn interpreter_finder(&self, language: Language) -> &InterpreterFinder {
        if language == Language::Python { &self.python } else { &self.node }
    }

    /// Finds the interpreters that the app needs, before the first call needs them.
    pub fn find_interpreters_in_background(self: &Arc<Self>) {
        for language in [Language::Python, Language::JavaScript] {
            if self.app.catalog.entries.iter().any(|entry| entry.language == language) {
                let hosts = Arc::clone(self);
                self.handle.spawn(async move {
                    // Calls of workers report the error.
                    let _ = hosts.interpreter_finder(language).get(&hosts.app.scratch).await;
                });
            }
        }
    }

    /// Registers the process group of a started host. Returns `false` and kills it if the program is ending.
    pub fn register(&self, group: Group) -> bool {
        self.reaper.watch(group);
        let is_registered = self.groups.lock().is_ok_and(|mut groups| {
            groups.as_mut().is_some_and(|groups| {
                groups.push(group);
                true
            })
        });
        if !is_registered {
            self.reaper.end(group);
        }
        is_registered
    }

    /// Kills a host process and the processes that it started.
    pub fn kill(&self, group: Group) {
        let is_registered = self.groups.lock().is_ok_and(|mut groups| {
            let before = groups.as_ref().map_or(0, Vec::len);
            groups.as_mut().is_some_and(|groups| {
                groups.retain(|other| *other != group);
                groups.len() < before
            })
        });
        // Killing a group twice could hit an unrelated process that got the same id in the meantime.
        if is_registered {
            self.reaper.end(group);
        }
    }

    /// Kills all host processes, at the end of the program.
    pub fn kill_all(&self) {
        let groups = self.groups.lock().ok().and_then(|mut groups| groups.take()).unwrap_or_default();
        for group in groups {
            self.reaper.end(group);
        }
        self.reaper.finish();
    }
}
