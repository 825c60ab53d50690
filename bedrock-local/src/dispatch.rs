//! From a call to the worker that it names: name resolution, size limits, deadlines.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock, Weak};

use bedrock_build::{FunctionName, Language, WorkerEntry, WorkerIndex};
use bedrock_model::function_error::response_too_large;
use bedrock_model::{AsyncEvent, Attempt, AttemptFuture, DestinationFunction, Invocation};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::app_info::AppInfo;
use super::async_events::{AsyncEvents, EventTarget};
use super::caller_deadline::within_caller_deadline;
use super::event_settings::EventSettings;
use super::host::dependencies;
use super::host::pool::{self, HostPool, HostResponse};
use super::host::process;
use super::host::process_pool::ProcessPool;
use super::host::python::PythonPool;
use super::host::registry::{HostConfig, HostRegistry};
use super::linked_worker::{FindLinkedWorker, LinkedWorker};
use super::old_code::{IDLE_TIMEOUT, OldCode, OldCodeWorkers};
use super::spawn_on_drop::SpawnOnDrop;
use super::worker_info::{WorkerInfo, stopping_error};
use bedrock_model::Error;
use bedrock_model::limits::MAX_SYNC_PAYLOAD_BYTES;
use bedrock_model::transport::{Call, InvocationType, Reply, Transport, check_event_size};

/// An app whose workers run in this process and in its host processes.
pub struct LocalApp {
    /// The app.
    pub app: AppInfo,
    /// The async runtime of the workers.
    pub handle: Handle,
    /// The accepted events.
    pub events: Arc<AsyncEvents>,
    /// The host processes of Python and JavaScript workers.
    pub hosts: Arc<HostRegistry>,
    old_code: OldCodeWorkers<Worker>,
    workers: HashMap<String, Worker>,
    event_settings: OnceLock<EventSettings>,
}

struct Worker {
    info: Arc<WorkerInfo>,
    runtime: WorkerRuntime,
}

/// What runs a worker.
#[derive(Clone)]
enum WorkerRuntime {
    Linked(Arc<dyn LinkedWorker>),
    Hosts(Arc<dyn HostPool>),
    /// A Rust worker whose crate this program does not link.
    NotLinked,
}

impl LocalApp {
    /// Sets up an app on the async runtime of `handle`. No process is started before a worker is called.
    pub fn new(
        app: AppInfo,
        handle: Handle,
        find_linked: FindLinkedWorker,
        host_config: impl FnOnce(&Weak<Self>) -> HostConfig,
    ) -> Arc<Self> {
        Arc::new_cyclic(|weak: &Weak<Self>| {
            let hosts = Arc::new(HostRegistry::new(&app, handle.clone(), host_config(weak)));
            let worker = |entry: &WorkerEntry| {
                let linked = find_linked(&entry.name, &handle);
                (entry.name.clone(), new_worker(&app, entry, &hosts, linked))
            };
            let workers = app.catalog.entries.iter().map(worker).collect();
            let target = Arc::new(LocalEventTarget(weak.clone()));
            let events = AsyncEvents::new(handle.clone(), hosts.output.clone(), target);
            let old_code = OldCodeWorkers::default();
            Self { app, handle, events, hosts, old_code, workers, event_settings: OnceLock::new() }
        })
    }

    /// Returns the worker with this worker name, function name or ARN.
    ///
    /// # Errors
    ///
    /// If the app has no such worker.
    pub fn info(&self, target: &str) -> Result<Arc<WorkerInfo>, Error> {
        self.find(target).map(|worker| Arc::clone(&worker.info))
    }

    /// Returns the worker with this worker name, function name or ARN.
    fn find(&self, target: &str) -> Result<&Worker, Error> {
        if let Some(worker) = self.workers.get(target) {
            return Ok(worker);
        }
        let function = FunctionName::parse(target).ok();
        let name = function.as_ref().map_or(target, |function| function.worker_of(self.app.name));
        self.workers.get(name).ok_or_else(|| not_found(target, name, &self.app.catalog))
    }

    /// Checks a call, then runs it or accepts its event.
    async fn call(self: Arc<Self>, call: Call) -> Result<Bytes, Error> {
        let worker = self.find(call.target.as_str())?;
        check_event_size(&worker.info.entry.name, call.event.len(), call.kind)?;
        let (caller_deadline, trace) = call.caller.map(|caller| (caller.deadline, caller.trace)).unzip();
        let mut invocation = Invocation::new(call.event, trace.flatten());
        if call.kind == InvocationType::Event {
            worker.info.check_event(&invocation.event)?;
            self.accept(&worker.info, invocation);
            return Ok(Bytes::new());
        }
        invocation.caller_deadline = caller_deadline;
        self.run_and_report(worker, invocation).await
    }

