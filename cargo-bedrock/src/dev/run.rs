//! The main loop of `dev`: runs one dev server after the other, until the user quits. A new server starts when the user
//! restarts it, or when the app's settings have changed.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bedrock_build::App;
use bedrock_dev::{Clock, DevServer, DevServerConfig, Reservation, StartError};
use tokio::signal::unix::{SignalKind, signal};

use super::compile::{Compiled, Compiler};
use super::debug::{self, DebugTarget};
use super::initial_build::{self, InitialState};
use super::keys::{self, KeyAction, KeyHandler};
use super::otlp;
use super::output::{Addresses, Output};
use super::reload::{self, ReloadContext};
use super::services::{ServiceOptions, Services};
use super::terminal::Keyboard;
use super::token_keys;
use super::waiting_executions::WaitingExecutions;
use crate::local_invoke::target_dir;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, ExitKind, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Options from the command line.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Clone)]
pub(crate) struct DevOptions {
    pub(crate) port: u16,
    pub(crate) host: IpAddr,
    pub(crate) clock: Clock,
    /// Reject what AWS would reject, instead of printing a warning.
    pub(crate) strict: bool,
    /// Print a warning where AWS denies access to a resource.
    pub(crate) relaxed: bool,
    /// Reload the app when files change.
    pub(crate) reload: bool,
    pub(crate) release: bool,
    /// Print JSON events instead of text, and read no keys.
    pub(crate) json: bool,
    /// Names of workers to attach a debugger to.
    pub(crate) debug: Vec<String>,
    /// Install the emulator of AWS services if it is missing.
    pub(crate) install_services: bool,
}

/// Number of open files that is enough. macOS refuses more, although its limit is `unlimited`.
const MAX_DESCRIPTORS: u64 = 10_240;
/// Time that running tasks have to end after a dev server has stopped.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the app until the user quits or a signal arrives.
pub(crate) fn run(app: &App, mut options: DevOptions, print: Printer) -> Result<()> {
    // Report a wrong setting before the app is compiled.
    otlp::settings()?;
    let targets = debug::targets(app, &options.debug)?;
    check_account_is_private(app, options.host)?;
    if !options.host.is_loopback() {
        print.warning(&exposed_host_warning(options.host));
    }
    raise_descriptor_limit();
    // Compiling takes long, and would be in vain if the port or the event queue belongs to another server.
    let mut reserved = Some(reserve(app, &options)?);
    let compiler = Compiler::new(options.release, debug::has_rust_target(&targets), print)?;
    let service_options = ServiceOptions { should_install: options.install_services, tools: compiler.tools(), print };
    let mut services = Services::start(app, service_options)?;
    let mut initial = InitialState::build(app, options.reload, &compiler, None)?;
    let mut app = app.clone();
    let mut output = Output::start(&app, options.json, print);
    let mut keyboard = if options.json { None } else { Keyboard::open() };
    let result = loop {
        let interface =
            UserInterface { output: &output, keyboard: &mut keyboard, targets: &targets, services: &services };
        token_keys::warn_if_missing(&app, print);
        // The server before a restart has released the port and the queue.
        let reservation = reserved.take().map_or_else(|| reserve(&app, &options), Ok);
        let reason = reservation.and_then(|reservation| {
            let start = ServerStart { initial, reservation };
            run_server(&app, &options, start, &compiler, interface)
        });
        match reason {
            Ok(ExitReason::Restart { port, next }) => {
                (app, initial) = *next;
                // Clients find the new server at the address of the old one.
                options.port = port;
            }
            Ok(ExitReason::Quit) => break Ok(()),
            Err(error) => break Err(error),
        }
        output = output.for_app(&app);
        if let Err(error) = check_account_is_private(&app, options.host) {
            print.error(&error);
            app.settings.dev.account = None;
        }
        services = services.for_app(&app, service_options);
    };
    output.finish();
    drop(keyboard);
    match result {
        Err(error) if error.kind != ExitKind::Interrupted => Err(error),
        _ => {
            print.done("stopped; unfinished events are kept");
            Ok(())
        }
    }
}

/// Reserves what no other server may have.
fn reserve(app: &App, options: &DevOptions) -> Result<Reservation> {
    let address = SocketAddr::from((options.host, options.port));
    Reservation::take(&bedrock_package::artifact_dir(app), address).map_err(|error| start_error(&error))
}

/// What a server starts with.
struct ServerStart {
    initial: InitialState,
    reservation: Reservation,
}

/// Runs one dev server on a tokio runtime of its own. Open connections end with the runtime and release the queue file.
fn run_server(
    app: &App,
    options: &DevOptions,
    start: ServerStart,
    compiler: &Compiler,
    interface: UserInterface<'_>,
) -> Result<ExitReason> {
    // One worker thread in addition to this one: handing an invocation from one thread to another takes longer than the
    // work that there is to do for it. Disk access and long computations run on blocking threads.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
    let reason = runtime.block_on(serve(app, options, start, compiler, interface));
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    reason
}

/// Why a dev server ended without an error.
enum ExitReason {
    Quit,
    /// A new server starts on `port`, with the app as it is on disk now.
    Restart {
        port: u16,
        next: Box<(App, InitialState)>,
    },
}

/// What the user sees, the keys that the user presses, and the workers that the user debugs.
struct UserInterface<'a> {
    output: &'a Output,
    /// `None` if there is no terminal.
    keyboard: &'a mut Option<Keyboard>,
    targets: &'a [DebugTarget],
    services: &'a Services,
}

