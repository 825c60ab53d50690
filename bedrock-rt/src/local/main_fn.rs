//! The life of an app's program on a laptop: runtime, body, draining, the end of the hosts.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::app::AppInfo;
use super::dispatch::{Local, LocalTransport};
use super::events::DRAIN;
use super::serve::SERVING;
use super::{once, stop, workers};
use crate::__private::v1::{Outcome, finish};
use crate::run::complain;
use crate::transport;

/// What a stopped server may still take for the requests that are running.
const GRACE: Duration = Duration::from_secs(10);

/// A runtime with enough threads that half of them may be inside a worker.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    Builder::new_multi_thread()
        .worker_threads((cores * 2).max(4))
        // Lambda allows a function 1,024 threads; here the blocked workers of a whole app share them.
        .max_blocking_threads(1024)
        .thread_name("bedrock")
        .enable_all()
        .build()
}

/// Runs the body of an app's `main`, or the one invocation that `cargo bedrock invoke` asks for.
pub(crate) fn main<F>(app: AppInfo, body: F) -> ExitCode
where
    F: Future,
    F::Output: Outcome,
{
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return finish(Err(format!("failed to start the async runtime: {error}"))),
    };
    let local = Local::start(app, runtime.handle().clone());
    transport::install(Arc::new(LocalTransport(Arc::clone(&local))));
    let code = runtime.block_on(async {
        stop::listen();
        match once::requested() {
            Some(once) => ExitCode::from(once::run(&local, once).await),
            None => live(&local, body).await,
        }
    });
    local.hosts.end();
    local.hosts.output.flush();
    // A worker that never gives its thread back must not keep the program.
    runtime.shutdown_background();
    code
}

async fn live<F>(local: &Arc<Local>, body: F) -> ExitCode
where
    F: Future,
    F::Output: Outcome,
{
    local.hosts.look_for_interpreters();
    if workers::is_asked_for() {
        match local.hosts.api().await {
            Ok(url) => {
                complain(&format!("Lambda's API on {url}, for `AWS_ENDPOINT_URL_LAMBDA`; any credentials will do"));
            }
            Err(error) => return finish(Err(format!("failed to open Lambda's API\n  caused by: {error}"))),
        }
    }
    let code = tokio::select! {
        outcome = body => finish(outcome),
        code = interrupted() => code,
    };
    let open = local.events.open();
    if open > 0 {
        local.hosts.output.say(&format!(
            "waiting up to {} s for {open} accepted {}, Ctrl-C again to leave now",
            DRAIN.as_secs(),
            if open == 1 { "event" } else { "events" }
        ));
    }
    tokio::select! {
        drained = local.events.drain(DRAIN) => {
            if drained.lost > 0 {
                let events = if drained.lost == 1 { "event was" } else { "events were" };
                complain(&format!("error: {} accepted {events} not done within {} s", drained.lost, DRAIN.as_secs()));
                return ExitCode::FAILURE;
            }
            code
        }
        () = stop::requested(2) => ExitCode::from(130),
    }
}

/// Ends when the body should be left: at once when it serves nothing, after a while when its server does not finish.
async fn interrupted() -> ExitCode {
    stop::requested(1).await;
    if !SERVING.load(Ordering::Relaxed) {
        return ExitCode::from(130);
    }
    tokio::select! {
        () = tokio::time::sleep(GRACE) => {
            complain(&format!("error: some requests were not answered within {} s", GRACE.as_secs()));
            ExitCode::FAILURE
        }
        () = stop::requested(2) => ExitCode::from(130),
    }
}
