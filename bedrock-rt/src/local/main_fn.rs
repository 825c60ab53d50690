//! The `main` of an app on the developer's machine: runtime, body, pending events, host processes.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::log_capture::StderrLog;
use super::rust_worker::find_linked_worker;
use super::serve::IS_SERVING;
use crate::logging;
use crate::main_result::{MainResult, exit_code};
use crate::stderr::print_error;
use bedrock_local::{
    AppInfo, DRAIN_TIMEOUT, LocalApp, LocalTransport, handle_signals, is_api_configured, requested_invocation,
    run_invocation, shutdown_requested, start, start_async_runtime, start_services,
};
use bedrock_model::transport::Transport;

/// How long a server that was asked to stop may take to answer its running requests.
const GRACE_PERIOD: Duration = Duration::from_secs(10);
/// Exit code after a second Ctrl-C: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Runs the body of an app's `main`, or the single invocation that `cargo bedrock invoke` requests. `install` sets the
/// transport of the process.
pub(crate) fn main<F>(app: AppInfo, body: F, install: impl FnOnce(Arc<dyn Transport>)) -> ExitCode
where
    F: Future,
    F::Output: MainResult,
{
    if let Err(error) = start_services(&app) {
        return exit_code(Err(error));
    }
    let runtime = match start_async_runtime() {
        Ok(runtime) => runtime,
        Err(error) => return exit_code(Err(format!("failed to start the async runtime: {error}"))),
    };
    let app = start(app, runtime.handle().clone(), find_linked_worker);
    install(Arc::new(LocalTransport(Arc::clone(&app))));
    let code = runtime.block_on(async {
        handle_signals();
        match requested_invocation() {
            Some(invocation) => {
                logging::init(StderrLog);
                ExitCode::from(run_invocation(&app, invocation).await)
            }
            None => run_body(&app, body).await,
        }
    });
    app.hosts.kill_all();
    app.hosts.output.flush();
    // A worker that never returns its thread must not keep the program alive.
    runtime.shutdown_background();
    code
}

async fn run_body<F>(app: &Arc<LocalApp>, body: F) -> ExitCode
where
    F: Future,
    F::Output: MainResult,
{
    app.hosts.find_interpreters_in_background();
    if is_api_configured() {
        match app.hosts.api_url().await {
            Ok(url) => {
                print_error(&format!("Lambda's API on {url}, for `AWS_ENDPOINT_URL_LAMBDA`; any credentials will do"));
            }
            Err(error) => return exit_code(Err(format!("failed to open Lambda's API\n  caused by: {error}"))),
        }
    }
    tokio::select! {
        () = app.install_dependencies() => {}
        code = interrupted() => return code,
    }
    let code = tokio::select! {
        result = body => exit_code(result),
        code = interrupted() => code,
    };
    let open = app.events.open();
    if open > 0 {
        app.hosts.output.print(&format!(
            "waiting up to {} s for {open} accepted {}, Ctrl-C again to leave now",
            DRAIN_TIMEOUT.as_secs(),
            if open == 1 { "event" } else { "events" }
        ));
    }
    tokio::select! {
        result = app.events.drain(DRAIN_TIMEOUT) => {
            if result.unfinished > 0 {
                let events = if result.unfinished == 1 { "event was" } else { "events were" };
                let seconds = DRAIN_TIMEOUT.as_secs();
                print_error(&format!("error: {} accepted {events} not done within {seconds} s", result.unfinished));
                return ExitCode::FAILURE;
            }
            code
        }
        () = shutdown_requested(2) => ExitCode::from(INTERRUPTED),
    }
}

/// Completes when the body must be abandoned: immediately if it runs no server, otherwise when the server does not stop
/// within the grace period.
async fn interrupted() -> ExitCode {
    shutdown_requested(1).await;
    if !IS_SERVING.load(Ordering::Relaxed) {
        return ExitCode::from(INTERRUPTED);
    }
    tokio::select! {
        () = tokio::time::sleep(GRACE_PERIOD) => {
            print_error(&format!("error: some requests were not answered within {} s", GRACE_PERIOD.as_secs()));
            ExitCode::FAILURE
        }
        () = shutdown_requested(2) => ExitCode::from(INTERRUPTED),
    }
}
