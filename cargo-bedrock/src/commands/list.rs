//! `cargo bedrock list`: the workers of the app, as a table or as JSON.

use bedrock_build::{App, Trigger, Worker};
use clap::Args;
use serde::Serialize;

use crate::print::Printer;
use crate::session::Session;
use bedrock_diagnostics::{Error, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock list
  cargo bedrock list --json | jq -r '.workers[].name'

The JSON is one object, keys may be added to it:
  app      the app's name
  workers  sorted by name, each with
    name      the worker's name, which is its folder's
    language  `rust`, `python` or `javascript`
    folder    relative to the app's folder
    timeout   seconds one invocation may take
    memory    megabytes
    triggers  what invokes it besides calls, as words";

/// Show the app's workers
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
            Printer::data(&(table(&app.workers) + &triggers(&app.workers)))?;
        }
        for folder in &app.unfinished {
            let dir = &app.settings.workers_dir;
            session
                .print
                .note(&format!("`{dir}/{folder}` is no worker: it has none of `main.py`, `main.js` and `Cargo.toml`"));
        }
        if app.workers.is_empty() {
            session.print.note(&format!("app `{}` has no workers yet", app.name));
            session.print.next("make one with `cargo bedrock new worker NAME.rs` (or `.py`, `.js`)");
        }
        Ok(())
    }
}

fn json(app: &App) -> Result<String> {
    let workers = app.workers.iter().map(|worker| Row {
        name: worker.name.as_str(),
        language: worker.language.as_str(),
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

/// What invokes workers besides calls, a line each.
fn triggers(workers: &[Worker]) -> String {
    let of = |worker: &Worker| {
        let line = |trigger: &Trigger| format!("\n{} invokes {}", trigger.title(), worker.name);
        worker.settings.triggers.iter().map(line).collect::<Vec<_>>()
    };
    let lines: Vec<String> = workers.iter().flat_map(of).collect();
    if lines.is_empty() { String::new() } else { lines.concat() + "\n" }
}

fn table(workers: &[Worker]) -> String {
    let head = ["worker", "language", "folder", "timeout", "memory"].map(str::to_owned);
    let rows = workers.iter().map(|worker| {
        let settings = &worker.settings;
        [
            worker.name.to_string(),
            worker.language.as_str().to_owned(),
            worker.dir.clone(),
            format!("{} s", settings.timeout),
            format!("{} MB", settings.memory),
        ]
    });
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let [name, language, folder, timeout, memory] = row;
        let text = format!("{name:0$}  {language:1$}  {folder:2$}", widths[0], widths[1], widths[2]);
        format!("{text}  {timeout:>0$}  {memory:>1$}\n", widths[3], widths[4])
    };
    rows.iter().map(line).collect()
}
