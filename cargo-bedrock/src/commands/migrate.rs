//! `cargo bedrock migrate`: migrates an app of Bedrock for Python.

use std::path::{Path, PathBuf};

use bedrock_build::AppName;
use clap::Args;

use super::args::ConfirmArgs;
use crate::file_plan;
use crate::migrate::{self, Migration, Request, SourceApp};
use crate::prompt;
use crate::scaffold::{self, Checkout};
use crate::session::Session;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result, relative_path};

const EXAMPLES: &str = "\
The Python workers stay unchanged. `config.py` and the workflows are edited, and each endpoint method gets a skeleton in \
Rust that responds with status 501 until it is ported. `terraform/` is compared with the template and never changed. What \
the migration does not understand stays unchanged and is listed.

Examples:
  cargo bedrock migrate --dry-run              show the complete change as a patch
  cargo bedrock migrate ~/code/my_app
  cargo bedrock migrate --yes > change.patch
  cargo bedrock migrate --undo                 undo the last migration";

/// Migrate a Bedrock for Python app, keeping its workers unchanged
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Migrate {
    /// Folder of the Python app, which contains `app/`
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Name of the new app [default: the prefix of the app's variables, or the name of its folder]
    #[arg(long)]
    name: Option<String>,
    /// Depend on this checkout of cargo bedrock instead of the published crates
    #[arg(long, value_name = "CHECKOUT")]
    bedrock_path: Option<PathBuf>,
    #[command(flatten)]
    confirm: ConfirmArgs,
    /// Undo the last migration
    #[arg(long, conflicts_with_all = ["name", "bedrock_path"])]
    undo: bool,
}

impl Migrate {
    /// `build_flags` are the long flags of `cargo bedrock build`, which workflows may use.
    pub(crate) fn run(self, session: &Session, build_flags: Vec<String>) -> Result<()> {
        let root = session.dir.join(&self.dir).canonicalize();
        let root = root.map_err(|error| Error::io(format!("failed to enter `{}`", self.dir.display()), &error))?;
        let interrupt = Interrupt::watch()?;
        if self.undo {
            self.undo(&root, session, &interrupt)
        } else {
            self.migrate(&root, session, build_flags, &interrupt)
        }
    }

    fn migrate(&self, root: &Path, session: &Session, build_flags: Vec<String>, interrupt: &Interrupt) -> Result<()> {
        let source_app = SourceApp::read(root)?;
        let migration = migrate::plan(&source_app, &self.request(root, session, build_flags)?)?;
        migration.check(&source_app)?;
        Printer::data(&migrate::patch(&migration.plan))?;
        if migration.plan.steps.is_empty() {
            migration.warnings.iter().for_each(|line| session.print.warning(line));
            session.print.done(&format!("nothing to do: `{}` is already migrated", relative_path(root, &session.dir)));
            return Ok(());
        }
        print_notes(&migration, session.print);
        let changes = changes(&migrate::patch(&migration.plan));
        if !self.is_confirmed(&format!("migrate app `{}`? ({changes})", migration.name), session.print)? {
            return Ok(());
        }
        file_plan::apply(&migration.plan, interrupt)?;
        session.print.done(&format!("migrated app `{}` ({changes})", migration.name));
        if !migration.ports.ports.is_empty() {
            session.print.next("run `cargo run`, then port the endpoints one by one: `grep -rn not_ported src`");
        }
        session.print.next("run `cargo bedrock migrate --undo` to undo it; the originals are kept in `.bedrock/`");
        if !migration.deployment.is_empty() {
            session.print.next("run `cargo bedrock terraform diff` to see the complete difference to the template");
        }
        Ok(())
    }

    fn request(&self, root: &Path, session: &Session, build_flags: Vec<String>) -> Result<Request> {
        let name = self.name.as_deref().map(AppName::parse).transpose();
        let name = name.map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let given = self.bedrock_path.as_deref();
        let checkout = given.map(|given| Checkout::find(given, &session.dir, root)).transpose()?;
        Ok(Request { name, dependencies: scaffold::bedrock_dependencies(checkout.as_ref()), build_flags })
    }

    fn undo(&self, root: &Path, session: &Session, interrupt: &Interrupt) -> Result<()> {
        let Some(undo) = migrate::undo(root)? else {
            let folder = relative_path(root, &session.dir);
            session.print.done(&format!("nothing to do: `{folder}` has no recorded migration"));
            return Ok(());
        };
        let patch = migrate::patch(&undo.plan);
        Printer::data(&patch)?;
        for path in &undo.edited_since {
            session.print.note(&format!("`{path}` is kept: it was edited since"));
        }
        let changes = changes(&patch);
        if !self.is_confirmed(&format!("undo the migration? ({changes})"), session.print)? {
            return Ok(());
        }
        file_plan::apply(&undo.plan, interrupt)?;
        undo.remove_empty_folders();
        session.print.done(&format!("undid the migration ({changes})"));
        Ok(())
    }

    /// Returns false for `--dry-run`, and an error if the user declines.
    fn is_confirmed(&self, question: &str, print: Printer) -> Result<bool> {
        if self.confirm.dry_run {
            print.note("nothing was changed, because `--dry-run` was given");
        } else if !self.confirm.yes {
            prompt::confirm(question)?;
        }
        Ok(!self.confirm.dry_run)
    }
}

/// Prints what the patch does not show.
fn print_notes(migration: &Migration, print: Printer) {
    let ports = &migration.ports;
    let count = ports.ports.iter().map(|port| port.handlers.len()).sum::<usize>();
    if count > 0 {
        let methods = if count == 1 { "1 endpoint method".to_owned() } else { format!("{count} endpoint methods") };
        let routes = routes(migration);
        print.note(&format!("{methods} to port, each with a skeleton that responds with status 501:\n{routes}"));
    }
    if !migration.deployment.is_empty() {
        let lines = migration.deployment.join("\n");
        print.note(&format!("`terraform/` is the app's own and stays unchanged; compared with the template:\n{lines}"));
        print.note("to use the template, move `terraform/` away and run `cargo bedrock terraform upgrade`");
    }
    for line in migration.warnings.iter().chain(&ports.manual_steps) {
        print.warning(line);
    }
}

/// Returns a line for each endpoint method: its route, and the Python method that it comes from.
fn routes(migration: &Migration) -> String {
    let mut lines = Vec::new();
    for port in &migration.ports.ports {
        for route in &port.routes {
            for (verb, name) in &route.methods {
                let Some(handler) = port.handlers.iter().find(|handler| handler.name == *name) else { continue };
                let verb = verb.to_uppercase();
                let path = &route.path;
                let module = &port.module;
                let original = format!("{} ({}:{})", handler.original, port.source, handler.line);
                lines.push(format!("{verb:7} {path}  src/endpoints/{module}.rs  from {original}"));
            }
        }
    }
    lines.join("\n")
}

/// Returns the numbers of created, edited and removed files of a patch.
pub(super) fn changes(patch: &str) -> String {
    let created = patch.lines().filter(|line| *line == "--- /dev/null").count();
    let removed = patch.lines().filter(|line| *line == "+++ /dev/null").count();
    let all = patch.lines().filter(|line| line.starts_with("+++ ")).count();
    let counts = [(created, "new"), (all - created - removed, "edited"), (removed, "removed")];
    let words = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    format!("files: {}", words.collect::<Vec<_>>().join(", "))
}
