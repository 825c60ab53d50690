//! `cargo bedrock contracts`: writes, checks, shows and compares the types of the workers.

use bedrock_build::App;
use bedrock_build::contract::describe;
use bedrock_build::edit_distance::suggest;
use bedrock_contract::{canonical, example};
use bedrock_deploy::Stage;
use clap::{Args, Subcommand};
use serde_json::json;

use super::args::AwsArgs;
use crate::contracts::{
    GeneratedFile, WorkerChange, changed_files, changes_since, changes_since_deploy, collect, generate, read_files,
    stale_error, write_files,
};
use crate::session::Session;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, Result};

const EXAMPLES: &str = "\
A worker has a contract if its code says what its event and its response are: Python with annotations of `execute`, \
JavaScript with `static event` and `static response`, Rust with `#[bedrock::contract]` on the types. For every language, \
`contract.json` in the worker's folder may also be written by hand.

Examples:
  cargo bedrock contracts                  write the contracts of all workers, and the types of their callers
  cargo bedrock contracts resizer          read only the code of one worker
  cargo bedrock contracts --check          fail if a file is not up to date, for example in CI
  cargo bedrock contracts show resizer     print types and an example
  cargo bedrock contracts diff main        print what has changed, and fail if that breaks callers";

const DIFF_EXAMPLES: &str = "\
A new event must accept what callers send, so it may only widen. A new response must be what callers read, so it may only \
narrow. The exit code is 1 if a change breaks callers. Calls of Rust code are those of the last `cargo bedrock build`.

The JSON is one object; keys may be added to it:
  changes   each with `worker`, `path`, `message`, `breaking` and `callers`

Examples:
  cargo bedrock contracts diff main
  cargo bedrock contracts diff --stage prod
  cargo bedrock contracts diff v1.2.0 --json | jq '.changes[] | select(.breaking)'";

/// Write, check, show or compare the types of the workers
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Contracts {
    #[command(subcommand)]
    command: Option<ContractsCommand>,
    /// Workers whose code is read [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Write nothing, and fail if a file is not up to date
    #[arg(long)]
    check: bool,
    /// Print the paths of the changed files as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum ContractsCommand {
    Show(Show),
    Diff(Diff),
}

/// Print the types of a worker, and an example of its event and its response
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo bedrock contracts show resizer\n  cargo bedrock contracts show resizer --json | jq .properties.event"
)]
pub(crate) struct Show {
    /// Worker
    #[arg(value_name = "NAME")]
    name: String,
    /// Print the contract as JSON Schema
    #[arg(long)]
    json: bool,
}

/// Print what has changed since a revision of git or since a deploy, and fail if that breaks callers
#[derive(Debug, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub(crate) struct Diff {
    /// Branch, tag or commit
    #[arg(value_name = "REV", required_unless_present = "stage")]
    revision: Option<String>,
    /// Compare with what is deployed to this stage
    #[arg(long, value_name = "NAME", conflicts_with = "revision")]
    stage: Option<String>,
    #[command(flatten)]
    aws: AwsArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Contracts {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        match self.command {
            Some(ContractsCommand::Show(show)) => show.run(&app),
            Some(ContractsCommand::Diff(diff)) => diff.run(session, &app),
            None => self.update(session, &app),
        }
    }

    fn update(&self, session: &Session, app: &App) -> Result<()> {
        let names = self.selected(app)?;
        let contracts = collect(app, &names, session.print)?;
        let changed = changed_files(app, generate(app, &contracts))?;
        if !self.check {
            write_files(app, &changed)?;
        }
        if self.json {
            let paths: Vec<&str> = changed.iter().map(|file| file.path.as_str()).collect();
            Printer::data(&format!("{:#}\n", json!({ "changed": paths })))?;
        }
        if self.check && !changed.is_empty() {
            return Err(stale_error(&changed));
        }
        report(session.print, &changed);
        let has_new_contract = changed.iter().any(|file| file.path.ends_with("contract.json"));
        let main = std::fs::read_to_string(app.root.join("src/main.rs")).unwrap_or_default();
        if has_new_contract && !main.contains("workers!(") {
            session.print.next("add `bedrock::workers!();` to `src/main.rs`: calls of these workers in Rust do not compile without their types");
        }
        let has_contracts = contracts.iter().any(|worker| worker.contract.is_some());
        if !has_contracts {
            session.print.note("no worker has a contract");
            session.print.next("annotate `execute` of a Python worker, give a JavaScript worker a `static event`, or put `#[bedrock::contract]` on the types of a Rust worker");
        }
        Ok(())
    }

    /// Returns the names of the workers whose code is read.
    fn selected<'a>(&'a self, app: &'a App) -> Result<Vec<&'a str>> {
        if self.names.is_empty() {
            return Ok(app.workers.iter().map(|worker| worker.name.as_str()).collect());
        }
        self.names.iter().map(|name| check_name(app, name)).collect()
    }
}

