//! `cargo bedrock new worker`.

use std::fs;

use bedrock_build::{App, FunctionName, Language, WorkerName};
use clap::Args;

use crate::ask;
use crate::scaffold::{self, Step};
use crate::session::Session;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock new worker resizer.rs
  cargo bedrock new worker system_fetcher.py
  cargo bedrock new worker thumbnailer.js";

/// Add a worker to the app: a folder below `workers/`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewWorker {
    /// The worker's name and language; without a suffix, the language is asked for
    #[arg(value_name = "NAME.rs|NAME.py|NAME.js")]
    name: String,
}

impl NewWorker {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (name, language) = scaffold::worker::language_of(&self.name)?;
        let name = WorkerName::parse(name).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let interrupt = Interrupt::watch()?;
        let language = match language {
            Some(language) => language,
            None if ask::is_possible() => ask::language(name.as_str())?,
            None => {
                let what = format!("worker `{name}` needs a language");
                return Err(Error::call(what).help(scaffold::worker::choices(name.as_str())));
            }
        };
        let manifest = fs::read_to_string(app.root.join("Cargo.toml"))
            .map_err(|error| Error::io("failed to read `Cargo.toml`", &error))?;
        let in_workspace = scaffold::worker::is_below_workspace(&app);
        let plan = scaffold::worker::plan(&app, &manifest, in_workspace, &name, language)?;
        scaffold::apply(&plan, &interrupt)?;
        let is_in_manifest = plan.steps.iter().any(|step| matches!(step, Step::Edit { .. }));
        tell(session, &app, &name, language, is_in_manifest);
        Ok(())
    }
}

fn tell(session: &Session, app: &App, name: &WorkerName, language: Language, is_in_manifest: bool) {
    let print = &session.print;
    let dir = format!("{}/{name}", app.settings.workers_dir);
    let added = if is_in_manifest { " and added it to `Cargo.toml`" } else { "" };
    print.done(&format!("created worker `{name}` ({}) in `{dir}`{added}", language.as_str()));
    let (file, dependencies) = match language {
        Language::Rust => ("src/lib.rs", "Cargo.toml"),
        Language::Python => ("main.py", "requirements.txt"),
        Language::JavaScript => ("main.js", "package.json"),
    };
    print.next(&format!("write what it does in `{dir}/{file}`, its dependencies go into `{dir}/{dependencies}`"));
    print.next(&format!("try it with `cargo bedrock invoke {name} --payload '{{\"name\": \"world\"}}'`"));
    // The longest name of a function is Lambda's limit; `dev` stands for the shortest stage that people use.
    if let Err(problem) = FunctionName::of_worker(&app.name, "dev", name) {
        print.warning(&format!("in a stage like `dev`, {}", problem.message));
    }
}
