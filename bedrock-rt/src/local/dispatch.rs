//! From a call to the worker it names: resolving, limits, deadlines.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_build::{Catalog, Entry, FunctionName, Language};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::app::AppInfo;
use super::detach::Detach;
use super::events::Events;
use super::host::{Company, Hosts, NodePool, PythonPool};
use super::invocation::Invocation;
use super::rust::RustWorker;
use crate::context::Function;
use crate::limits::SYNC_PAYLOAD;
use crate::transport::{Call, Kind, Reply, Transport};
use crate::{Error, invoke};

/// The account in local ARNs. No real account has this number.
const ACCOUNT: &str = "000000000000";

/// All workers of an app, running here.
pub(crate) struct Local {
    pub(crate) app: AppInfo,
    pub(super) handle: Handle,
    pub(super) events: Events,
    pub(super) hosts: Arc<Hosts>,
    workers: HashMap<String, Worker>,
}

/// What is known of a worker whatever its language.
#[derive(Debug)]
pub(super) struct Info {
    pub(super) entry: Entry,
    pub(super) function: Arc<Function>,
    pub(super) timeout: Duration,
}

struct Worker {
    info: Arc<Info>,
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Rust(Arc<RustWorker>),
    Python(Arc<PythonPool>),
    Node(Arc<NodePool>),
    /// A Rust worker whose crate this program does not link.
    NotLinked,
}

impl Info {
    /// When the worker must have answered an invocation that starts now, and how long that is.
    pub(super) fn deadline(&self, invocation: &Invocation) -> (SystemTime, Duration) {
        let now = SystemTime::now();
        let own = now + self.timeout;
        let deadline = invocation.limit.map_or(own, |limit| limit.min(own));
        (deadline, deadline.duration_since(now).unwrap_or_default())
    }
}

impl Local {
    /// Sets up an app on the runtime of `handle`. Nothing is started before it is called.
    pub(crate) fn start(app: AppInfo, handle: Handle) -> Arc<Self> {
        Self::start_beside(app, handle, Company::None)
    }

    /// The same within something that has more to say.
    pub(super) fn start_beside(app: AppInfo, handle: Handle, company: Company) -> Arc<Self> {
        let hosts = Arc::new(Hosts::new(&app, handle.clone(), company));
        let workers = app
            .catalog
            .entries
            .iter()
            .map(|entry| (entry.name.clone(), worker(&app, entry, &hosts, &handle)))
            .collect();
        let local = Arc::new(Self { app, handle, events: Events::default(), hosts, workers });
        local.hosts.set_local(&local);
        local
    }

    /// For a program without `#[bedrock::main]`: a runtime of its own, which ends with the process.
    pub(crate) fn detached() -> Arc<dyn Transport> {
        match super::main_fn::runtime() {
            Ok(runtime) => {
                let local = Self::start(AppInfo::around(), runtime.handle().clone());
                // The runtime serves every later call, whatever thread or runtime that comes from.
                std::mem::forget(runtime);
                Arc::new(LocalTransport(local))
            }
            Err(error) => Arc::new(Broken(error.to_string())),
        }
    }

    pub(super) fn info(&self, target: &str) -> Result<Arc<Info>, Error> {
        self.find(target).map(|worker| Arc::clone(&worker.info))
    }

    /// The worker that a bare name, a function name or an ARN means.
    fn find(&self, target: &str) -> Result<&Worker, Error> {
        if let Some(worker) = self.workers.get(target) {
            return Ok(worker);
        }
        let function = FunctionName::parse(target).ok();
        let name = function.as_ref().map_or(target, |function| function.worker_of(self.app.name));
        self.workers.get(name).ok_or_else(|| not_found(target, name, &self.app.catalog))
    }

