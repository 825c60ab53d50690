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

use std::sync::Arc;
use std::time::Duration;

use bedrock_build::App;
use bedrock_dev::{Affected, Clock, Edges, Fault as QueueFault, NotOpened, NotWatched, Order, Reload, Workshop};

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
    let compiler = Compiler::new(wish.release, print)?;
    let mut found = compiler.first(app)?;
    let (mut app, mut show) = (app.clone(), Show::start(app, wish.json, print));
    let result = loop {
        match one(&app, &wish, found.clone(), &compiler, &show) {
            // Whoever knows the address finds the app there again.
            Ok(Ended { port, other: Some(other) }) => (app, wish.port) = (other, port),
            Ok(Ended { other: None, .. }) => break Ok(()),
            Err(error) => break Err(error),
        }
        show = show.of(&app);
        match compiler.first(&app) {
            Ok(now) => found = now,
            // What was there serves on, until it compiles.
            Err(error) if error.fault == Fault::App => print.error(&error),
            Err(error) => break Err(error),
        }
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
fn one(app: &App, wish: &Wish, found: Compiled, compiler: &Compiler, show: &Show) -> Result<Ended> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
    let ended = runtime.block_on(serve(app, wish, found, compiler, show));
    runtime.shutdown_timeout(PATIENCE);
    ended
}

/// What there is to do after a workshop.
struct Ended {
    port: u16,
    /// The app as its settings have become; nothing if the user asked to stop.
    other: Option<App>,
}

async fn serve(app: &App, wish: &Wish, found: Compiled, compiler: &Compiler, show: &Show) -> Result<Ended> {
    let stop = stop::requested()?;
    let Compiled { programs, edges } = found;
    let functions: Vec<String> = programs.keys().cloned().collect();
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
    let workshop = Workshop::open(order).await.map_err(|why| not_opened(&why))?;
    let know: Arc<Know> = Arc::new(workshop.knowing());
    if let Some(edges) = edges {
        know(edges);
    }
    show.opened(&workshop.url);
    let port = workshop.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(wish.port);
    let other = tokio::select! {
        () = stop => Ok(None),
        ended = reload(app, wish, &workshop, compiler, (show, &know, &functions)) => ended,
    };
    workshop.close();
    other.map(|other| Ended { port, other })
}

/// Takes over what is saved until the app has become another one, which it gives.
async fn reload(
    app: &App,
    wish: &Wish,
    workshop: &Workshop,
    compiler: &Compiler,
    (show, know, functions): (&Show, &Arc<Know>, &[String]),
) -> Result<Option<App>> {
    if !wish.reload {
        return std::future::pending().await;
    }
    // Whatever is wrong with the workspace, cargo has said it.
    let outside = Workspace::of(app).map(|workspace| workspace.outside(app)).unwrap_or_default();
    let reloader = workshop.reloader(app, &outside).map_err(|why| not_watched(&why))?;
    let build = |_: Affected| {
        workshop.builds(functions.to_vec());
        compiler.again(app)
    };
    let told = |reload: Reload| {
        show.reload(&reload);
        workshop.tell(&reload);
        let (edges, know) = (compiler.edges(app), Arc::clone(know));
        tokio::spawn(async move { edges.await.map(|edges| know(edges)) });
    };
    match reloader.run(build, told).await {
        Some(other) => Ok(Some(other)),
        // Files that cannot be watched any longer are no reason to stop.
        None => std::future::pending().await,
    }
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
