//! `cargo bedrock migrate`: makes an app out of one of Bedrock for Python.

use std::path::{Path, PathBuf};

use bedrock_build::AppName;
use clap::Args;

use crate::ask;
use crate::cli;
use crate::migrate::{self, Migration, Original, Request};
use crate::print::Printer;
use crate::scaffold::{self, Checkout};
use crate::session::Session;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind, Result, relative_path};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock migrate --dry-run              shows the whole change as a patch
  cargo bedrock migrate ~/code/my_app
  cargo bedrock migrate --yes > change.patch
  cargo bedrock migrate --undo                 takes the last migration back

The Python app stays: its workers are used as they are, `config.py` and the workflows are edited, and for each
endpoint there is a skeleton in Rust, which answers 501 until it is ported. `terraform/` is compared with the
template and never changed. What is not understood is left alone and named";

/// Make an app out of one of Bedrock for Python, around its workers as they are
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Migrate {
    /// The folder of the Python app, which has `app/` in it
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// The app's name; otherwise what its variables begin with, or the name of its folder
    #[arg(long)]
    name: Option<String>,
    /// Depend on this checkout of cargo bedrock instead of its published crates
    #[arg(long, value_name = "CHECKOUT")]
    bedrock_path: Option<PathBuf>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Take the last migration back
    #[arg(long, conflicts_with_all = ["name", "bedrock_path"])]
    undo: bool,
}

impl Migrate {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let root = session.dir.join(&self.dir).canonicalize();
        let root = root.map_err(|error| Error::io(format!("failed to enter `{}`", self.dir.display()), &error))?;
        let interrupt = Interrupt::watch()?;
        if self.undo { self.take_back(&root, session, &interrupt) } else { self.migrate(&root, session, &interrupt) }
    }

    fn migrate(&self, root: &Path, session: &Session, interrupt: &Interrupt) -> Result<()> {
        let original = Original::read(root)?;
        let migration = migrate::plan(&original, &self.request(root, session)?)?;
        migration.check(&original)?;
        Printer::data(&migrate::patch(&migration.plan))?;
        if migration.plan.steps.is_empty() {
            migration.left.iter().for_each(|line| session.print.warning(line));
            session.print.done(&format!("nothing to do: `{}` is migrated", relative_path(root, &session.dir)));
            return Ok(());
        }
        tell(&migration, session.print);
        let changes = changes(&migrate::patch(&migration.plan));
        if !self.is_meant(&format!("migrate app `{}`? ({changes})", migration.name), session.print)? {
            return Ok(());
        }
        scaffold::apply(&migration.plan, interrupt)?;
        session.print.done(&format!("migrated app `{}` ({changes})", migration.name));
        if !migration.ports.ports.is_empty() {
            session.print.next("`cargo run`, then port the endpoints one by one: `grep -rn not_ported src`");
        }
        session.print.next("`cargo bedrock migrate --undo` takes it back, until then the originals are in `.bedrock/`");
        if !migration.deployment.is_empty() {
            session.print.next("`cargo bedrock terraform diff` shows the whole difference to the template");
        }
        Ok(())
    }

    fn request(&self, root: &Path, session: &Session) -> Result<Request> {
        let name = self.name.as_deref().map(AppName::parse).transpose();
        let name = name.map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let given = self.bedrock_path.as_deref();
        let checkout = given.map(|given| Checkout::find(given, &session.dir, root)).transpose()?;
        let command = cli::command();
        let build = command.find_subcommand("build").into_iter().flat_map(clap::Command::get_arguments);
        let build_flags = build.filter_map(clap::Arg::get_long).map(str::to_owned).collect();
        Ok(Request { name, uses: scaffold::uses(checkout.as_ref()), build_flags })
    }

    fn take_back(&self, root: &Path, session: &Session, interrupt: &Interrupt) -> Result<()> {
        let Some(undo) = migrate::undo(root)? else {
            session
                .print
                .done(&format!("nothing to do: `{}` has no migration on record", relative_path(root, &session.dir)));
            return Ok(());
        };
        let patch = migrate::patch(&undo.plan);
        Printer::data(&patch)?;
        for path in &undo.kept {
            session.print.note(&format!("`{path}` stays: it was edited since"));
        }
        let changes = changes(&patch);
        if !self.is_meant(&format!("take the migration back? ({changes})"), session.print)? {
            return Ok(());
        }
        scaffold::apply(&undo.plan, interrupt)?;
        undo.remove_empty_folders();
        session.print.done(&format!("took the migration back ({changes})"));
        Ok(())
    }

    /// Whether to go on; an error if the user says no.
    fn is_meant(&self, question: &str, print: Printer) -> Result<bool> {
        if self.dry_run {
            print.note("nothing was changed, `--dry-run` was given");
        } else if !self.yes {
            ask::agreed(question)?;
        }
        Ok(!self.dry_run)
    }
}

/// What a patch does not show.
fn tell(migration: &Migration, print: Printer) {
    let ports = &migration.ports;
    let count = ports.ports.iter().map(|port| port.handlers.len()).sum::<usize>();
    if count > 0 {
        let plural = if count == 1 { "1 endpoint method".to_owned() } else { format!("{count} endpoint methods") };
        print.note(&format!("{plural} to port, each with a skeleton that answers 501:\n{}", routes(migration)));
    }
    if !migration.deployment.is_empty() {
        let lines = migration.deployment.join("\n");
        print.note(&format!("`terraform/` is the app's own and stays; beside the template of this version:\n{lines}"));
        print.note("to take the template, move `terraform/` away and run `cargo bedrock terraform upgrade`");
    }
    for line in migration.left.iter().chain(&ports.by_hand) {
        print.warning(line);
    }
}

/// A line for each method: what it answers, and from where it comes.
fn routes(migration: &Migration) -> String {
    let mut lines = Vec::new();
    for port in &migration.ports.ports {
        for route in &port.routes {
            for (verb, name) in &route.methods {
                let Some(handler) = port.handlers.iter().find(|handler| handler.name == *name) else { continue };
                let (verb, path, module) = (verb.to_uppercase(), &route.path, &port.module);
                let from = format!("{} ({}:{})", handler.original, port.source, handler.line);
                lines.push(format!("{verb:7} {path}  src/endpoints/{module}.rs  from {from}"));
            }
        }
    }
    lines.join("\n")
}

fn changes(patch: &str) -> String {
    let created = patch.lines().filter(|line| *line == "--- /dev/null").count();
    let removed = patch.lines().filter(|line| *line == "+++ /dev/null").count();
    let all = patch.lines().filter(|line| line.starts_with("+++ ")).count();
    let counts = [(created, "new"), (all - created - removed, "edited"), (removed, "removed")];
    let words = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    format!("files: {}", words.collect::<Vec<_>>().join(", "))
}
