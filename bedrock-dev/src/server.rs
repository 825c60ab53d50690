//! The dev server: the functions of an app, its event queue, and Lambda's API on one port.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bedrock_build::App;
use bedrock_durable::SqliteExecutionStore;
use bedrock_local::durable::{self, DurableService};
use bedrock_local::lambda_api::{Access, serve_alongside_routes};
use bedrock_local::{AppInfo, HostOptions, HostedWorkers, LogSink as HostLogSink, Reaper, WorkerContracts};
use bedrock_model::{Backend, FunctionInfo};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::Clock;
use crate::account::AccountServices;
use crate::api_gateway::HttpApi;
use crate::async_queue::{self, AsyncQueue, QueueStore, StoreError};
use crate::backend::{EventRunner, FunctionFactory, FunctionRegistry, LocalBackend, RecordingBackend};
use crate::code_store::CodeStore;
use crate::config::DevServerConfig;
use crate::dashboard;
use crate::debug::{self, Debuggers, Process};
use crate::durable::{RecordedFunctions, delete_unused_code};
use crate::error::StartError;
use crate::event_log::{
    DevEventKind, EventLog, EventLogFile, EventLogWriter, Recorder, Redactions, Retention, RunningApp,
};
use crate::execution::{BusyPoller, LogLine, LogSink, RuntimeApi};
use crate::function_url::UrlAccess;
use crate::http_api::{self, ApiState, Edge};
use crate::otlp::{OtlpConfig, TraceExporter, Warn};
use crate::policy::{AdmissionPolicy, CallGraph};
use crate::reload::{BuildError, ExecutableCache, FileWatcher, ReloadOutcome, Reloader, WatchError, events};
use crate::reservation::Reservation;
use crate::running_server::ServerFile;
use crate::triggers::{LocalResources, TriggerDispatcher, Triggers};

/// Delay before the queue is started again after its database has failed.
const QUEUE_RESTART_DELAY: Duration = Duration::from_secs(1);
/// Name of the file with the durable executions in the state folder.
pub const DURABLE_STORE: &str = "durable.sqlite";

/// A running dev server.
pub struct DevServer {
    /// Base URL, `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_LAMBDA`.
    pub url: String,
    /// The database of the event queue.
    pub store: Arc<QueueStore>,
    /// The event queue.
    pub queue: Arc<AsyncQueue>,
    /// The event log.
    pub event_log: EventLog,
    /// State of the HTTP API.
    pub api_state: Arc<ApiState>,
    functions: Arc<FunctionRegistry>,
    executables: Arc<ExecutableCache>,
    reaper: Arc<Reaper>,
    log_writer: EventLogWriter,
    app: RunningApp,
    /// Where other processes find the server.
    _file: ServerFile,
    tasks: Vec<JoinHandle<()>>,
}

