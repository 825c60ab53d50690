//! A whole app at work: its functions, its queue, and Lambda's API on one port.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bedrock::local::service::{Access, Backend, serve_on};
use bedrock::local::{AppInfo, Hosted, Reaper};
use bedrock_build::{App, Language, Worker};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::Clock;
use crate::engines::Engines;
use crate::queue::{Fault, Queue, Rules, Store};
use crate::runtime::{Function, Program, RuntimeApi, Sink};

/// What a workshop is made of.
pub struct Order {
    /// The app.
    pub app: App,
    /// Where files may be written: `target/bedrock`.
    pub scratch: PathBuf,
    /// The port of 127.0.0.1, 0 for a free one.
    pub port: u16,
    /// For the pauses and ages of events.
    pub clock: Clock,
    /// The programs of Rust workers, built for Lambda, by the workers' names.
    pub programs: HashMap<String, PathBuf>,
    /// Takes what Rust workers print.
    pub sink: Sink,
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
    engines: Arc<Engines>,
    reaper: Arc<Reaper>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workshop {
    /// Opens it on the runtime that this is called on. Workers are started when they are first called.
    pub async fn open(order: Order) -> Result<Self, NotOpened> {
        let Order { app, scratch, port, clock, programs, sink } = order;
        std::fs::create_dir_all(&scratch).map_err(|error| NotOpened::Folder(scratch.clone(), error))?;
        let store = Arc::new(Store::own(&scratch.join("queue.sqlite"))?);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let not_bound = |error| NotOpened::Port(address, error);
        let listener = TcpListener::bind(address).await.map_err(not_bound)?;
        let url = format!("http://{}", listener.local_addr().map_err(not_bound)?);
        let api = RuntimeApi::start().await.map_err(not_bound)?;
        let info = AppInfo::of(&app, scratch).map_err(NotOpened::App)?;
        let hosted = Hosted::start(info, Handle::current(), url.clone());
        let reaper = Arc::<Reaper>::default();
        let function = |worker: &Worker| {
            let path = programs.get(worker.name.as_str())?.clone();
            let function = hosted.backend().find(worker.name.as_str()).ok()?;
            let region = function.arn.split(':').nth(3).unwrap_or_default().to_owned();
            let program = Program {
                path,
                folder: app.root.join(&worker.dir),
                variables: variables(worker, &url, region),
                function,
            };
            Some((worker.name.to_string(), Function::new(program, api.clone(), Arc::clone(&reaper), Arc::clone(&sink))))
        };
        let rust = app.workers.iter().filter(|worker| worker.language == Language::Rust).filter_map(function).collect();
        let rules = app.workers.iter().map(|worker| (worker.name.to_string(), rules(worker))).collect();
        let engines = Arc::new(Engines { hosted, rust, rules, clock: clock.clone(), queue: OnceLock::new() });
        let queue = queue(&engines, &store, clock)?;
        let _ = engines.queue.set(Arc::clone(&queue));
        let (backend, work) = (Arc::clone(&engines) as Arc<dyn Backend>, Arc::clone(&queue).work());
        let tasks = vec![
            tokio::spawn(async move { drop(serve_on(listener, backend, Access::Signed).await) }),
            tokio::spawn(async move { drop(work.await) }),
        ];
        Ok(Self { url, store, queue, engines, reaper, tasks })
    }

    /// Ends all processes. Events that are not done stay in the queue's file.
    pub fn close(self) {
        for task in &self.tasks {
            task.abort();
        }
        self.engines.hosted.end();
        self.reaper.finish();
    }
}

/// The queue, which knows the engines as long as they are there.
fn queue(engines: &Arc<Engines>, store: &Arc<Store>, clock: Clock) -> Result<Arc<Queue>, Fault> {
    let (runs, knows) = (Arc::downgrade(engines), Arc::downgrade(engines));
    let run = move |event| match runs.upgrade() {
        Some(engines) => engines.attempt(event),
        // Nobody writes down what came of it; the next program finds the event as it was.
        None => Box::pin(std::future::pending()),
    };
    Queue::new(Arc::clone(store), clock, run, move |destination| knows.upgrade()?.resolve(destination))
}

/// Of a Rust worker's process, besides those that Lambda sets for every function.
fn variables(worker: &Worker, url: &str, region: String) -> Vec<(String, String)> {
    let own = worker.settings.environment.clone();
    let ours = [
        ("AWS_ENDPOINT_URL_LAMBDA", url.to_owned()),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
    ];
    own.into_iter().chain(ours.map(|(name, value)| (name.to_owned(), value))).collect()
}

fn rules(worker: &Worker) -> Rules {
    let settings = &worker.settings;
    Rules {
        retries: u32::try_from(settings.retries).unwrap_or(2),
        max_age: settings.event_age,
        on_failure: settings.on_failure.clone(),
        on_success: None,
    }
}
