//! A whole app at work: its functions, its queue, and Lambda's API on one port.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bedrock::local::service::{Access, Backend, FunctionInfo, serve_beside};
use bedrock::local::{AppInfo, Beside, Hosted, Printed, Reaper};
use bedrock_build::App;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::Clock;
use crate::backend::{FunctionFactory, LocalBackend, RecordingBackend, copied, endpoint};
use crate::config::DevServerConfig;
use crate::dashboard;
use crate::debug::{self, Debuggers};
use crate::error::StartError;
use crate::event_log::{
    BuildStatus, DevEventKind, EventLog, EventLogFile, EventLogWriter, Recorder, Redactions, Retention, RunningApp,
};
use crate::execution::{BusyPoller, LogLine, LogSink, RuntimeApi};
use crate::http_api::{ApiState, Edge, router};
use crate::otlp::{OtlpConfig, TraceExporter, Warn};
use crate::policy::{AdmissionPolicy, CallGraph};
use crate::queue::{Fault, Queue, Rules, Store};
use crate::reload::{
    ActiveWorkers, BuildError, ExecutableCache, FileWatcher, ReloadOutcome, Reloader, WatchError, events,
};
use crate::triggers::{LocalResources, TriggerDispatcher, TriggerSetupError, Triggers};

/// Before a queue whose file failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// An app at work.
pub struct DevServer {
    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_LAMBDA`.
    pub url: String,
    /// Its events.
    pub store: Arc<Store>,
    /// What runs them.
    pub queue: Arc<Queue>,
    /// What happens.
    pub happenings: EventLog,
    /// What the API tells of the app.
    pub desk: Arc<ApiState>,
    pub(crate) engines: Arc<LocalBackend>,
    programs: Arc<ExecutableCache>,
    reaper: Arc<Reaper>,
    writer: EventLogWriter,
    place: RunningApp,
    tasks: Vec<JoinHandle<()>>,
}

impl DevServer {
    /// Opens it on the runtime that this is called on. Workers are started when they are first called.
    pub async fn open(order: DevServerConfig) -> Result<Self, StartError> {
        Self::open_at(order, Ipv4Addr::LOCALHOST.into(), &Debuggers::new()).await
    }

    /// The same at another address of this machine, which whoever reaches it may call, and with workers that a debugger
    /// looks into. While there are any, no function's time runs out.
    pub async fn open_at(order: DevServerConfig, host: IpAddr, debuggers: &Debuggers) -> Result<Self, StartError> {
        let DevServerConfig { app, scratch, state, port, clock, programs, sink, edges, strict } = order;
        let app = debug::stopped(app, debuggers);
        for folder in [&scratch, &state] {
            std::fs::create_dir_all(folder).map_err(|error| StartError::Folder(folder.clone(), error))?;
        }
        let store = Arc::new(Store::own(&state.join("queue.sqlite"))?);
        let folder = state.join("programs");
        let copies = ExecutableCache::in_folder(folder.clone()).map_err(|error| StartError::Folder(folder, error))?;
        let paths = copied(&copies, &app, &programs)?;
        let address = SocketAddr::from((host, port));
        let (socket, url) = bound(address).await.map_err(|error| StartError::Port(address, error))?;
        let api = RuntimeApi::start().await.map_err(|error| StartError::Port(address, error))?;
        let folder = state.join("dev");
        let (happenings, writer) = stream(&folder).map_err(|error| StartError::Folder(folder, error))?;
        let recorder = Recorder::new(happenings.clone()).without(Redactions::of(&app));
        let sink = recorded(&recorder, sink);
        let info = AppInfo::of(&app, scratch).map_err(StartError::App)?;
        let site = LocalResources::new(&app, &url);
        let variables = site.variables(&app);
        let (told, ports) = (variables.clone(), debug::ports(debuggers));
        let beside = Beside { api: url.clone(), printed: printed(&sink), variables: told, debuggers: ports };
        let hosted = Hosted::start(info, Handle::current(), beside);
        let reaper = Arc::<Reaper>::default();
        let to_tell = Arc::clone(&sink);
        let house = Arc::new(AdmissionPolicy::of(&app, edges, strict, Arc::clone(&sink)));
        let (ends, is_capped) = (Arc::clone(&reaper), strict);
        let maker = FunctionFactory { url: &url, api, reaper: ends, sink, variables, paths, is_capped, debuggers };
        let endpoint = endpoint::info(&app, hosted.backend());
        let rust = maker.all(&app, hosted.backend(), &endpoint);
        let endpoint = rust.contains_key(&endpoint.worker).then_some(endpoint);
        let rules = app.workers.iter().map(|worker| (worker.name.to_string(), Rules::of(&worker.settings))).collect();
        let (time, later) = (clock.clone(), OnceLock::new());
        let (busy, awake) = (ActiveWorkers::default(), BusyPoller::new());
        let staying = awake.clone().stay();
        let engines =
            LocalBackend { hosted, endpoint, rust, rules, house, clock: time, busy, awake, recorder, queue: later };
        let engines = Arc::new(engines);
        let queue = queue(&engines, &store, clock)?;
        let _ = engines.queue.set(Arc::clone(&queue));
        let backend: Arc<dyn Backend> = Arc::new(RecordingBackend::new(Arc::clone(&engines), engines.recorder.clone()));
        let desk = ApiState::new(&app, url.clone(), engines.recorder.clone(), Arc::clone(&backend), Arc::clone(&queue));
        let dispatcher =
            TriggerDispatcher { backend: Arc::clone(&backend), log: happenings.clone(), sink: Arc::clone(&to_tell) };
        let triggers = Triggers::open(&app, site, &state, engines.clock.clone(), dispatcher)?;
        desk.trigger(Arc::clone(&triggers));
        let (further, work) =
            (router(&desk).merge(dashboard::router()).merge(triggers.router()), work(Arc::clone(&queue), to_tell));
        let mut tasks = vec![
            tokio::spawn(async move { drop(serve_beside(socket, backend, Access::Signed, further).await) }),
            tokio::spawn(work),
            tokio::spawn(staying),
        ];
        tasks.extend(triggers.start()?);
        let place = RunningApp { name: app.name.to_string(), url: url.clone() };
        happenings.publish(DevEventKind::AppStarted(place.clone()));
        let programs = Arc::new(copies);
        Ok(Self { url, store, queue, happenings, desk, engines, programs, reaper, writer, place, tasks })
    }

    /// What keeps its workers as new as their files, those of `crates` included, which are folders outside of the app that
    /// its Rust workers are compiled from, too.
    pub fn reloader(&self, app: &App, crates: &[PathBuf]) -> Result<Reloader, WatchError> {
        Ok(self.reloader_of(app, FileWatcher::start([app.root.clone()].into_iter().chain(crates.iter().cloned()))?))
    }

    /// The same for folders that are watched already: what was saved since then is taken over first.
    pub fn reloader_of(&self, app: &App, watch: FileWatcher) -> Reloader {
        Reloader::new(app, Arc::clone(&self.engines), Arc::clone(&self.programs), watch)
    }

    /// Tells it that the call graph is another one from now on, as often as it is.
    pub fn knowing(&self) -> impl Fn(CallGraph) + Send + Sync + 'static + use<> {
        let (desk, house) = (Arc::clone(&self.desk), Arc::clone(&self.engines.house));
        move |edges| {
            desk.know(pairs(&edges));
            house.know(edges);
        }
    }

    /// Sends its invocations as spans from now on, until it is closed; told of a collector that takes none.
    pub fn traces(&self, settings: OtlpConfig, warn: Warn) -> io::Result<TraceExporter> {
        let functions = self.engines.functions().into_iter().map(|info| {
            let FunctionInfo { worker, name, arn, memory, .. } = info;
            crate::otlp::Function { worker, name, arn, memory }
        });
        TraceExporter::start(settings, &self.place.name, functions.collect(), &self.happenings, warn)
    }

    /// Readers of the stream learn that the code of these functions is being compiled.
    pub fn builds(&self, functions: Vec<String>) {
        self.happenings.publish(events::build(BuildStatus::Started, functions, None, Vec::new()));
    }

    /// Readers of the stream learn that what runs is older than the app's files.
    pub fn not_built(&self, failed: &BuildError) {
        let messages = failed.messages.iter().chain(&failed.said).cloned().collect();
        self.happenings.publish(events::build(BuildStatus::Failed, Vec::new(), None, messages));
    }

    /// Readers of the stream learn what became of a saved file.
    pub fn tell(&self, reload: &ReloadOutcome) {
        for kind in events::kinds(reload) {
            self.happenings.publish(kind);
        }
    }

    /// Ends all processes and the stream. Events that are not done stay in the queue's file.
    pub fn close(self) {
        for task in &self.tasks {
            task.abort();
        }
        self.engines.hosted.end();
        self.reaper.finish();
        self.happenings.publish(DevEventKind::AppStopped(self.place));
        self.writer.finish();
    }
}

/// Where programs of this machine find it: an address that means all of them is none to call.
fn url(bound: SocketAddr) -> String {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::from((ip, bound.port())))
}

/// The port, and its URL.
async fn bound(address: SocketAddr) -> io::Result<(TcpListener, String)> {
    let socket = TcpListener::bind(address).await?;
    let url = url(socket.local_addr()?);
    Ok((socket, url))
}

/// Runs the events of the queue; goes on where its file could not be read or written for a while.
async fn work(queue: Arc<Queue>, sink: LogSink) {
    while let Err(fault) = Arc::clone(&queue).work().await {
        let text = format!("error: the queue of events has stopped for a second: {fault}");
        sink(LogLine { worker: "".into(), request_id: None, text });
        tokio::time::sleep(PAUSE).await;
    }
}

/// Each call, sorted.
fn pairs(edges: &CallGraph) -> Vec<Edge> {
    let pairs = edges.iter().flat_map(|(from, all)| all.iter().map(|to| (from.clone(), to.clone())));
    let sorted: BTreeSet<(String, String)> = pairs.collect();
    sorted.into_iter().map(|(from, to)| Edge { from, to }).collect()
}

/// The queue, which knows the engines as long as they are there.
fn queue(engines: &Arc<LocalBackend>, store: &Arc<Store>, clock: Clock) -> Result<Arc<Queue>, Fault> {
    let (runs, knows) = (Arc::downgrade(engines), Arc::downgrade(engines));
    let run = move |event| match runs.upgrade() {
        Some(engines) => engines.attempt(event),
        // Nobody writes down what came of it; the next program finds the event as it was.
        None => Box::pin(std::future::pending()),
    };
    let (resolve, recorder) =
        (move |destination: &str, of: &_| knows.upgrade()?.resolve(destination, of), engines.recorder.clone());
    Queue::observed(Arc::clone(store), clock, run, resolve, move |event, change| recorder.queue(event, change))
}

/// The stream, and who writes it into this folder.
fn stream(folder: &Path) -> io::Result<(EventLog, EventLogWriter)> {
    std::fs::create_dir_all(folder)?;
    let stream = EventLog::new(Retention::default());
    let writer = EventLogFile::in_folder(folder).write(&stream)?;
    Ok((stream, writer))
}

/// Takes lines into the stream before `sink` gets them.
fn recorded(recorder: &Recorder, sink: LogSink) -> LogSink {
    let recorder = recorder.clone();
    Arc::new(move |line| {
        recorder.printed(&line);
        sink(line);
    })
}

/// Takes what Python and JavaScript workers print into the same sink.
fn printed(sink: &LogSink) -> Printed {
    let sink = Arc::clone(sink);
    Arc::new(move |worker, request_id, text| {
        sink(LogLine { worker: worker.into(), request_id: request_id.map(Into::into), text: text.to_owned() });
    })
}