impl DevServer {
    /// Starts the server on 127.0.0.1 and the current tokio runtime. Workers are started when they are first called.
    pub async fn start(config: DevServerConfig) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let reservation = Reservation::take(&config.state_folder, address)?;
        Self::start_on(config, reservation, &Debuggers::new()).await
    }

    /// Starts the server on the reserved address of this machine, with debugged workers. Everyone who reaches the address
    /// may call workers. If a worker is debugged, functions do not time out.
    pub async fn start_on(
        config: DevServerConfig,
        reservation: Reservation,
        debuggers: &Debuggers,
    ) -> Result<Self, StartError> {
        Self::start_with_account(config, reservation, debuggers, None).await
    }

    /// Like [`DevServer::start_on`], with services of an AWS account.
    pub async fn start_with_account(
        config: DevServerConfig,
        reservation: Reservation,
        debuggers: &Debuggers,
        account: Option<AccountServices>,
    ) -> Result<Self, StartError> {
        let DevServerConfig {
            app,
            install_folder,
            state_folder: state,
            port,
            clock,
            executables: programs,
            log_sink: sink,
            call_graph,
            strict,
            relaxed,
        } = config;
        let app = debug::without_timeouts(app, debuggers);
        create_folder(&install_folder)?;
        let store = Arc::new(reservation.store);
        let executable_folder = state.join("programs");
        let executables = ExecutableCache::in_folder(executable_folder.clone())
            .map_err(|error| StartError::Folder(executable_folder, error))?;
        let executable_copies = executables.copy_all(&app, &programs)?;
        let port_error = |error| StartError::Port(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), error);
        let (listener, url) = listen(reservation.listener).map_err(port_error)?;
        let runtime_api = RuntimeApi::start().await.map_err(port_error)?;
        let (event_log, log_writer) = open_event_log(&state.join("dev"))?;
        let recorder = Recorder::new(event_log.clone()).with_redactions(Redactions::of(&app));
        let log_sink = recording_sink(&recorder, sink);
        let resources = LocalResources::new(&app, &url);
        let hosted_workers = start_hosted_workers(&app, install_folder, &url, &resources, debuggers, &log_sink)?;
        let reaper = Arc::<Reaper>::default();
        let factory = FunctionFactory {
            api_url: &url,
            runtime_api,
            reaper: Arc::clone(&reaper),
            log_sink: Arc::clone(&log_sink),
            resource_variables: resources.variables(&app),
            executables: executable_copies,
            enforce_memory: strict,
            debuggers,
        };
        let policy = Arc::new(AdmissionPolicy::new(&app, call_graph, strict, Arc::clone(&log_sink)));
        let busy_poller = BusyPoller::new();
        let code = CodeStore::open(&app, &state, Arc::clone(&log_sink));
        let code = store_code(code, factory.executables.clone(), &hosted_workers).await;
        let functions = FunctionRegistry::new(&app, hosted_workers, &factory, policy, busy_poller.clone(), code);
        let functions = Arc::new(functions);
        let durable = open_executions(&app, &state, &functions, &clock, &recorder, &log_sink)?;
        let queue = open_queue(&functions, &store, &clock, &recorder, durable.clone(), &log_sink)?;
        let contracts = WorkerContracts::new(app.root.clone(), app.settings.workers_dir.clone());
        let contracts = Arc::new(contracts);
        let backend = LocalBackend {
            functions: Arc::clone(&functions),
            queue: Arc::clone(&queue),
            clock: clock.clone(),
            endpoint_streams: app.settings.endpoint.stream,
            endpoint_cors: app.settings.endpoint.cors.clone(),
            endpoint_api: HttpApi::new(&app),
            endpoint_url: UrlAccess::new(&app, &resources),
            contracts,
            durable: durable.clone(),
        };
        let backend: Arc<dyn Backend> = Arc::new(RecordingBackend::new(Arc::new(backend), recorder.clone()));
        let dispatcher =
            TriggerDispatcher { backend: Arc::clone(&backend), log: event_log.clone(), sink: Arc::clone(&log_sink) };
        let triggers = Triggers::open(&app, resources, &state, clock.clone(), dispatcher)?;
        let api_state = ApiState::new(&app, url.clone(), recorder, Arc::clone(&backend), Arc::clone(&queue));
        let api_state = api_state.with_triggers(Arc::clone(&triggers)).with_executions(durable.clone());
        let api_state = Arc::new(api_state);
        let mut routes =
            http_api::router(&api_state).merge(dashboard::router()).merge(triggers.router(&app, relaxed, account)?);
        routes = durable.iter().fold(routes, |routes, service| routes.merge(durable::router(service, Access::Signed)));
        let mut tasks = vec![
            tokio::spawn(async move { drop(serve_alongside_routes(listener, backend, Access::Signed, routes).await) }),
            tokio::spawn(run_queue(Arc::clone(&queue), log_sink)),
            tokio::spawn(busy_poller.run()),
        ];
        tasks
            .extend(durable.iter().map(|service| tokio::spawn(delete_unused_code(service.clone(), functions.clone()))));
        tasks.extend(durable.map(|service| tokio::spawn(work_on_executions(service, clock))));
        tasks.extend(triggers.start()?);
        let file = ServerFile::write(&state, &url, api_state.token());
        let file = file.map_err(|error| StartError::Folder(state.join("dev"), error))?;
        let running_app = RunningApp { name: app.name.to_string(), url: url.clone() };
        event_log.publish(DevEventKind::AppStarted(running_app.clone()));
        Ok(Self {
            url,
            store,
            queue,
            event_log,
            api_state,
            functions,
            executables: Arc::new(executables),
            reaper,
            log_writer,
            app: running_app,
            _file: file,
            tasks,
        })
    }

    /// Returns a reloader that watches the app and `crates`: folders outside of the app from which its Rust workers are
    /// compiled, too.
    pub fn reloader(&self, app: &App, crates: &[PathBuf]) -> Result<Reloader, WatchError> {
        let folders = [app.root.clone()].into_iter().chain(crates.iter().cloned());
        Ok(self.reloader_with(app, FileWatcher::start(folders)?))
    }

    /// Returns a reloader for folders that are already watched. Files that have changed since are reloaded first.
    pub fn reloader_with(&self, app: &App, watcher: FileWatcher) -> Reloader {
        Reloader::new(app, Arc::clone(&self.functions), Arc::clone(&self.executables), watcher)
    }

    /// Returns a callback that replaces the call graph; it may be called any number of times.
    pub fn call_graph_updater(&self) -> impl Fn(CallGraph) + Send + Sync + 'static + use<> {
        let api_state = Arc::clone(&self.api_state);
        let policy = Arc::clone(self.functions.policy());
        move |call_graph| {
            api_state.set_call_graph(sorted_edges(&call_graph));
            policy.set_call_graph(call_graph);
        }
    }

    /// Exports invocations as spans from now on, until the server is closed. `warn` is called if the collector rejects
    /// them.
    pub fn export_traces(&self, config: OtlpConfig, warn: Warn) -> io::Result<TraceExporter> {
        let functions = self.functions.list().into_iter().map(|info| {
            let FunctionInfo { worker, name, arn, memory, .. } = info;
            crate::otlp::Function { worker, name, arn, memory }
        });
        TraceExporter::start(config, &self.app.name, functions.collect(), &self.event_log, warn)
    }

    /// Publishes that the code of these functions is being compiled.
    pub fn report_build_started(&self, functions: Vec<String>) {
        self.event_log.publish(events::build_started(functions));
    }

    /// Publishes that a build has failed, so the running code is older than the app's files.
    pub fn report_build_failed(&self, error: &BuildError) {
        self.event_log.publish(events::build_failed(error));
    }

    /// Publishes the outcome of a reload.
    pub fn report_reload(&self, outcome: &ReloadOutcome) {
        for event in events::events_of(outcome) {
            self.event_log.publish(event);
        }
    }

    /// Installs the dependencies of Python and JavaScript workers, which otherwise happens in the first call and counts
    /// against the timeout of a calling worker. Logs what cannot be installed.
    pub async fn install_dependencies(&self) {
        self.functions.hosted_workers().install_dependencies().await;
        let functions = Arc::clone(&self.functions);
        let link = move || functions.code().link_current_sites(|worker| functions.hosted_workers().site(worker));
        // Joining fails if the server is stopping.
        let _ = tokio::task::spawn_blocking(link).await;
    }

    /// Starts the process of a worker before its first call, so that a debugger can attach to it. Returns the process
    /// of a Rust worker.
    pub async fn warm(&self, worker: &str) -> Result<Option<Process>, bedrock_model::Error> {
        match self.functions.process_function(worker) {
            Some(function) => function.warm().await.map(|()| self.process(worker)),
            None => self.functions.hosted_workers().warm(worker).await.map(|()| None),
        }
    }

    /// Returns the idle process of a Rust worker. `None` if there is none.
    pub fn process(&self, worker: &str) -> Option<Process> {
        let (id, program) = self.functions.process_function(worker)?.process()?;
        Some(Process { id, program })
    }

    /// Stops all processes and closes the event log. Unfinished events stay in the queue's database.
    pub fn close(self) {
        for task in &self.tasks {
            task.abort();
        }
        self.functions.hosted_workers().end();
        self.reaper.finish();
        self.event_log.publish(DevEventKind::AppStopped(self.app));
        self.log_writer.finish();
    }
}

