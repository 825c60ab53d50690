//! `cargo bedrock list`: lists the workers of the app, as a table or as JSON.

use bedrock_build::{App, Trigger, Worker};
use clap::Args;
use serde::Serialize;

use crate::session::Session;
use crate::ui::{Printer, align_columns};
use bedrock_diagnostics::{Error, Result};

const EXAMPLES: &str = "\
The JSON is one object; keys may be added to it:
  app      the app's name
  workers  sorted by name, each with
    name      the worker's name, which is the name of its folder
    language  `rust`, `python`, `javascript` or `typescript`
    folder    relative to the app's folder
    timeout   seconds
    memory    megabytes
    triggers  what invokes it apart from calls, as text

Examples:
  cargo bedrock list
  cargo bedrock list --json | jq -r '.workers[].name'";

/// List the app's workers
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Listing<'a> {
    app: &'a str,
    workers: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    language: &'a str,
    folder: &'a str,
    timeout: u64,
    memory: u64,
    triggers: Vec<String>,
}

impl List {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        if self.json {
            Printer::data(&json(&app)?)?;
        } else if !app.workers.is_empty() {
            Printer::data(&(table(&app.workers) + &trigger_lines(&app.workers)))?;
        }
        for folder in &app.unfinished {
            let dir = &app.settings.workers_dir;
            let reason = "it has none of `main.py`, `main.js`, `main.ts` and `Cargo.toml`";
            session.print.note(&format!("`{dir}/{folder}` is not a worker: {reason}"));
        }
        if app.workers.is_empty() {
            session.print.note(&format!("app `{}` has no workers yet", app.name));
            session.print.next("create one with `cargo bedrock new worker NAME.rs` (or `.py`, `.js`, `.ts`)");
        }
        Ok(())
    }
}

fn json(app: &App) -> Result<String> {
    let workers = app.workers.iter().map(|worker| Row {
        name: worker.name.as_str(),
        language: worker.language_name(),
        folder: &worker.dir,
        timeout: worker.settings.timeout,
        memory: worker.settings.memory,
        triggers: worker.settings.triggers.iter().map(Trigger::title).collect(),
    });
    let listing = Listing { app: app.name.as_str(), workers: workers.collect() };
    let text = serde_json::to_string_pretty(&listing)
        .map_err(|error| Error::call("failed to write the workers as JSON").cause(error.to_string()))?;
    Ok(text + "\n")
}

/// Returns a line for each trigger of the workers, or an empty text.
fn trigger_lines(workers: &[Worker]) -> String {
    let lines_of = |worker: &Worker| {
        let line = |trigger: &Trigger| format!("\n{} invokes {}", trigger.title(), worker.name);
        worker.settings.triggers.iter().map(line).collect::<Vec<_>>()
    };
    let lines: Vec<String> = workers.iter().flat_map(lines_of).collect();
    if lines.is_empty() { String::new() } else { lines.concat() + "\n" }
}

fn table(workers: &[Worker]) -> String {
    let head = ["worker", "language", "folder", "timeout", "memory"].map(str::to_owned);
    let rows = workers.iter().map(|worker| {
        let settings = &worker.settings;
        [
            worker.name.to_string(),
            worker.language_name().to_owned(),
            worker.dir.clone(),
            format!("{} s", settings.timeout),
            format!("{} MB", settings.memory),
        ]
    });
    align_columns(std::iter::once(head).chain(rows), &[3, 4])
}