fn check_name<'a>(app: &App, name: &'a str) -> Result<&'a str> {
    let mut names = app.workers.iter().map(|worker| worker.name.as_str());
    if names.clone().any(|known| known == name) {
        return Ok(name);
    }
    let error = Error::call(format!("no worker named `{}` in this app", name.escape_debug()));
    Err(match suggest(name, names.by_ref()) {
        Some(similar) => error.help(format!("a worker with a similar name exists: `{similar}`")),
        None => error.help("list the workers with `cargo bedrock list`"),
    })
}

fn report(print: Printer, changed: &[GeneratedFile]) {
    for file in changed {
        let verb = if file.contents.is_some() { "wrote" } else { "removed" };
        print.done(&format!("{verb} {}", file.path));
    }
    if changed.is_empty() {
        print.done("the contracts are up to date");
    }
}

impl Show {
    fn run(self, app: &App) -> Result<()> {
        check_name(app, &self.name)?;
        let contracts = read_files(app)?;
        let contract = contracts.into_iter().find(|known| known.worker == self.name).and_then(|known| known.contract);
        let Some(contract) = contract else {
            let error = Error::app(format!("worker `{}` has no contract", self.name));
            return Err(error.help(format!("write it with `cargo bedrock contracts {}`", self.name)));
        };
        if self.json {
            return Printer::data(&canonical::to_text(&contract));
        }
        let examples = format!(
            "\nexample event: {:#}\n\nexample response: {:#}\n",
            example::event(&contract),
            example::response(&contract)
        );
        Printer::data(&(describe(&contract) + &examples))
    }
}

impl Diff {
    /// Returns what the contracts are compared with, for messages.
    fn old_name(&self) -> String {
        match (&self.stage, &self.revision) {
            (Some(stage), _) => format!("the stage `{stage}`"),
            (None, revision) => format!("`{}`", revision.as_deref().unwrap_or("HEAD")),
        }
    }

    fn run(self, session: &Session, app: &App) -> Result<()> {
        let contracts = read_files(app)?;
        let calls = bedrock_package::load_built_calls(app);
        let old = self.old_name();
        let changes = match (&self.stage, &self.revision) {
            (Some(stage), _) => {
                let deployed = bedrock_deploy::read_contracts(app, &Stage::parse(stage)?, &self.aws.into())?;
                changes_since_deploy(app, deployed, &contracts, &calls)?
            }
            (None, revision) => changes_since(app, revision.as_deref().unwrap_or("HEAD"), &contracts, &calls)?,
        };
        if self.json {
            Printer::data(&format!("{:#}\n", json!({ "changes": changes })))?;
        } else if changes.is_empty() {
            session.print.done(&format!("no contract has changed since {old}"));
        } else {
            Printer::data(&changes.iter().map(line).collect::<String>())?;
        }
        let breaking = changes.iter().filter(|change| change.breaking).count();
        if breaking == 0 {
            return Ok(());
        }
        let noun = if breaking == 1 { "change breaks" } else { "changes break" };
        let error = Error::app(format!("{breaking} {noun} callers that know the contracts of {old}"));
        Err(error.help("make the change compatible, or create a worker with another name for it"))
    }
}

/// Returns the line of a change.
fn line(change: &WorkerChange) -> String {
    let kind = if change.breaking { "breaking" } else { "compatible" };
    let callers = if change.callers.is_empty() || !change.breaking {
        String::new()
    } else {
        format!(" (called by {})", change.callers.join(", "))
    };
    format!("{kind} {}: {}: {}{callers}\n", change.worker, change.path, change.message)
}
