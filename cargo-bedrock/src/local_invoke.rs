//! Invokes one function on this machine, for `cargo bedrock invoke`: in the `cargo bedrock dev` that runs for the app, or
//! else alone.
//!
//! | module | does |
//! | --- | --- |
//! | `running` | invocations in a running `dev` |
//! | `alone` | invokes one worker without `dev` |
//! | `endpoint` | starts the endpoint for one request |
//! | `program` | compiles the app's program, and finds cargo's target folder |

mod alone;
mod endpoint;
mod program;
mod running;

use std::thread;
use std::time::Duration;

use bedrock_build::{App, Worker};
use bedrock_dev::{HttpRequest, HttpResponse, is_reserved};

use crate::ui::Printer;
use bedrock_diagnostics::{Error, Interrupt, Result};
pub(crate) use program::target_dir;
use running::Running;

/// How often a `dev` that is starting is looked for.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Invokes `worker` with `payload`, which is JSON, and prints the response. `is_alone` ignores a running `dev`.
pub(crate) fn run(
    app: &App,
    worker: &Worker,
    payload: String,
    is_event: bool,
    is_alone: bool,
    print: Printer,
) -> Result<()> {
    match running_server(app, is_alone, print)? {
        Some(running) => running.invoke(worker, payload, is_event, print),
        None if worker.settings.durable.is_some() => Err(not_running(worker)),
        None => alone::run(app, worker, payload, is_event, print),
    }
}

/// Executions need a server that continues them.
fn not_running(worker: &Worker) -> Error {
    let name = &worker.name;
    Error::call(format!("worker `{name}` is durable, and its executions run only in `cargo bedrock dev`"))
        .help(format!("start `cargo bedrock dev` in another terminal, then `cargo bedrock invoke {name} --event`"))
}

/// Sends a request to the endpoint and prints the response.
pub(crate) fn run_endpoint(app: &App, request: HttpRequest, is_alone: bool, print: Printer) -> Result<()> {
    let response = match running_server(app, is_alone, print)? {
        Some(running) => running.request(request)?,
        None => endpoint::request(app, request, &Interrupt::watch()?, print)?,
    };
    print_response(&response, print)
}

fn running_server(app: &App, is_alone: bool, print: Printer) -> Result<Option<Running>> {
    let running = if is_alone { None } else { find_or_wait(app, print)? };
    if let Some(running) = &running {
        let url = running.url();
        print.note(&format!("invoked in the running `cargo bedrock dev` at {url}; `--alone` does not use it"));
    }
    Ok(running)
}

/// Finds the `dev` of an app, also one that still compiles the app. It could not be found by then, and an event would be lost to it.
fn find_or_wait(app: &App, print: Printer) -> Result<Option<Running>> {
    let state_folder = bedrock_package::artifact_dir(app);
    let mut waits = None;
    loop {
        let is_starting = is_reserved(&state_folder);
        // A server has its file for as long as it has its queue, so it is looked for afterwards.
        let running = Running::find(app)?;
        if running.is_some() || !is_starting {
            return Ok(running);
        }
        match &waits {
            None => {
                print.note("`cargo bedrock dev` of this app is starting, waiting for it; `--alone` does not");
                waits = Some(Interrupt::watch()?);
            }
            Some(interrupt) => interrupt.check()?,
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Prints the body to standard output, and the status to standard error. A status of 500 or more is an error.
fn print_response(response: &HttpResponse, print: Printer) -> Result<()> {
    let HttpResponse { status, status_text, content_type, body, .. } = response;
    let content_type = content_type.as_ref().map(|kind| format!(", {kind}")).unwrap_or_default();
    print.note(&format!("{status_text}{content_type}, {} bytes", body.len()));
    Printer::data_bytes(body)?;
    if body.last().is_some_and(|last| *last != b'\n') {
        Printer::data("\n")?;
    }
    if *status < 500 {
        return Ok(());
    }
    Err(Error::app("the endpoint failed").cause(format!("it responded with {status_text}")))
}
