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
use crate::awake::Awake;
use crate::dashboard;
use crate::debug::{self, Debuggers};
use crate::endpoint;
use crate::engines::Engines;
use crate::functions::{Maker, copied};
use crate::happenings::api::{Desk, Edge, router};
use crate::happenings::{Bounds, Disk, Kind, Observed, Place, Progress, Recorder, Redactions, Stream, Writer, reloads};
use crate::limits::{Edges, House};
use crate::queue::{Fault, Queue, Rules, Store};
use crate::reload::{BuildFailed, Busy, NotWatched, Programs, Reload, Reloader, Watch};
use crate::runtime::{Line, RuntimeApi, Sink};
use crate::traces::{Settings, Traces, Warn};
use crate::triggers::{NotTriggered, Site, Triggers};

/// Before a queue whose file failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// What a workshop is made of.
pub struct Order {
    /// The app.
    pub app: App,
    /// Where dependencies of workers are installed, which apps may share: `bedrock` in cargo's target folder.
    pub scratch: PathBuf,
    /// Where is kept what outlives the program, for this app alone: `target/bedrock` of the app.
    pub state: PathBuf,
    /// The port, 0 for a free one.
    pub port: u16,
    /// For the pauses and ages of events.
    pub clock: Clock,
    /// The programs of Rust workers, built from the code for Lambda, by the workers' names; that of the endpoint under [`crate::ENDPOINT`].
    /// Calls of a worker whose program is missing fail until a reload brings it.
    pub programs: HashMap<String, PathBuf>,
    /// Takes what workers print, besides the stream.
    pub sink: Sink,
    /// The call graph, to refuse calls that it does not have; nothing if it is not known.
    pub edges: Option<Edges>,
    /// Whether calls that AWS would refuse are refused, of which else the sink is told, and whether Rust workers have no
    /// more memory than their setting says.
    pub strict: bool,
}

