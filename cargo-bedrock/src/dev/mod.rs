//! `dev`: compiles the app's programs, opens the workshop with them, keeps them as new as their files, and shows what
//! happens until the user has enough. What the workshop does is in `bedrock-dev`.
//!
//! | module | does |
//! | --- | --- |
//! | `compile` | the programs and the calls that are in them |
//! | `show` | lines on the terminal, for people and machines |
//! | `stop` | Ctrl-C |

mod compile;
mod show;
mod stop;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bedrock_build::App;
use bedrock_dev::{Affected, Clock, Edges, Fault as QueueFault, NotOpened, NotWatched, Order, Reload, Watch, Workshop};

use crate::build::{self, Workspace};
use crate::error::{Error, Fault, Result};
use crate::local_invoke::target_dir;
use crate::print::Printer;
use compile::{Compiled, Compiler};
use show::Show;

/// What the command line asks for.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) port: u16,
    pub(crate) host: IpAddr,
    pub(crate) clock: Clock,
    /// Refuse what AWS would refuse, instead of warning.
    pub(crate) strict: bool,
    /// Take over what is saved.
    pub(crate) reload: bool,
    pub(crate) release: bool,
    /// JSON for machines instead of words for people.
    pub(crate) json: bool,
}

/// How long what is still at work may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs the app until a signal comes.
pub(crate) fn run(app: &App, mut wish: Wish, print: Printer) -> Result<()> {
    if !wish.host.is_loopback() {
        print.warning(&open_to_others(wish.host));
    }
    let compiler = Compiler::new(wish.release, print)?;
    let mut begun = Begun::of(app, wish.reload, &compiler, &Compiled::nothing())?;
    let (mut app, mut show) = (app.clone(), Show::start(app, wish.json, print));
    let result = loop {
        match one(&app, &wish, begun, &compiler, &show) {
            // Whoever knows the address finds the app there again.
            Ok(Ended { port, other: Some((other, now)) }) => (app, wish.port, begun) = (other, port, now),
            Ok(Ended { other: None, .. }) => break Ok(()),
            Err(error) => break Err(error),
        }
        show = show.of(&app);
    };
    show.finish();
    match result {
        Err(error) if error.fault != Fault::Interrupted => Err(error),
        _ => {
            print.done("stopped; events that were not finished are kept");
            Ok(())
        }
    }
}

/// One workshop, on a runtime of its own: what is still connected to it ends with it, and so lets go of the queue.
fn one(app: &App, wish: &Wish, begun: Begun, compiler: &Compiler, show: &Show) -> Result<Ended> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
    let ended = runtime.block_on(serve(app, wish, begun, compiler, show));
    runtime.shutdown_timeout(PATIENCE);
    ended
}

/// What there is to do after a workshop.
struct Ended {
    port: u16,
    /// The app as its settings have become; nothing if the user asked to stop.
    other: Option<(App, Begun)>,
}

/// What a workshop begins with.
struct Begun {
    found: Compiled,
    /// Since before it was compiled: what is saved meanwhile is not lost.
    watch: Option<Watch>,
}

impl Begun {
    /// Compiles an app. If that fails and files are watched, what there was `before` has to do until it compiles.
    fn of(app: &App, is_watched: bool, compiler: &Compiler, before: &Compiled) -> Result<Self> {
        // Whatever is wrong with the workspace, cargo will say it.
        let outside = || Workspace::of(app).map(|workspace| workspace.outside(app)).unwrap_or_default();
        let folders = || [app.root.clone()].into_iter().chain(outside());
        let watch = is_watched.then(|| Watch::start(folders())).transpose();
        let mut watch = watch.map_err(|why| not_watched(&why))?;
        let found = match compiler.first(app) {
            Ok(found) => found,
            Err(error) if error.fault == Fault::App && is_watched => {
                compiler.complain(&error);
                before.clone()
            }
            Err(error) => return Err(error),
        };
        watch.iter_mut().for_each(Watch::compiled);
        Ok(Self { found, watch })
    }
}

async fn serve(app: &App, wish: &Wish, begun: Begun, compiler: &Compiler, show: &Show) -> Result<Ended> {
    let stop = stop::requested()?;
    let Begun { found, watch } = begun;
    let Compiled { programs, edges } = found.clone();
    let order = Order {
        app: app.clone(),
        scratch: target_dir(app)?.join("bedrock"),
        state: build::folder(app),
        port: wish.port,
        clock: wish.clock.clone(),
        programs,
        sink: Arc::new(show.sink()),
        edges: edges.clone(),
        strict: wish.strict,
    };
    let workshop = Workshop::open_at(order, wish.host).await.map_err(|why| not_opened(&why))?;
    let know: Arc<Know> = Arc::new(workshop.knowing());
    if let Some(edges) = edges {
        know(edges);
    }
    show.opened(&workshop.url);
    let port = workshop.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(wish.port);
    let other = tokio::select! {
        () = stop => Ok(None),
        ended = reload(app, watch, &workshop, compiler, (show, &know, &found)) => ended,
    };
    workshop.close();
    other.map(|other| Ended { port, other })
}

/// Takes over what is saved until the app has become another one, which it gives once that is compiled.
async fn reload(
    app: &App,
    watch: Option<Watch>,
    workshop: &Workshop,
    compiler: &Compiler,
    (show, know, found): (&Show, &Arc<Know>, &Compiled),
) -> Result<Option<(App, Begun)>> {
    let Some(watch) = watch else { return std::future::pending().await };
    let reloader = workshop.reloader_of(app, watch);
    let build = |_: Affected| {
        workshop.builds(found.programs.keys().cloned().collect());
        compiler.again(app)
    };
    let told = |reload: Reload| {
        show.reload(&reload);
        workshop.tell(&reload);
        let (edges, know) = (compiler.edges(app), Arc::clone(know));
        tokio::spawn(async move { edges.await.map(|edges| know(edges)) });
    };
    match reloader.run(build, told).await {
        Some(other) => {
            // The app as it was serves on meanwhile.
            let (compiler, before, next) = (compiler.clone(), found.clone(), other.clone());
            let begun = tokio::task::spawn_blocking(move || Begun::of(&next, true, &compiler, &before)).await;
            let begun = begun.map_err(|_| Error::call("the build ended early"))?;
            Ok(Some((other, begun?)))
        }
        // Files that cannot be watched any longer are no reason to stop.
        None => std::future::pending().await,
    }
}

/// What it means to listen on an address that others reach.
fn open_to_others(host: IpAddr) -> String {
    format!(
        "whoever reaches {host} can call every worker of this app, read what they get, answer and print, and so do on this \
         machine what they can do; nothing is encrypted, and any credentials will do"
    )
}

/// Tells the workshop of another call graph.
type Know = dyn Fn(Edges) + Send + Sync;

fn not_watched(why: &NotWatched) -> Error {
    let error = Error::call(why.to_string());
    match why.help() {
        Some(help) => error.help(help),
        None => error.help("run it without: `cargo bedrock dev --no-reload`"),
    }
}

fn not_opened(why: &NotOpened) -> Error {
    let error = Error::call(why.to_string());
    match why {
        NotOpened::Port(address, cause) if cause.kind() == std::io::ErrorKind::AddrInUse => {
            Error::call(format!("port {} is taken", address.port()))
                .help("choose another with `--port 7071`, or any free one with `--port 0`")
        }
        NotOpened::Queue(QueueFault::Taken(_)) => error.help("stop the other `cargo bedrock dev` of this app first"),
        _ => error,
    }
}
