//! `dev`: compiles the app's programs, opens the workshop with them, and shows what happens in it until the user has
//! enough. What the workshop does is in `bedrock-dev`.

mod show;
mod stop;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use bedrock_build::App;
use bedrock_dev::{Clock, ENDPOINT, Fault as QueueFault, NotOpened, Order, Workshop};

use crate::build::{self, Function};
use crate::error::{Error, Result};
use crate::local_invoke::target_dir;
use crate::print::{Printer, Progress};
use crate::tool::Tools;
use show::Show;

/// What the command line asks for.
pub(crate) struct Wish {
    pub(crate) port: u16,
    pub(crate) clock: Clock,
    pub(crate) release: bool,
    /// JSON for machines instead of words for people.
    pub(crate) json: bool,
}

/// Runs the app until a signal comes.
pub(crate) fn run(app: &App, wish: Wish, print: Printer) -> Result<()> {
    // Words, on standard error: the first line for machines is where the app is found.
    let progress = Progress::new(print, false, false);
    let programs = build::compiled(app, wish.release, &progress, print, &Tools::watch()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
    let show = Show::start(app, wish.json, print);
    let result = runtime.block_on(serve(app, wish, by_name(programs), &show, print));
    // A worker that never gives its thread back must not keep the program.
    runtime.shutdown_background();
    show.finish();
    result
}

async fn serve(app: &App, wish: Wish, programs: HashMap<String, PathBuf>, show: &Show, print: Printer) -> Result<()> {
    let stop = stop::requested()?;
    let order = Order {
        app: app.clone(),
        scratch: target_dir(app)?.join("bedrock"),
        state: build::folder(app),
        port: wish.port,
        clock: wish.clock,
        programs,
        sink: Arc::new(show.sink()),
    };
    let workshop = Workshop::open(order).await.map_err(|why| not_opened(&why))?;
    show.opened(&workshop.url);
    stop.await;
    workshop.close();
    print.done("stopped; events that were not finished are kept");
    Ok(())
}

fn by_name(programs: BTreeMap<Function, PathBuf>) -> HashMap<String, PathBuf> {
    let name = |function| match function {
        Function::Endpoint => ENDPOINT.to_owned(),
        Function::Worker(name) => name.to_string(),
    };
    programs.into_iter().map(|(function, path)| (name(function), path)).collect()
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
