//! `cargo bedrock list`: lists the workers of the app, or the settings that are in force in a stage, as text or as JSON.

use bedrock_build::{App, Trigger, Worker};
use clap::Args;
use serde::Serialize;

use crate::session::Session;
use crate::settings_in_force::{SettingInForce, settings_in_force};
use crate::ui::{Printer, align_columns};
use bedrock_deploy::{ENDPOINT, Stage};
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
    durable   whether it is a durable worker
    triggers  what invokes it apart from calls, as text

With `--stage` it is one object with
  app, stage  their names
  functions   the endpoint and the workers, each with
    name      `endpoint`, or the worker's name
    settings  what is in force, each with
      name         as in `Cargo.toml`
      value        as it is written there
      source       file and line, or `default`
      is_of_stage  whether only this stage has it

Examples:
  cargo bedrock list
  cargo bedrock list --stage prod
  cargo bedrock list --json | jq -r '.workers[].name'";

/// List the app's workers
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// List the settings that are in force in this stage, and where each comes from
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
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
    durable: bool,
    triggers: Vec<String>,
}

impl List {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        if let Some(stage) = &self.stage {
            let stage = Stage::parse(stage)?;
            let settings = StageListing::of(&app, stage.as_str());
            return Printer::data(&if self.json { to_json(&settings)? } else { settings.text() });
        }
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
        durable: worker.settings.durable.is_some(),
        triggers: worker.settings.triggers.iter().map(Trigger::title).collect(),
    });
    to_json(&Listing { app: app.name.as_str(), workers: workers.collect() })
}

fn to_json(listing: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(listing)
        .map_err(|error| Error::call("failed to write the workers as JSON").cause(error.to_string()))?;
    Ok(text + "\n")
}

/// The settings of all functions in a stage.
#[derive(Serialize)]
struct StageListing<'a> {
    app: &'a str,
    stage: &'a str,
    functions: Vec<FunctionListing<'a>>,
}

#[derive(Serialize)]
struct FunctionListing<'a> {
    name: &'a str,
    settings: Vec<SettingInForce>,
}

impl<'a> StageListing<'a> {
    fn of(app: &'a App, stage: &'a str) -> Self {
        let endpoint = FunctionListing { name: ENDPOINT, settings: settings_in_force(app, stage, None) };
        let worker = |worker: &'a Worker| {
            let name = worker.name.as_str();
            FunctionListing { name, settings: settings_in_force(app, stage, Some(name)) }
        };
        let functions = std::iter::once(endpoint).chain(app.workers.iter().map(worker)).collect();
        Self { app: app.name.as_str(), stage, functions }
    }

    fn text(&self) -> String {
        let of_function = |function: &FunctionListing<'_>| {
            let rows = function.settings.iter().map(|setting| {
                let stage = if setting.is_of_stage { format!(", only `{}`", self.stage) } else { String::new() };
                [format!("  {}", setting.name), setting.value.clone(), format!("{}{stage}", setting.source)]
            });
            format!("{}\n{}", function.name, align_columns(rows, &[]))
        };
        self.functions.iter().map(of_function).collect::<Vec<_>>().join("\n")
    }
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
            format!("{}{}", worker.language_name(), if settings.durable.is_some() { ", durable" } else { "" }),
            worker.dir.clone(),
            format!("{} s", settings.timeout),
            format!("{} MB", settings.memory),
        ]
    });
    align_columns(std::iter::once(head).chain(rows), &[3, 4])
}