    /// Accepts an event that has passed all checks. The deadline of its caller does not apply to it.
    pub fn accept(&self, info: &WorkerInfo, invocation: Invocation) {
        let worker = info.entry.name.clone();
        self.events.accept(&AsyncEvent {
            id: invocation.request_id,
            arn: info.function.arn.clone(),
            payload: invocation.event,
            trace: invocation.trace,
            rules: self.event_settings().config(&worker),
            accepted: std::time::SystemTime::now(),
            attempts: 0,
            refusals: 0,
            worker,
        });
    }

    /// Returns the settings of the app, which are read when the first event is accepted.
    fn event_settings(&self) -> &EventSettings {
        self.event_settings.get_or_init(|| {
            if self.app.catalog.entries.is_empty() {
                return EventSettings::default();
            }
            EventSettings::read(&self.app.root).unwrap_or_else(|message| {
                self.hosts.output.print(&format!(
                    "warning: events are retried with Lambda's defaults, the settings of the app are not readable\n  \
                     caused by: {message}"
                ));
                EventSettings::default()
            })
        })
    }

    /// Runs one invocation and prints the error of the worker, if it fails.
    async fn run_and_report(&self, worker: &Worker, invocation: Invocation) -> Result<Bytes, Error> {
        let id = invocation.request_id.clone();
        let result = self.run(worker, invocation).await;
        if let Err(error @ Error::Function { .. }) = &result {
            self.hosts.output.print_failure(error, &id);
        }
        result
    }

    /// Runs one invocation of the worker with this name, for a caller that prints its error. Prints only the stack trace of it.
    pub async fn run_for_caller(&self, name: &str, event: Bytes) -> Result<Bytes, Error> {
        let worker = self.find(name)?;
        check_event_size(&worker.info.entry.name, event.len(), InvocationType::RequestResponse)?;
        let invocation = Invocation::new(event, None);
        let id = invocation.request_id.clone();
        let result = self.run(worker, invocation).await;
        if let Err(error) = &result {
            self.hosts.output.print_trace(error, &id);
        }
        result
    }

    /// Runs one invocation of the worker with this name and prints its error, if it fails.
    pub async fn run_and_report_named(&self, name: &str, invocation: Invocation) -> Result<Bytes, Error> {
        self.run_and_report(self.find(name)?, invocation).await
    }

    /// Runs one invocation of a worker with old code, and prints its error, if it fails.
    pub(super) async fn run_old_code(
        self: Arc<Self>,
        name: &str,
        code: OldCode,
        invocation: Invocation,
    ) -> Result<Bytes, Error> {
        let entry = WorkerEntry { dir: code.folder.display().to_string(), ..self.find(name)?.info.entry.clone() };
        let folder = code.folder.clone();
        let worker = self.old_code.begin(&folder, || Worker::of_old_code(&self, &entry, code));
        let result = self.run_and_report(&worker, invocation).await;
        self.old_code.end(&folder);
        let app = Arc::downgrade(&self);
        self.handle.spawn(async move {
            tokio::time::sleep(IDLE_TIMEOUT).await;
            let idle = app.upgrade().and_then(|app| app.old_code.take_idle(&folder, IDLE_TIMEOUT));
            if let Some(worker) = idle {
                worker.retire();
            }
        });
        result
    }

    /// Stops the processes of old code.
    pub(super) fn stop_old_code(&self, folder: &Path) {
        if let Some(worker) = self.old_code.take(folder) {
            worker.retire();
        }
    }

    /// Checks whether a worker can be started on this machine. The error is the one that a call would return.
    pub async fn can_run(&self, name: &str) -> Result<(), Error> {
        let worker = self.find(name)?;
        match &worker.runtime {
            WorkerRuntime::Linked(_) => return Ok(()),
            WorkerRuntime::NotLinked => return Err(not_linked(&worker.info.entry)),
            WorkerRuntime::Hosts(_) => {}
        }
        let finder = self.hosts.interpreter_finder(worker.info.entry.language);
        let found = finder.get(&self.app.scratch).await.map(drop);
        found.map_err(|(message, help)| Error::NotStarted { worker: name.to_owned(), message, help: Some(help) })
    }

