//! `dev`: compiles the app's programs, opens the workshop with them, keeps them as new as their files, and shows what
//! happens until the user has enough. What the workshop does is in `bedrock-dev`.
//!
//! | module | does |
//! | --- | --- |
//! | `begun` | what a workshop begins with: the programs, and the files that are watched |
//! | `compile` | the programs and the calls that are in them |
//! | `reload` | from a saved file to the workshop, and to the next one |
//! | `show` | lines on the terminal, for people and machines |
//! | `stop` | Ctrl-C |
//! | `terminal`, `keys`, `browser` | keys, and what they do |
//! | `debug` | workers that a debugger looks into |
//! | `traces` | whether a collector wants them |

mod begun;
mod browser;
mod compile;
mod debug;
mod keys;
mod reload;
mod show;
mod stop;
mod terminal;
mod traces;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bedrock_build::App;
use bedrock_dev::{Clock, Fault as QueueFault, NotOpened, Order, Workshop};

use crate::build;
use crate::local_invoke::target_dir;
use crate::print::Printer;
use bedrock_diagnostics::{Error, ExitKind, Result};
use begun::Begun;
use compile::{Compiled, Compiler};
use debug::Target;
use keys::{Asked, Keys};
use reload::Reloading;
use show::Show;
use terminal::Keyboard;

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
    /// JSON for machines instead of words for people, and no keys.
    pub(crate) json: bool,
    /// Workers that a debugger looks into.
    pub(crate) debug: Vec<String>,
}

/// How long what is still at work may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs the app until a signal comes.
pub(crate) fn run(app: &App, mut wish: Wish, print: Printer) -> Result<()> {
    // Before anything is compiled for it.
    traces::wanted()?;
    let targets = debug::targets(app, &wish.debug)?;
    if !wish.host.is_loopback() {
        print.warning(&open_to_others(wish.host));
    }
    let compiler = Compiler::new(wish.release, debug::want_programs(&targets), print)?;
    let mut begun = Begun::of(app, wish.reload, &compiler, None)?;
    let (mut app, mut show) = (app.clone(), Show::start(app, wish.json, print));
    let mut keyboard = if wish.json { None } else { Keyboard::open() };
    let result = loop {
        match one(&app, &wish, begun, &compiler, (&show, &mut keyboard, &targets)) {
            // Whoever knows the address finds the app there again.
            Ok(Ended { port, other: Some((other, now)) }) => (app, wish.port, begun) = (other, port, now),
            Ok(Ended { other: None, .. }) => break Ok(()),
            Err(error) => break Err(error),
        }
        show = show.of(&app);
    };
    show.finish();
    drop(keyboard);
    match result {
        Err(error) if error.kind != ExitKind::Interrupted => Err(error),
        _ => {
            print.done("stopped; events that were not finished are kept");
            Ok(())
        }
    }
}

/// One workshop, on a runtime of its own: what is still connected to it ends with it, and so lets go of the queue.
fn one(app: &App, wish: &Wish, begun: Begun, compiler: &Compiler, user: User<'_>) -> Result<Ended> {
    // One thread besides this one: handing an invocation on from one thread to another takes longer than what there is to do
    // for it. Who has to wait for a disk or computes for long does that elsewhere.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
    let ended = runtime.block_on(serve(app, wish, begun, compiler, user));
    runtime.shutdown_timeout(PATIENCE);
    ended
}

/// What there is to do after a workshop.
struct Ended {
    port: u16,
    /// The app as its settings have become; nothing if the user asked to stop.
    other: Option<(App, Begun)>,
}

/// What the user sees, presses and debugs.
type User<'a> = (&'a Show, &'a mut Option<Keyboard>, &'a [Target]);

async fn serve(app: &App, wish: &Wish, begun: Begun, compiler: &Compiler, user: User<'_>) -> Result<Ended> {
    let (show, keyboard, targets) = user;
    let stop = stop::requested()?;
    let Begun { found, watch, failed } = begun;
    let Compiled { programs, calls } = found.clone();
    let order = Order {
        app: app.clone(),
        scratch: target_dir(app)?.join("bedrock"),
        state: build::folder(app),
        port: wish.port,
        clock: wish.clock.clone(),
        programs,
        sink: Arc::new(show.sink()),
        edges: calls.as_ref().map(|calls| calls.edges.clone()),
        strict: wish.strict,
    };
    let debuggers = debug::debuggers(targets, app);
    let workshop = Workshop::open_at(order, wish.host, &debuggers).await.map_err(|why| not_opened(&why))?;
    let know = reload::know(&workshop);
    if let Some(calls) = calls {
        know(calls);
    }
    if let Some(failed) = &failed {
        workshop.not_built(failed);
    }
    let sent = traces::start(traces::wanted()?.as_ref(), &workshop, compiler.print())?;
    show.opened(&workshop.url, keyboard.is_some());
    if let Some(failed) = &failed {
        show.not_built(failed);
    }
    let port = workshop.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(wish.port);
    let keys = Keys { show, print: compiler.print(), page: format!("{}/", workshop.url) };
    let reloading = Reloading { workshop: &workshop, compiler, show, know: &know, found: &found, targets };
    let asked = async {
        match keys.obey(keyboard, || compiler.picture(app)).await {
            Asked::Quit => Ok(None),
            Asked::Restart => begun::anew(again(app, compiler.print()), wish.reload, compiler, &found).await.map(Some),
        }
    };
    let other = tokio::select! {
        () = stop => Ok(None),
        other = asked => other,
        other = reloading.run(app, watch) => other.map(Some),
        failed = debug::run(targets, &workshop, (show, compiler.print())) => failed.map(|()| None),
    };
    workshop.close();
    traces::finish(sent).await;
    other.map(|other| Ended { port, other })
}

/// The app as it is on disk now, or as it was where that is none.
fn again(app: &App, print: Printer) -> App {
    App::open(&app.root).unwrap_or_else(|problems| {
        print.error(&Error::problems(ExitKind::App, problems));
        app.clone()
    })
}

/// What it means to listen on an address that others reach.
fn open_to_others(host: IpAddr) -> String {
    format!(
        "whoever reaches {host} can call every worker of this app, read what they get, answer and print, and so do on this \
         machine what they can do; nothing is encrypted, and any credentials will do"
    )
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
