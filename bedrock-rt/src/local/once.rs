//! One invocation and no more: what `cargo bedrock invoke` runs, in the app's program or, without Rust workers, in its own.

use std::io::{Read, Write};
use std::sync::Arc;

use bytes::Bytes;

use super::app::AppInfo;
use super::dispatch::{Local, LocalTransport};
use super::events::DRAIN;
use super::stop;
use crate::Error;
use crate::run::complain;
use crate::transport::{Call, Kind, Target, Transport};

/// In the app's environment: the worker to invoke once. The event is then read from the standard input.
pub const WORKER: &str = "BEDROCK_INVOKE";
/// In the app's environment: `1` for fire-and-forget.
pub const EVENT: &str = "BEDROCK_INVOKE_EVENT";

/// One invocation to make.
#[derive(Debug, Clone)]
pub struct Once {
    /// The worker.
    pub worker: String,
    /// Its event, JSON.
    pub event: Vec<u8>,
    /// Fire-and-forget, with its retries.
    pub fire_and_forget: bool,
}

/// The invocation that the environment asks for, if it does.
pub(super) fn requested() -> Option<Once> {
    let worker = std::env::var(WORKER).ok()?;
    let mut event = Vec::new();
    // An event that cannot be read is an empty one, which the worker refuses.
    let _ = std::io::stdin().read_to_end(&mut event);
    Some(Once { worker, event, fire_and_forget: std::env::var_os(EVENT).is_some() })
}

/// Makes one invocation of a Python or JavaScript worker, in this process. Response to stdout, everything else to stderr.
///
/// Gives the exit code: 0 if the worker answered, 1 if it failed, 2 if it could not be called, 130 if it was interrupted.
pub fn run_once(app: AppInfo, once: Once) -> u8 {
    let runtime = match super::main_fn::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("error: failed to start the async runtime: {error}"));
            return 2;
        }
    };
    let local = Local::start(app, runtime.handle().clone());
    let code = runtime.block_on(async {
        stop::listen();
        run(&local, once).await
    });
    local.hosts.end();
    local.hosts.output.flush();
    runtime.shutdown_background();
    code
}

/// 0 if the worker answered, 1 if it failed, 2 if it could not be called, 130 if the user did not wait for it.
pub(super) async fn run(local: &Arc<Local>, once: Once) -> u8 {
    let kind = if once.fire_and_forget { Kind::Event } else { Kind::RequestResponse };
    let call = Call { target: Target::Any(once.worker), event: Bytes::from(once.event), kind, caller: None };
    let transport = LocalTransport(Arc::clone(local));
    tokio::select! {
        answer = transport.call(call) => match answer {
            Ok(_) if once.fire_and_forget => drained(local).await,
            Ok(response) => print(&response),
            Err(error) => failed(local, &error),
        },
        () = stop::requested(1) => 130,
    }
}

async fn drained(local: &Local) -> u8 {
    local.hosts.output.say("accepted");
    tokio::select! {
        drained = local.events.drain(DRAIN) => {
            u8::from(drained.failed + drained.lost > 0)
        }
        () = stop::requested(1) => 130,
    }
}

fn print(response: &[u8]) -> u8 {
    let mut out = std::io::stdout().lock();
    // A closed pipe is no error: whoever reads has seen enough.
    let _ = out.write_all(response).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    0
}

fn failed(local: &Local, error: &Error) -> u8 {
    local.hosts.output.flush();
    let mut text = match error {
        // Its stack lines are among the log lines above.
        Error::Function { worker, error_type, message, .. } => {
            format!("error: worker `{worker}` failed\n  caused by: {error_type}: {message}")
        }
        other => format!("error: {other}"),
    };
    if let Some(help) = error.help() {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    complain(&text);
    if error.may_have_run() { 1 } else { 2 }
}