    /// Replaces the host processes of a worker; see [`HostedWorkers::replace`](super::HostedWorkers::replace).
    pub async fn replace(&self, name: &str) -> Result<bool, Error> {
        let worker = self.find(name)?;
        let WorkerRuntime::Hosts(pool) = worker.runtime.clone() else { return Ok(false) };
        let info = Arc::clone(&worker.info);
        let hosts = Arc::clone(&self.hosts);
        let replaced = self.handle.spawn(async move {
            let is_replaced = pool.replace().await?;
            if !is_replaced {
                dependencies::install_early(&info, &hosts).await?;
            }
            Ok::<bool, Error>(is_replaced)
        });
        replaced.await.unwrap_or_else(|_| Err(stopping_error(name)))
    }

    /// Installs the dependencies of all Python and JavaScript workers. A worker that calls another one waits no longer
    /// than its own timeout, so a server does this before its first request. Prints what cannot be installed: calls of
    /// these workers try again.
    pub async fn install_dependencies(&self) {
        for (_, error) in self.install_dependencies_of(|_| true).await {
            self.print_warning(&error);
        }
    }

    /// Installs the dependencies of the Python and JavaScript workers that `is_wanted` selects by name. Returns the workers whose
    /// dependencies cannot be installed, with their errors.
    pub(super) async fn install_dependencies_of(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, Error)> {
        let is_hosted = |info: &&Arc<WorkerInfo>| info.entry.language != Language::Rust && is_wanted(&info.entry.name);
        let hosted = self.infos().into_iter().filter(is_hosted).cloned();
        let installations = hosted.map(|info| {
            let hosts = Arc::clone(&self.hosts);
            let name = info.entry.name.clone();
            (name, self.handle.spawn(async move { dependencies::install_early(&info, &hosts).await }))
        });
        let mut failed = Vec::new();
        for (name, installation) in installations.collect::<Vec<_>>() {
            if let Ok(Err(error)) = installation.await {
                failed.push((name, error));
            }
        }
        failed
    }

    /// Prints what a build refuses of a Python or JavaScript worker, before its dependencies are installed.
    pub(super) fn print_build_warnings(&self, name: &str) {
        let hosted = self.infos().into_iter().filter(|info| info.entry.language != Language::Rust);
        for info in hosted.filter(|info| info.entry.name == name) {
            process::print_build_warnings(info, &self.hosts);
        }
    }

    /// Prints an error that does not end the program.
    pub(super) fn print_warning(&self, error: &Error) {
        let help = error.help().map(|help| format!("\n  help: {help}")).unwrap_or_default();
        self.hosts.output.print(&format!("warning: {error}{help}"));
    }

    /// Starts a host process of a worker; see [`HostedWorkers::warm`](super::HostedWorkers::warm).
    pub async fn warm(&self, name: &str) -> Result<(), Error> {
        let WorkerRuntime::Hosts(pool) = self.find(name)?.runtime.clone() else { return Ok(()) };
        let warmed = self.handle.spawn(async move { pool.warm().await });
        warmed.await.unwrap_or_else(|_| Err(stopping_error(name)))
    }

    /// Returns the types of a worker as JSON; see [`HostedWorkers::read_contract`](super::HostedWorkers::read_contract).
    pub(super) async fn read_contract(&self, name: &str) -> Result<Vec<u8>, Error> {
        let worker = self.find(name)?;
        if !matches!(worker.runtime, WorkerRuntime::Hosts(_)) {
            return Ok(Vec::new());
        }
        let info = Arc::clone(&worker.info);
        let hosts = Arc::clone(&self.hosts);
        let read = self.handle.spawn(async move { process::read_contract(&info, &hosts).await });
        read.await.unwrap_or_else(|_| Err(stopping_error(name)))
    }

    /// Returns all workers, sorted by name.
    pub fn infos(&self) -> Vec<&Arc<WorkerInfo>> {
        let mut infos: Vec<_> = self.workers.values().map(|worker| &worker.info).collect();
        infos.sort_by(|one, other| one.entry.name.cmp(&other.entry.name));
        infos
    }

    async fn run(&self, worker: &Worker, invocation: Invocation) -> Result<Bytes, Error> {
        let info = &worker.info;
        let name = &info.entry.name;
        let caller_deadline = invocation.caller_deadline;
        let tail = invocation.tail.as_ref();
        let _collected = tail.map(|tail| self.hosts.output.tails().open(&invocation.request_id, tail));
        info.check_event(&invocation.event)?;
        let (response, is_streamed) = match worker.runtime.clone() {
            WorkerRuntime::Linked(worker) => (worker.invoke(Arc::clone(info), invocation).await?, false),
            WorkerRuntime::NotLinked => return Err(not_linked(&info.entry)),
            WorkerRuntime::Hosts(pool) => {
                // A host must be served until it has responded, even if the caller has stopped waiting.
                let call = SpawnOnDrop::on(&self.handle, pool::invoke(pool, invocation));
                let HostResponse { body, is_streamed } = within_caller_deadline(name, caller_deadline, call).await?;
                (body, is_streamed)
            }
        };
        if response.len() > MAX_SYNC_PAYLOAD_BYTES {
            return Err(response_too_large(name, response.len()));
        }
        if !is_streamed {
            info.check_response(&response)?;
        }
        Ok(response)
    }
}

