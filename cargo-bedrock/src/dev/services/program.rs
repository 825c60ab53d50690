//! Serves the services of the settings to a program that `cargo run` has started, for as long as the program runs.
//! `bedrock-local/src/services.rs` is the other side.

use std::time::Duration;

use bedrock_build::App;
use rustix::process::{Pid, Signal, getpid, getppid, kill_process};

use super::{ServiceOptions, StandaloneServices};
use crate::ui::Printer;
use bedrock_diagnostics::Result;
use bedrock_package::tools::ToolRunner;

/// How often this looks whether the program still runs. The end of a parent that has become another program by `exec`, as the
/// programs of apps do, is seen in no other way on every system.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Credentials that the services accept. Those of Python and JavaScript workers are their own.
const CREDENTIALS: [[&str; 2]; 2] = [["AWS_ACCESS_KEY_ID", "test"], ["AWS_SECRET_ACCESS_KEY", "test"]];

/// Runs the services of `app`. Prints their variables, then an empty line, and returns when the process `parent` has ended, or
/// when the user interrupts this one.
pub(crate) fn serve_program(app: &App, parent: Option<Pid>, print: Printer) -> Result<()> {
    let tools = ToolRunner::with_signal_handler()?;
    if let Some(parent) = parent {
        std::thread::spawn(move || interrupt_after(parent));
    }
    let options = ServiceOptions { should_install: false, tools: &tools, print };
    let services = StandaloneServices::start_for_program(app, options)?;
    if let Some(url) = services.url() {
        print.note(&format!("AWS services on {url}, as `dev.services` says"));
    }
    let credentials = CREDENTIALS.map(|[name, value]| (name.to_owned(), value.to_owned()));
    let lines = services.variables().into_iter().chain(credentials).map(|(name, value)| format!("{name}={value}\n"));
    Printer::data(&(lines.collect::<String>() + "\n"))?;
    while tools.check().is_ok() {
        std::thread::sleep(POLL_INTERVAL);
    }
    drop(services);
    Ok(())
}

/// Interrupts this process when its parent is not `parent` any more.
fn interrupt_after(parent: Pid) {
    while getppid() == Some(parent) {
        std::thread::sleep(POLL_INTERVAL);
    }
    let _ = kill_process(getpid(), Signal::TERM);
}