/// Why a workshop could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// Its port.
    #[error("failed to listen on {0}: {1}")]
    Port(SocketAddr, io::Error),
    /// Its folder.
    #[error("failed to create `{path}`: {error}", path = .0.display(), error = .1)]
    Folder(PathBuf, io::Error),
    /// Its queue.
    #[error(transparent)]
    Queue(#[from] Fault),
    /// A worker's program.
    #[error("failed to copy `{path}`: {error}", path = .0.display(), error = .1)]
    Program(PathBuf, io::Error),
    /// What invokes its workers besides calls.
    #[error(transparent)]
    Triggers(#[from] NotTriggered),
    /// The app.
    #[error("{}", .0.message)]
    App(bedrock_build::Problem),
}

/// An app at work.
pub struct Workshop {
    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_LAMBDA`.
    pub url: String,
    /// Its events.
    pub store: Arc<Store>,
    /// What runs them.
    pub queue: Arc<Queue>,
    /// What happens.
    pub happenings: Stream,
    /// What the API tells of the app.
    pub desk: Arc<Desk>,
    pub(crate) engines: Arc<Engines>,
    programs: Arc<Programs>,
    reaper: Arc<Reaper>,
    writer: Writer,
    place: Place,
    tasks: Vec<JoinHandle<()>>,
}

impl Workshop {
    /// Opens it on the runtime that this is called on. Workers are started when they are first called.
    pub async fn open(order: Order) -> Result<Self, NotOpened> {
        Self::open_at(order, Ipv4Addr::LOCALHOST.into(), &Debuggers::new()).await
    }

    /// The same at another address of this machine, which whoever reaches it may call, and with workers that a debugger
    /// looks into. While there are any, no function's time runs out.
    pub async fn open_at(order: Order, host: IpAddr, debuggers: &Debuggers) -> Result<Self, NotOpened> {
        let Order { app, scratch, state, port, clock, programs, sink, edges, strict } = order;
        let app = debug::stopped(app, debuggers);
        for folder in [&scratch, &state] {
            std::fs::create_dir_all(folder).map_err(|error| NotOpened::Folder(folder.clone(), error))?;
        }
        let store = Arc::new(Store::own(&state.join("queue.sqlite"))?);
        let folder = state.join("programs");
        let copies = Programs::in_folder(folder.clone()).map_err(|error| NotOpened::Folder(folder, error))?;
        let paths = copied(&copies, &app, &programs)?;
        let address = SocketAddr::from((host, port));
        let (socket, url) = bound(address).await.map_err(|error| NotOpened::Port(address, error))?;
        let api = RuntimeApi::start().await.map_err(|error| NotOpened::Port(address, error))?;
        let folder = state.join("dev");
        let (happenings, writer) = stream(&folder).map_err(|error| NotOpened::Folder(folder, error))?;
        let recorder = Recorder::new(happenings.clone()).without(Redactions::of(&app));
        let sink = recorded(&recorder, sink);
        let info = AppInfo::of(&app, scratch).map_err(NotOpened::App)?;
        let site = Site::new(&app, &url);
        let variables = site.variables(&app);
        let (told, ports) = (variables.clone(), debug::ports(debuggers));
        let beside = Beside { api: url.clone(), printed: printed(&sink), variables: told, debuggers: ports };
        let hosted = Hosted::start(info, Handle::current(), beside);
        let reaper = Arc::<Reaper>::default();
        let to_tell = Arc::clone(&sink);
        let house = Arc::new(House::of(&app, edges, strict, Arc::clone(&sink)));
        let (ends, is_capped) = (Arc::clone(&reaper), strict);
        let maker = Maker { url: &url, api, reaper: ends, sink, variables, paths, is_capped, debuggers };
        let endpoint = endpoint::info(&app, hosted.backend());
        let rust = maker.all(&app, hosted.backend(), &endpoint);
        let endpoint = rust.contains_key(&endpoint.worker).then_some(endpoint);
        let rules = app.workers.iter().map(|worker| (worker.name.to_string(), Rules::of(&worker.settings))).collect();
        let (time, later) = (clock.clone(), OnceLock::new());
        let (busy, awake) = (Busy::default(), Awake::new());
        let staying = awake.clone().stay();
        let engines =
            Engines { hosted, endpoint, rust, rules, house, clock: time, busy, awake, recorder, queue: later };
        let engines = Arc::new(engines);
        let queue = queue(&engines, &store, clock)?;
        let _ = engines.queue.set(Arc::clone(&queue));
        let backend: Arc<dyn Backend> = Arc::new(Observed::new(Arc::clone(&engines), engines.recorder.clone()));
        let desk = Desk::new(&app, url.clone(), engines.recorder.clone(), Arc::clone(&backend), Arc::clone(&queue));
        let means = (Arc::clone(&backend), happenings.clone(), Arc::clone(&to_tell));
        let triggers = Triggers::open(&app, site, &state, engines.clock.clone(), means)?;
        desk.trigger(Arc::clone(&triggers));
        let (further, work) =
            (router(&desk).merge(dashboard::router()).merge(triggers.router()), work(Arc::clone(&queue), to_tell));
        let mut tasks = vec![
            tokio::spawn(async move { drop(serve_beside(socket, backend, Access::Signed, further).await) }),
            tokio::spawn(work),
            tokio::spawn(staying),
        ];
        tasks.extend(triggers.start()?);
        let place = Place { name: app.name.to_string(), url: url.clone() };
        happenings.publish(Kind::AppStarted(place.clone()));
        let programs = Arc::new(copies);
        Ok(Self { url, store, queue, happenings, desk, engines, programs, reaper, writer, place, tasks })
    }

    /// What keeps its workers as new as their files, those of `crates` included, which are folders outside of the app that
    /// its Rust workers are compiled from, too.
    pub fn reloader(&self, app: &App, crates: &[PathBuf]) -> Result<Reloader, NotWatched> {
        Ok(self.reloader_of(app, Watch::start([app.root.clone()].into_iter().chain(crates.iter().cloned()))?))
    }

    /// The same for folders that are watched already: what was saved since then is taken over first.
    pub fn reloader_of(&self, app: &App, watch: Watch) -> Reloader {
        Reloader::new(app, Arc::clone(&self.engines), Arc::clone(&self.programs), watch)
    }

    /// Tells it that the call graph is another one from now on, as often as it is.
    pub fn knowing(&self) -> impl Fn(Edges) + Send + Sync + 'static + use<> {
        let (desk, house) = (Arc::clone(&self.desk), Arc::clone(&self.engines.house));
        move |edges| {
            desk.know(pairs(&edges));
            house.know(edges);
        }
    }

    /// Sends its invocations as spans from now on, until it is closed; told of a collector that takes none.
    pub fn traces(&self, settings: Settings, warn: Warn) -> io::Result<Traces> {
        let functions = self.engines.functions().into_iter().map(|info| {
            let FunctionInfo { worker, name, arn, memory, .. } = info;
            crate::traces::Function { worker, name, arn, memory }
        });
        Traces::start(settings, (&self.place.name, functions.collect()), &self.happenings, warn)
    }

    /// Readers of the stream learn that the code of these functions is being compiled.
    pub fn builds(&self, functions: Vec<String>) {
        self.happenings.publish(reloads::build(Progress::Started, functions, None, Vec::new()));
    }

    /// Readers of the stream learn that what runs is older than the app's files.
    pub fn not_built(&self, failed: &BuildFailed) {
        let messages = failed.messages.iter().chain(&failed.said).cloned().collect();
        self.happenings.publish(reloads::build(Progress::Failed, Vec::new(), None, messages));
    }

    /// Readers of the stream learn what became of a saved file.
    pub fn tell(&self, reload: &Reload) {
        for kind in reloads::kinds(reload) {
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
        self.happenings.publish(Kind::AppStopped(self.place));
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
async fn work(queue: Arc<Queue>, sink: Sink) {
    while let Err(fault) = Arc::clone(&queue).work().await {
        let text = format!("error: the queue of events has stopped for a second: {fault}");
        sink(Line { worker: "".into(), request_id: None, text });
        tokio::time::sleep(PAUSE).await;
    }
}

/// Each call, sorted.
fn pairs(edges: &Edges) -> Vec<Edge> {
    let pairs = edges.iter().flat_map(|(from, all)| all.iter().map(|to| (from.clone(), to.clone())));
    let sorted: BTreeSet<(String, String)> = pairs.collect();
    sorted.into_iter().map(|(from, to)| Edge { from, to }).collect()
}

/// The queue, which knows the engines as long as they are there.
fn queue(engines: &Arc<Engines>, store: &Arc<Store>, clock: Clock) -> Result<Arc<Queue>, Fault> {
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
fn stream(folder: &Path) -> io::Result<(Stream, Writer)> {
    std::fs::create_dir_all(folder)?;
    let stream = Stream::new(Bounds::default());
    let writer = Disk::in_folder(folder).write(&stream)?;
    Ok((stream, writer))
}

/// Takes lines into the stream before `sink` gets them.
fn recorded(recorder: &Recorder, sink: Sink) -> Sink {
    let recorder = recorder.clone();
    Arc::new(move |line| {
        recorder.printed(&line);
        sink(line);
    })
}

/// Takes what Python and JavaScript workers print into the same sink.
fn printed(sink: &Sink) -> Printed {
    let sink = Arc::clone(sink);
    Arc::new(move |worker, request_id, text| {
        sink(Line { worker: worker.into(), request_id: request_id.map(Into::into), text: text.to_owned() });
    })
}