    /// Checks a call, then runs it or puts its event into the queue.
    async fn call(self: Arc<Self>, call: Call) -> Result<Bytes, Error> {
        let worker = self.find(call.target.as_str())?;
        invoke::check_size(&worker.info.entry.name, call.event.len(), call.kind)?;
        let (limit, trace) = call.caller.map_or((None, None), |caller| (Some(caller.deadline), caller.trace));
        let mut invocation = Invocation::new(call.event, trace);
        if call.kind == Kind::Event {
            // An event outlives whoever sent it.
            self.events.accept(&self, Arc::clone(&worker.info), invocation);
            return Ok(Bytes::new());
        }
        invocation.limit = limit;
        self.answer(worker, invocation).await
    }

    /// Runs one invocation for a caller who waits, and shows what the worker did wrong.
    async fn answer(&self, worker: &Worker, invocation: Invocation) -> Result<Bytes, Error> {
        let id = invocation.request_id.clone();
        let result = self.run(worker.engine.clone(), Arc::clone(&worker.info), invocation).await;
        if let Err(error @ Error::Function { .. }) = &result {
            self.hosts.output.failure(error, &id);
        }
        result
    }

    /// The same for a worker by its name.
    pub(super) async fn answer_named(&self, name: &str, invocation: Invocation) -> Result<Bytes, Error> {
        self.answer(self.find(name)?, invocation).await
    }

    /// Whether a worker can be started on this machine; the error is the one that a call would come to.
    pub(super) async fn can_run(&self, name: &str) -> Result<(), Error> {
        let worker = self.find(name)?;
        let finder = match &worker.engine {
            Engine::Rust(_) => return Ok(()),
            Engine::NotLinked => return Err(not_linked(&worker.info.entry)),
            Engine::Python(_) => &self.hosts.python,
            Engine::Node(_) => &self.hosts.node,
        };
        let found = finder.get(&self.app.scratch).await.map(drop);
        found.map_err(|(message, help)| Error::NotStarted { worker: name.to_owned(), message, help: Some(help) })
    }

    /// Puts new processes in the place of those that run a worker; see [`Hosted::replace`](super::Hosted::replace).
    pub(super) async fn replace(&self, name: &str) -> Result<bool, Error> {
        let replaced = match self.find(name)?.engine.clone() {
            Engine::Python(pool) => self.handle.spawn(pool.replace()),
            Engine::Node(pool) => self.handle.spawn(pool.replace()),
            Engine::Rust(_) | Engine::NotLinked => return Ok(false),
        };
        replaced.await.unwrap_or_else(|_| Err(stopping(name)))
    }

    /// Starts a process of a worker unless one runs; see [`Hosted::warm`](super::Hosted::warm).
    pub(super) async fn warm(&self, name: &str) -> Result<(), Error> {
        let warmed = match self.find(name)?.engine.clone() {
            Engine::Python(pool) => self.handle.spawn(pool.warm()),
            Engine::Node(pool) => self.handle.spawn(pool.warm()),
            Engine::Rust(_) | Engine::NotLinked => return Ok(()),
        };
        warmed.await.unwrap_or_else(|_| Err(stopping(name)))
    }

    /// Every worker, by name.
    pub(super) fn infos(&self) -> Vec<&Arc<Info>> {
        let mut infos: Vec<_> = self.workers.values().map(|worker| &worker.info).collect();
        infos.sort_by(|one, other| one.entry.name.cmp(&other.entry.name));
        infos
    }

    /// Runs one invocation of the worker called `name`, which is in the catalog.
    pub(super) async fn run_named(&self, name: &str, invocation: Invocation) -> Result<Bytes, Error> {
        let worker = self.find(name)?;
        self.run(worker.engine.clone(), Arc::clone(&worker.info), invocation).await
    }

    async fn run(&self, engine: Engine, info: Arc<Info>, invocation: Invocation) -> Result<Bytes, Error> {
        let limit = invocation.limit;
        let tail = invocation.tail.as_ref();
        let _collected = tail.map(|tail| self.hosts.output.tails().open(&invocation.request_id, tail));
        let response = match engine {
            Engine::Rust(worker) => worker.invoke(Arc::clone(&info), invocation).await?,
            Engine::NotLinked => return Err(not_linked(&info.entry)),
            Engine::Python(pool) => hosted(&info, limit, Detach::new(&self.handle, pool.invoke(invocation))).await?,
            Engine::Node(pool) => hosted(&info, limit, Detach::new(&self.handle, pool.invoke(invocation))).await?,
        };
        let name = &info.entry.name;
        if response.len() > SYNC_PAYLOAD { Err(response_too_large(name, response.len())) } else { Ok(response) }
    }
}