impl Worker {
    /// Returns a Python or JavaScript worker that runs with old code. The folder of `entry` is that of the code.
    fn of_old_code(app: &LocalApp, entry: &WorkerEntry, code: OldCode) -> Self {
        let info = WorkerInfo { old_code: Some(code), ..WorkerInfo::new(&app.app, entry) };
        new_runtime(info, &app.hosts, None)
    }

    /// Stops the host processes, after their running calls.
    fn retire(&self) {
        if let WorkerRuntime::Hosts(pool) = &self.runtime {
            pool.retire();
        }
    }
}

fn new_worker(
    app: &AppInfo,
    entry: &WorkerEntry,
    hosts: &Arc<HostRegistry>,
    linked: Option<Arc<dyn LinkedWorker>>,
) -> Worker {
    new_runtime(WorkerInfo::new(app, entry), hosts, linked)
}

fn new_runtime(info: WorkerInfo, hosts: &Arc<HostRegistry>, linked: Option<Arc<dyn LinkedWorker>>) -> Worker {
    let info = Arc::new(info);
    let entry = &info.entry;
    let runtime = match entry.language {
        Language::Rust => linked.map_or(WorkerRuntime::NotLinked, WorkerRuntime::Linked),
        Language::Python if !entry.is_isolated => {
            WorkerRuntime::Hosts(Arc::new(PythonPool::new(Arc::clone(&info), Arc::clone(hosts))))
        }
        Language::Python | Language::JavaScript => {
            WorkerRuntime::Hosts(ProcessPool::new(Arc::clone(&info), Arc::clone(hosts)))
        }
    };
    Worker { info, runtime }
}

fn not_found(target: &str, name: &str, catalog: &WorkerIndex) -> Error {
    let help = catalog.suggest(name).map(|near| format!("a worker with a similar name exists: `{near}`"));
    Error::WorkerNotFound { worker: target.to_owned(), help }
}

fn not_linked(entry: &WorkerEntry) -> Error {
    Error::NotStarted {
        worker: entry.name.clone(),
        message: "its crate is not linked into this program".to_owned(),
        help: Some(format!("add `{} = {{ path = \"{}\" }}` to the app's `[dependencies]`", entry.name, entry.dir)),
    }
}

/// Runs asynchronous events, as long as the app exists.
struct LocalEventTarget(Weak<LocalApp>);

impl EventTarget for LocalEventTarget {
    fn attempt(&self, event: AsyncEvent) -> AttemptFuture {
        let app = self.0.upgrade();
        Box::pin(async move {
            let Some(app) = app else { return Attempt::Refused(stopping_error(&event.worker).to_string()) };
            let worker = match app.find(&event.worker) {
                Ok(worker) => worker,
                Err(error) => return Attempt::Refused(error.to_string()),
            };
            let function = worker.info.function_info();
            if let Some(error) = app.event_settings().recursion.loop_error(&function, &event.trace) {
                return Attempt::Dropped(error);
            }
            let mut invocation = Invocation::new(event.payload, Some(event.trace));
            invocation.request_id.clone_from(&event.id);
            match app.run(worker, invocation).await {
                Ok(response) => Attempt::Answered(response),
                Err(error) => {
                    app.hosts.output.print_failure(&error, &event.id);
                    Attempt::failed(&error, &function, &event.id)
                }
            }
        })
    }

    fn resolve(&self, destination: &str, event: &AsyncEvent) -> Option<DestinationFunction> {
        let app = self.0.upgrade()?;
        let find = |name: &str| Some(app.info(name).ok()?.function_info());
        app.event_settings().resolve_destination(destination, event, find)
    }
}

/// The transport of a process whose app runs locally.
pub struct LocalTransport(pub Arc<LocalApp>);

impl Transport for LocalTransport {
    fn call(&self, call: Call) -> Reply {
        Box::pin(Arc::clone(&self.0).call(call))
    }
}

/// Fails all calls, because the local runtime could not be started.
pub struct FailedTransport(pub String);

impl Transport for FailedTransport {
    fn call(&self, call: Call) -> Reply {
        let error = Error::NotStarted {
            worker: call.target.as_str().to_owned(),
            message: format!("failed to start the async runtime: {}", self.0),
            help: None,
        };
        Box::pin(async move { Err(error) })
    }
}