fn create_folder(folder: &Path) -> Result<(), StartError> {
    std::fs::create_dir_all(folder).map_err(|error| StartError::Folder(folder.to_owned(), error))
}

/// Returns the listener for the current tokio runtime, with its URL.
fn listen(listener: std::net::TcpListener) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::from_std(listener)?;
    let url = url_of(listener.local_addr()?);
    Ok((listener, url))
}

/// Returns the URL for local programs. They cannot connect to an unspecified address, so it is replaced by the loopback
/// address.
fn url_of(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::from((ip, address.port())))
}

/// Opens the event log, and starts to write it to a file in this folder.
fn open_event_log(folder: &Path) -> Result<(EventLog, EventLogWriter), StartError> {
    create_folder(folder)?;
    let event_log = EventLog::new(Retention::default());
    let writer = EventLogFile::in_folder(folder).write(&event_log);
    Ok((event_log, writer.map_err(|error| StartError::Folder(folder.to_owned(), error))?))
}

/// Returns a sink that records each line before it passes the line to `sink`.
fn recording_sink(recorder: &Recorder, sink: LogSink) -> LogSink {
    let recorder = recorder.clone();
    Arc::new(move |line| {
        recorder.publish_line(&line);
        sink(line);
    })
}

/// Prepares the Python and JavaScript workers.
fn start_hosted_workers(
    app: &App,
    install_folder: PathBuf,
    api_url: &str,
    resources: &LocalResources,
    debuggers: &Debuggers,
    log_sink: &LogSink,
) -> Result<HostedWorkers, StartError> {
    let app_info = AppInfo::from_disk(app, install_folder).map_err(StartError::App)?;
    let options = HostOptions {
        api: api_url.to_owned(),
        printed: hosted_log_sink(log_sink),
        variables: resources.variables(app),
        debuggers: debug::ports(debuggers),
    };
    Ok(HostedWorkers::start(app_info, Handle::current(), options))
}