async fn serve(
    app: &App,
    options: &DevOptions,
    start: ServerStart,
    compiler: &Compiler,
    interface: UserInterface<'_>,
) -> Result<ExitReason> {
    let ServerStart { initial, reservation } = start;
    let UserInterface { output, keyboard, targets, services } = interface;
    let mut shutdown = pin!(shutdown_signal()?);
    let InitialState { compiled, watch, failure } = initial;
    let Compiled { programs, calls } = compiled.clone();
    let order = DevServerConfig {
        app: services.applied_to(app),
        install_folder: target_dir(app)?.join("bedrock"),
        state_folder: bedrock_package::artifact_dir(app),
        port: options.port,
        clock: options.clock.clone(),
        executables: programs,
        log_sink: Arc::new(output.log_sink()),
        call_graph: calls.as_ref().map(|calls| calls.edges.clone()),
        strict: options.strict,
        relaxed: options.relaxed,
    };
    let debuggers = debug::debuggers(targets, app);
    let server = DevServer::start_with_account(order, reservation, &debuggers, services.of_account()).await;
    let server = server.map_err(|error| start_error(&error))?;
    let update_call_graph = reload::call_graph_updater(&server);
    if let Some(calls) = calls {
        update_call_graph(calls);
    }
    if let Some(failure) = &failure {
        server.report_build_failed(failure);
    }
    let exporter = otlp::start(otlp::settings()?.as_ref(), &server, compiler.printer())?;
    let is_interrupted = tokio::select! {
        () = &mut shutdown => true,
        () = server.install_dependencies() => false,
    };
    if is_interrupted {
        server.close();
        otlp::finish(exporter).await;
        return Ok(ExitReason::Quit);
    }
    let account = services.account_note();
    let addresses = Addresses { server: &server.url, services: services.url(), account: account.as_deref() };
    output.started(addresses, keyboard.is_some().then_some(keys::HELP));
    if let Some(failure) = &failure {
        output.build_failed(failure);
    }
    let port = server.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(options.port);
    let key_handler = KeyHandler { output, print: compiler.printer(), page: format!("{}/", server.url) };
    let waiting = WaitingExecutions::new(&services.applied_to(app), port, compiler, output);
    waiting.check_old_code(app);
    let reload_context = ReloadContext {
        server: &server,
        compiler,
        output,
        update_call_graph: &update_call_graph,
        compiled: &compiled,
        targets,
        waiting: &waiting,
    };
    let key_action = async {
        match key_handler.run(keyboard, || compiler.graph_text(app)).await {
            KeyAction::Quit => Ok(None),
            KeyAction::Restart => {
                let app = reopen(app, compiler.printer());
                initial_build::rebuild(app, options.reload, compiler, &compiled).await.map(Some)
            }
        }
    };
    let next = tokio::select! {
        () = &mut shutdown => Ok(None),
        next = key_action => next,
        next = reload_context.run(app, watch) => next.map(Some),
        result = debug::run(targets, &server, output, compiler.printer()) => result.map(|()| None),
    };
    server.close();
    otlp::finish(exporter).await;
    Ok(next?.map_or(ExitReason::Quit, |next| ExitReason::Restart { port, next: Box::new(next) }))
}

/// Allows this program more open files: each connection and each process of a worker needs some, and the default limit
/// of some systems is 256. The limit of the system itself stays.
fn raise_descriptor_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let allowed = maximum.map_or(MAX_DESCRIPTORS, |maximum| maximum.min(MAX_DESCRIPTORS));
    if current.is_some_and(|current| current < allowed) {
        // The program runs with fewer, too.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum });
    }
}

/// Returns a future that ends when SIGINT, SIGTERM or SIGHUP arrives. From this call on, these signals no longer end
/// the program.
pub(crate) fn shutdown_signal() -> Result<impl Future<Output = ()> + use<>> {
    let listen = |kind| signal(kind).map_err(|error| Error::io("failed to listen for Ctrl-C", &error));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

/// Returns the app as it is on disk now. If its settings are not valid, prints the problems and returns the old app.
fn reopen(app: &App, print: Printer) -> App {
    App::open(&app.root).unwrap_or_else(|problems| {
        print.error(&Error::problems(ExitKind::App, problems));
        app.clone()
    })
}

/// Refuses to sign requests with the credentials of the user on an address that others reach.
fn check_account_is_private(app: &App, host: IpAddr) -> Result<()> {
    if host.is_loopback() || app.settings.dev.account.is_none() {
        return Ok(());
    }
    let message = format!("`dev.profile` cannot be used with `--host {host}`");
    Err(Error::call(message)
        .cause("everyone who reaches it could use the credentials")
        .help("remove `dev.profile`, or leave out `--host`"))
}

fn exposed_host_warning(host: IpAddr) -> String {
    format!(
        "everyone who can reach {host} can call every worker of this app, read its payloads, responses and logs, and so \
         do on this machine whatever the workers can do; nothing is encrypted, and any credentials are accepted"
    )
}

fn start_error(start_error: &StartError) -> Error {
    let error = Error::call(start_error.to_string());
    match start_error {
        StartError::Port(address, cause) if cause.kind() == std::io::ErrorKind::AddrInUse => {
            Error::call(format!("port {} is already in use", address.port()))
                .help("choose another port with `--port 7071`, or any free one with `--port 0`")
        }
        _ => match start_error.help() {
            Some(help) => error.help(help),
            None => error,
        },
    }
}
