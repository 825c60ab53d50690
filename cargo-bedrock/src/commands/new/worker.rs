//! `cargo bedrock new worker`: adds a worker to an app.

use std::fs;

use bedrock_build::{App, FunctionName, WorkerName};
use bedrock_templates::WorkerTemplate;
use clap::Args;

use crate::file_plan::{self, FileStep};
use crate::prompt;
use crate::scaffold;
use crate::session::Session;
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock new worker resizer.rs
  cargo bedrock new worker system_fetcher.py
  cargo bedrock new worker thumbnailer.js
  cargo bedrock new worker resizer.ts
  cargo bedrock new worker order_flow.py --durable";

/// Add a worker to the app: a folder in `workers/`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewWorker {
    /// Name and language of the worker; without a suffix, the command asks for the language
    #[arg(value_name = "NAME.rs|NAME.py|NAME.js|NAME.ts")]
    name: String,
    /// Create a durable worker, which waits for days and continues where it left off
    #[arg(long)]
    durable: bool,
}

impl NewWorker {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (name, template) = scaffold::worker::split_suffix(&self.name)?;
        let name = WorkerName::parse(name).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let interrupt = Interrupt::watch()?;
        let template = match template {
            Some(template) => template,
            None if prompt::is_possible() => prompt::select_language(name.as_str())?,
            None => {
                let message = format!("worker `{name}` needs a language");
                return Err(Error::call(message).help(scaffold::worker::suffix_help(name.as_str())));
            }
        };
        let manifest = fs::read_to_string(app.root.join("Cargo.toml"))
            .map_err(|error| Error::io("failed to read `Cargo.toml`", &error))?;
        let is_in_workspace = scaffold::worker::is_below_workspace(&app);
        let worker = scaffold::worker::WorkerPlan { name: &name, template, is_durable: self.durable };
        let plan = scaffold::worker::plan(&app, &manifest, is_in_workspace, worker)?;
        file_plan::apply(&plan, &interrupt)?;
        let is_in_manifest = plan.steps.iter().any(|step| matches!(step, FileStep::Edit { .. }));
        print_created(session, &app, worker, is_in_manifest);
        Ok(())
    }
}

fn print_created(session: &Session, app: &App, worker: scaffold::worker::WorkerPlan<'_>, is_in_manifest: bool) {
    let scaffold::worker::WorkerPlan { name, template, is_durable } = worker;
    let print = &session.print;
    let dir = format!("{}/{name}", app.settings.workers_dir);
    let added = if is_in_manifest { " and added it to `Cargo.toml`" } else { "" };
    print.done(&format!("created worker `{name}` ({}) in `{dir}`{added}", template.as_str()));
    let (file, dependencies) = match template {
        WorkerTemplate::Rust => ("src/lib.rs", "Cargo.toml"),
        WorkerTemplate::Python => ("main.py", "requirements.txt"),
        WorkerTemplate::JavaScript => ("main.js", "package.json"),
        WorkerTemplate::TypeScript => ("main.ts", "package.json"),
    };
    print.next(&format!("write its code in `{dir}/{file}`, and its dependencies in `{dir}/{dependencies}`"));
    if is_durable {
        print.next("run `cargo bedrock dev`, which runs durable workers");
    } else {
        print.next(&format!("try it with `cargo bedrock invoke {name} --payload '{{\"name\": \"world\"}}'`"));
    }
    // Lambda limits the length of a function's name; `dev` is the shortest usual name of a stage.
    if let Err(problem) = FunctionName::of_worker(&app.name, "dev", name) {
        print.warning(&format!("in a stage like `dev`, {}", problem.message));
    }
}
