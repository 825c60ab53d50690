//! A single invocation, for `cargo bedrock invoke`. It runs in the app's program, or in that of cargo bedrock if the
//! app has no Rust workers.

use std::io::{Read, Write};
use std::sync::Arc;

use bytes::Bytes;

use super::app_info::AppInfo;
use super::async_events::DRAIN_TIMEOUT;
use super::async_runtime;
use super::dispatch::{LocalApp, LocalTransport};
use super::linked_worker::no_linked_worker;
use super::shutdown::{handle_signals, shutdown_requested};
use super::start::start;
use super::stderr::print_error;
use bedrock_model::Error;
use bedrock_model::transport::{Call, InvocationType, Target, Transport};

/// Environment variable of the app: the worker to invoke once. The app then reads the event from the standard input.
pub const WORKER_VARIABLE: &str = "BEDROCK_INVOKE";
/// Environment variable of the app: `1` for a fire-and-forget call.
pub const EVENT_VARIABLE: &str = "BEDROCK_INVOKE_EVENT";

/// Environment variable of the app: the names of the workers that the worker may call, separated by commas.
pub const CALLEES_VARIABLE: &str = "BEDROCK_INVOKE_CALLEES";

/// Environment variable of the app: the file for the response. What Rust workers print then goes to the same place as
/// everything else, and the file contains only the response.
pub const RESPONSE_VARIABLE: &str = "BEDROCK_INVOKE_RESPONSE";

/// Exit code after Ctrl-C: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// The invocation to make.
#[derive(Debug, Clone)]
pub struct SingleInvocation {
    /// The worker.
    pub worker: String,
    /// The event, JSON.
    pub event: Vec<u8>,
    /// Whether the call is fire-and-forget, with retries.
    pub fire_and_forget: bool,
    /// The workers that it may call. Their dependencies are installed before the invocation, as those of the worker are: a
    /// worker waits no longer for another one than its own timeout.
    pub callees: Vec<String>,
}

/// Returns the invocation that the environment variables request. `None` if they request none.
pub fn requested() -> Option<SingleInvocation> {
    let worker = std::env::var(WORKER_VARIABLE).ok()?;
    let mut event = Vec::new();
    // An event that cannot be read is empty, and the worker rejects it.
    let _ = std::io::stdin().read_to_end(&mut event);
    let callees = std::env::var(CALLEES_VARIABLE).unwrap_or_default();
    let callees = callees.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let fire_and_forget = std::env::var_os(EVENT_VARIABLE).is_some();
    Some(SingleInvocation { worker, event, fire_and_forget, callees })
}

/// Invokes a Python or JavaScript worker once, in this process. The response goes to stdout, everything else to stderr.
///
/// Returns the exit code: 0 if the worker responded, 1 if it failed, 2 if it could not be called, 130 after Ctrl-C.
pub fn run_single_invocation(app: AppInfo, invocation: SingleInvocation) -> u8 {
    let runtime = match async_runtime::start() {
        Ok(runtime) => runtime,
        Err(error) => {
            print_error(&format!("error: failed to start the async runtime: {error}"));
            return 2;
        }
    };
    let app = start(app, runtime.handle().clone(), no_linked_worker);
    let code = runtime.block_on(async {
        handle_signals();
        run(&app, invocation).await
    });
    app.hosts.kill_all();
    app.hosts.output.flush();
    runtime.shutdown_background();
    code
}

/// Makes the invocation and returns the exit code of [`run_single_invocation`].
pub async fn run(app: &Arc<LocalApp>, invocation: SingleInvocation) -> u8 {
    tokio::select! {
        failed = install(app, &invocation) => if let Some(error) = failed {
            return print_call_error(app, &error);
        },
        () = shutdown_requested(1) => return INTERRUPTED,
    }
    let event = Bytes::from(invocation.event);
    let invoke = async {
        if !invocation.fire_and_forget {
            return app.run_for_caller(&invocation.worker, event).await;
        }
        let target = Target::Any(invocation.worker);
        let call = Call { target, event, kind: InvocationType::Event, caller: None };
        LocalTransport(Arc::clone(app)).call(call).await
    };
    tokio::select! {
        reply = invoke => match reply {
            Ok(_) if invocation.fire_and_forget => wait_for_event(app).await,
            Ok(response) => print_response(&response),
            Err(error) => print_call_error(app, &error),
        },
        () = shutdown_requested(1) => INTERRUPTED,
    }
}

/// Installs the dependencies of the worker and of those that it may call. Returns why the worker cannot run. What its callees lack
/// is a warning, because it may not call them.
async fn install(app: &LocalApp, invocation: &SingleInvocation) -> Option<Error> {
    let SingleInvocation { worker, callees, .. } = invocation;
    let is_wanted = |name: &str| name == worker || callees.iter().any(|callee| callee == name);
    app.print_build_warnings(worker);
    let mut fatal = None;
    for (name, error) in app.install_dependencies_of(is_wanted).await {
        if name == *worker {
            fatal = Some(error);
        } else {
            app.print_warning(&error);
        }
    }
    fatal
}

async fn wait_for_event(app: &LocalApp) -> u8 {
    app.hosts.output.print("accepted");
    tokio::select! {
        result = app.events.drain(DRAIN_TIMEOUT) => u8::from(result.failed + result.unfinished > 0),
        () = shutdown_requested(1) => INTERRUPTED,
    }
}

fn print_response(response: &[u8]) -> u8 {
    if let Some(path) = std::env::var_os(RESPONSE_VARIABLE) {
        return match std::fs::write(&path, response) {
            Ok(()) => 0,
            Err(error) => {
                print_error(&format!("error: failed to write `{}`: {error}", path.display()));
                2
            }
        };
    }
    let mut out = std::io::stdout().lock();
    // A closed pipe is not an error: the reader has read as much as it needs.
    let _ = out.write_all(response).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    0
}

fn print_call_error(app: &LocalApp, error: &Error) -> u8 {
    app.hosts.output.flush();
    let mut text = match error {
        // The stack trace was already printed with the log lines of the worker.
        Error::Function { worker, error_type, message, .. } => {
            format!("error: worker `{worker}` failed\n  caused by: {error_type}: {message}")
        }
        other => format!("error: {other}"),
    };
    if let Some(help) = error.help() {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    print_error(&text);
    if error.may_have_run() { 1 } else { 2 }
}
