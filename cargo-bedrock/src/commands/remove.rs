//! `cargo bedrock remove worker`: takes a worker out of the app without losing its files.

use std::fs;

use clap::{Args, Subcommand};

use super::args::ConfirmArgs;
use crate::file_plan::{self, FilePlan, FileStep};
use crate::prompt;
use crate::scaffold::removal::{self, Removal};
use crate::session::Session;
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result, relative_path};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock remove worker thumbnailer";

const WORKER_EXAMPLES: &str = "\
Moves the worker's folder to `.bedrock/removed`, and removes the worker's dependency and settings from `Cargo.toml`. \
Prints the lines that name the worker, which you have to change. A deployed function is deleted by the next \
`cargo bedrock deploy`.

Examples:
  cargo bedrock remove worker thumbnailer --dry-run
  cargo bedrock remove worker thumbnailer --yes";

/// Remove a worker from the app
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Remove {
    #[command(subcommand)]
    command: RemoveCommand,
}

#[derive(Debug, Subcommand)]
enum RemoveCommand {
    /// Remove a worker: move its folder away, and remove its lines from `Cargo.toml`
    #[command(after_help = WORKER_EXAMPLES)]
    Worker {
        /// Name of the worker
        name: String,
        #[command(flatten)]
        confirm: ConfirmArgs,
    },
}

impl Remove {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let RemoveCommand::Worker { name, confirm } = self.command;
        let app = session.app()?;
        let worker = app.worker(&name).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let manifest = app.root.join("Cargo.toml");
        let text = fs::read_to_string(&manifest)
            .map_err(|error| Error::io("failed to read `Cargo.toml`".to_owned(), &error))?;
        let removal = removal::plan(&app, worker, text)?;
        let place = relative_path(&removal.to, &app.root);
        for mention in &removal.mentions {
            session.print.warning(&format!("{mention} names `{name}`"));
        }
        if confirm.dry_run {
            session.print.note(&format!("`{}` would be moved to `{place}`", worker.dir));
            return Ok(());
        }
        if !confirm.yes {
            prompt::confirm(&format!("move `{}` to `{place}`?", worker.dir))?;
        }
        carry_out(&app.root, &removal)?;
        let edited = if removal.manifest.before == removal.manifest.after { "" } else { " and edited `Cargo.toml`" };
        session.print.done(&format!("moved `{}` to `{place}`{edited}", worker.dir));
        if !removal.mentions.is_empty() {
            session.print.next("change the lines above, which name a worker that does not exist any more");
        }
        Ok(())
    }
}

/// Moves the folder and edits the manifest. If the second fails, the folder is moved back.
fn carry_out(root: &std::path::Path, removal: &Removal) -> Result<()> {
    let interrupt = Interrupt::watch()?;
    let failed = |error| Error::io(format!("failed to move `{}`", relative_path(&removal.from, root)), &error);
    removal.to.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    interrupt.check()?;
    fs::rename(&removal.from, &removal.to).map_err(failed)?;
    let change = &removal.manifest;
    if change.before == change.after {
        return Ok(());
    }
    let path = root.join("Cargo.toml");
    let step = FileStep::Edit { path, before: change.before.clone(), after: change.after.clone() };
    file_plan::apply(&FilePlan { base: root.to_owned(), steps: vec![step] }, &interrupt).inspect_err(|_| {
        // The error of the edit says what happened; the folder is where it was or where it was moved to.
        let _ = fs::rename(&removal.to, &removal.from);
    })
}