/// Waits for a host, which keeps the worker's own timeout, but never past the caller's deadline: starting takes time too.
async fn hosted(info: &Info, limit: Option<SystemTime>, call: Detach<Result<Bytes, Error>>) -> Result<Bytes, Error> {
    let Some(limit) = limit else { return call.await };
    let left = limit.duration_since(SystemTime::now()).unwrap_or_default();
    let timed_out = Error::Timeout { worker: info.entry.name.clone(), after: left };
    tokio::time::timeout(left, call).await.unwrap_or(Err(timed_out))
}

fn worker(app: &AppInfo, entry: &Entry, hosts: &Arc<Hosts>, handle: &Handle) -> Worker {
    let name = format!("{}-local-{}", app.name, entry.name);
    let function = Arc::new(Function {
        arn: arn(&name),
        version: "$LATEST".to_owned(),
        memory: entry.memory,
        log_group: format!("/aws/lambda/{name}"),
        log_stream: format!("local/[$LATEST]{}", crate::id::request_id().replace('-', "")),
        name,
    });
    let info = Arc::new(Info { entry: entry.clone(), function, timeout: Duration::from_secs(entry.timeout) });
    let engine = match entry.language {
        Language::Rust => {
            RustWorker::find(&entry.name, handle).map_or(Engine::NotLinked, |worker| Engine::Rust(Arc::new(worker)))
        }
        Language::Python => Engine::Python(Arc::new(PythonPool::new(Arc::clone(&info), Arc::clone(hosts)))),
        Language::JavaScript => Engine::Node(NodePool::new(Arc::clone(&info), Arc::clone(hosts))),
    };
    Worker { info, engine }
}

/// What a call gets that comes when the runtime ends.
pub(super) fn stopping(worker: &str) -> Error {
    let message = "the program is stopping".to_owned();
    Error::Transport { worker: worker.to_owned(), message, may_have_run: false }
}

/// The ARN of a function that has this name here.
pub fn arn(name: &str) -> String {
    let region = std::env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned());
    format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}")
}

fn not_found(target: &str, name: &str, catalog: &Catalog) -> Error {
    let help = catalog.nearest(name).map(|near| format!("a worker with a similar name exists: `{near}`"));
    Error::WorkerNotFound { worker: target.to_owned(), help }
}

fn not_linked(entry: &Entry) -> Error {
    Error::NotStarted {
        worker: entry.name.clone(),
        message: "its crate is not linked into this program".to_owned(),
        help: Some(format!("add `{} = {{ path = \"{}\" }}` to the app's `[dependencies]`", entry.name, entry.dir)),
    }
}

pub(super) fn response_too_large(worker: &str, bytes: usize) -> Error {
    Error::Function {
        worker: worker.to_owned(),
        error_type: "Function.ResponseSizeTooLarge".to_owned(),
        message: format!(
            "Response payload size ({bytes} bytes) exceeded maximum allowed payload size ({SYNC_PAYLOAD} bytes)."
        ),
        trace: Vec::new(),
    }
}

/// The transport of a process whose app runs here.
pub(crate) struct LocalTransport(pub(crate) Arc<Local>);

impl Transport for LocalTransport {
    fn call(&self, call: Call) -> Reply {
        Box::pin(Arc::clone(&self.0).call(call))
    }
}

/// Stands in when the local runtime cannot be started.
struct Broken(String);

impl Transport for Broken {
    fn call(&self, call: Call) -> Reply {
        let error = Error::NotStarted {
            worker: call.target.as_str().to_owned(),
            message: format!("failed to start the async runtime: {}", self.0),
            help: None,
        };
        Box::pin(async move { Err(error) })
    }
}
