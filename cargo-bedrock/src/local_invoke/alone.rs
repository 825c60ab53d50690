//! Invokes one worker without `cargo bedrock dev`.
//!
//! A Python or JavaScript worker that calls no Rust worker runs in this process. Otherwise the app is compiled and its
//! own program makes the invocation, because Rust workers are linked into that program only. In both cases the local
//! runtime prints the error.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use bedrock_build::{App, Worker};
use bedrock_local::{
    AppInfo, CALLEES_VARIABLE, EVENT_VARIABLE, RESPONSE_VARIABLE, SingleInvocation, WORKER_VARIABLE,
    run_single_invocation,
};

use super::program::{compile, target_dir};
use crate::ui::Printer;
use bedrock_callgraph::{may_reach_rust, reachable_workers};
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Invokes `worker` with `payload`, which is JSON. The response or the error has been printed when this returns.
pub(super) fn run(app: &App, worker: &Worker, payload: String, is_event: bool, print: Printer) -> Result<()> {
    let callees: Vec<String> = reachable_workers(app, worker)?.into_iter().collect();
    let code = if may_reach_rust(app, worker)? {
        let program = compile(app, print)?;
        run_in_program(&program, app, worker, &payload, is_event, &callees)?
    } else {
        let target = target_dir(app)?;
        let info = AppInfo::from_disk(app, target.join("bedrock"))
            .map_err(|problem| Error::problems(ExitKind::App, vec![problem]))?;
        let once = SingleInvocation {
            worker: worker.name.to_string(),
            event: payload.into_bytes(),
            fire_and_forget: is_event,
            callees,
        };
        run_single_invocation(info, once)
    };
    match code {
        0 => Ok(()),
        code => Err(Error::already_reported(code)),
    }
}

/// Makes the invocation in the app's program and returns its exit code. The program's own standard output, where Rust
/// workers print and log, goes to the standard error. The response comes in a file and is all that is printed here.
fn run_in_program(
    program: &Path,
    app: &App,
    worker: &Worker,
    payload: &str,
    event: bool,
    callees: &[String],
) -> Result<u8> {
    let run_error = |error| Error::io(format!("failed to run `{}`", program.display()), &error);
    let response = tempfile::NamedTempFile::new()
        .map_err(|error| Error::io("failed to create a file for the response".to_owned(), &error))?;
    let mut command = Command::new(program);
    // The other Rust workers of the app run in the same process, with the variables of this one.
    command.envs(app.local_variables(&worker.settings));
    command.env(WORKER_VARIABLE, worker.name.as_str()).env(RESPONSE_VARIABLE, response.path());
    command.env(CALLEES_VARIABLE, callees.join(","));
    command.stdin(Stdio::piped()).stdout(std::io::stderr());
    if event {
        command.env(EVENT_VARIABLE, "1");
    }
    let mut child = command.spawn().map_err(run_error)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that exits before it has read everything prints the reason itself.
        let _ = stdin.write_all(payload.as_bytes());
    }
    let status = child.wait().map_err(run_error)?;
    let Some(code) = status.code() else {
        return Err(Error::app(format!("worker `{}` crashed the app's program", worker.name)).cause(status.to_string()));
    };
    if code == 0 && !event {
        let text = std::fs::read_to_string(response.path())
            .map_err(|error| Error::io(format!("failed to read `{}`", response.path().display()), &error))?;
        Printer::data(&format!("{text}\n"))?;
    }
    Ok(u8::try_from(code).unwrap_or(1))
}