/// Stores the code with which the server starts, on a blocking thread.
async fn store_code(
    code: CodeStore,
    executables: HashMap<String, PathBuf>,
    hosted_workers: &HostedWorkers,
) -> Arc<CodeStore> {
    let code = Arc::new(code);
    let store = Arc::clone(&code);
    let stored = tokio::task::spawn_blocking(move || {
        store.store_all(&executables);
        store.sites()
    });
    // Joining fails if the server is stopping.
    for site in stored.await.unwrap_or_default() {
        hosted_workers.keep_site(site);
    }
    code
}

/// Returns a callback that passes the output of Python and JavaScript workers to the same sink.
fn hosted_log_sink(log_sink: &LogSink) -> HostLogSink {
    let log_sink = Arc::clone(log_sink);
    Arc::new(move |worker, request_id, text| {
        log_sink(LogLine { worker: worker.into(), request_id: request_id.map(Into::into), text: text.to_owned() });
    })
}

/// Opens the durable executions, if the app has a durable worker or had one.
fn open_executions(
    app: &App,
    state_folder: &Path,
    functions: &Arc<FunctionRegistry>,
    clock: &Clock,
    recorder: &Recorder,
    log_sink: &LogSink,
) -> Result<Option<Arc<DurableService>>, StartError> {
    let path = state_folder.join(DURABLE_STORE);
    if !path.exists() && app.workers.iter().all(|worker| worker.settings.durable.is_none()) {
        return Ok(None);
    }
    let functions = RecordedFunctions {
        registry: Arc::clone(functions),
        recorder: recorder.clone(),
        log_sink: Arc::clone(log_sink),
    };
    let clock = clock.clone();
    let store = Box::new(SqliteExecutionStore::open(&path)?);
    Ok(Some(DurableService::open(store, Arc::new(functions), move || clock.now())?))
}

/// Runs what becomes due on the clock. Never ends.
async fn work_on_executions(service: Arc<DurableService>, clock: Clock) {
    let sleep_until = move |time| {
        let clock = clock.clone();
        async move { clock.sleep_until(time).await }
    };
    service.work(sleep_until).await;
}

/// Opens the queue, which runs its events on the functions and records its changes.
fn open_queue(
    functions: &Arc<FunctionRegistry>,
    store: &Arc<QueueStore>,
    clock: &Clock,
    recorder: &Recorder,
    durable: Option<Arc<DurableService>>,
    log_sink: &LogSink,
) -> Result<Arc<AsyncQueue>, StoreError> {
    let runner = Arc::new(EventRunner { functions: Arc::clone(functions), recorder: recorder.clone(), durable });
    let resolver = Arc::clone(&runner);
    let recorder = recorder.clone();
    let log_sink = Arc::clone(log_sink);
    let line_clock = clock.clone();
    AsyncQueue::with_observer(
        Arc::clone(store),
        clock.clone(),
        move |event, before_delivery| runner.run_attempt(event, before_delivery),
        move |destination, source| resolver.resolve_destination(destination, source),
        move |event, change| {
            if let Some(line) = async_queue::log_line(event, &change, line_clock.now()) {
                log_sink(line);
            }
            recorder.publish_queue_change(event, change);
        },
    )
}

/// Runs the events of the queue. If its database fails, logs the error once and continues after a delay.
async fn run_queue(queue: Arc<AsyncQueue>, log_sink: LogSink) {
    let log = move |message: &str| {
        let text = format!("error: {message}");
        log_sink(LogLine { worker: "".into(), request_id: None, text });
    };
    queue.log_errors_with(log.clone());
    let mut last_error = String::new();
    while let Err(error) = Arc::clone(&queue).work().await {
        let error = error.to_string();
        if last_error != error {
            log(&format!("the event queue failed and is tried again every second: {error}"));
            last_error = error;
        }
        tokio::time::sleep(QUEUE_RESTART_DELAY).await;
    }
}

fn sorted_edges(call_graph: &CallGraph) -> Vec<Edge> {
    let edges =
        call_graph.iter().flat_map(|(caller, callees)| callees.iter().map(|callee| (caller.clone(), callee.clone())));
    let sorted: BTreeSet<(String, String)> = edges.collect();
    sorted.into_iter().map(|(from, to)| Edge { from, to }).collect()
}
