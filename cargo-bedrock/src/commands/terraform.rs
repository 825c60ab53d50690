//! `cargo bedrock terraform`: the app's `terraform/` and workflow beside the template of this version.

use clap::{Args, Subcommand};

use crate::print::Printer;
use crate::scaffold;
use crate::session::Session;
use crate::terraform::{Copy, Upgrade, conflicts, differences, plan, template};
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, Result};

const VERSION: &str = env!("CARGO_PKG_VERSION");

const EXAMPLES: &str = "\
Examples:
  cargo bedrock terraform diff
  cargo bedrock terraform upgrade --dry-run
  cargo bedrock terraform upgrade

The files are those of `terraform/` that `cargo bedrock` made, and `.github/workflows/deploy.yml`";

const DIFF_EXAMPLES: &str = "\
Examples:
  cargo bedrock terraform diff
  cargo bedrock terraform diff | git apply    gives up all edits for the template";

const UPGRADE_EXAMPLES: &str = "\
Examples:
  cargo bedrock terraform upgrade --dry-run
  cargo bedrock terraform upgrade

What changed in the template since the files were made is merged into them, and what you changed stays.
Where both changed the same lines, all versions are written between marks, and the exit code is 1";

/// Compare `terraform/` with the template of this version, or bring it up to date
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Terraform {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print a patch that makes the template's files of the app's
    #[command(after_help = DIFF_EXAMPLES)]
    Diff,
    /// Merge what changed in the template into the app's files
    #[command(after_help = UPGRADE_EXAMPLES)]
    Upgrade {
        /// Show what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
}

impl Terraform {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        match self.what {
            What::Diff => diff(session),
            What::Upgrade { dry_run } => upgrade(session, dry_run),
        }
    }
}

fn diff(session: &Session) -> Result<()> {
    let (app, template) = (session.app()?, template());
    let copy = Copy::read(&app.root, &template)?;
    if !copy.has_terraform {
        return Err(Error::app(format!("app `{}` has no `terraform/`", app.name))
            .help("`cargo bedrock terraform upgrade` makes it"));
    }
    // A file that was deleted on purpose is no difference to show at every call.
    let recorded = copy.record.iter().flat_map(|record| record.files.keys());
    let deleted: Vec<&str> = recorded.filter(|path| !copy.files.contains_key(*path)).map(String::as_str).collect();
    let found = differences(&copy.files, &template, &deleted);
    Printer::data(&found.concat())?;
    if !deleted.is_empty() {
        session.print.note(&format!("deleted in this app: {}", list(&deleted)));
    }
    session.print.done(&match found.len() {
        0 => format!("no file differs from the template of cargo bedrock {VERSION}"),
        1 => format!("1 file differs from the template of cargo bedrock {VERSION}"),
        many => format!("{many} files differ from the template of cargo bedrock {VERSION}"),
    });
    Ok(())
}

fn upgrade(session: &Session, dry_run: bool) -> Result<()> {
    let (app, template) = (session.app()?, template());
    let interrupt = Interrupt::watch()?;
    let copy = Copy::read(&app.root, &template)?;
    refuse_marked(&copy)?;
    let upgrade = plan(&copy, &template)?;
    let steps = upgrade.steps(&app.root, &copy)?;
    Printer::data(&shown(&upgrade))?;
    if steps.steps.is_empty() {
        session.print.done(&format!("`terraform/` is up to date with the template of cargo bedrock {VERSION}"));
        return Ok(());
    }
    if dry_run {
        session.print.note("nothing was changed, `--dry-run` was given");
    } else {
        scaffold::apply(&steps, &interrupt)?;
    }
    let marked: Vec<&str> = upgrade.conflicts().into_iter().map(|(path, _)| path).collect();
    if marked.is_empty() {
        if !dry_run {
            let done = format!("brought `terraform/` up to date with the template of cargo bedrock {VERSION}");
            session.print.done(&done);
        }
        return Ok(());
    }
    Err(Error::app(format!("the app and the template changed the same lines of {}", list(&marked)))
        .help("look for `<<<<<<<`: `ours` is what the app had, `theirs` what the template has; keep what is right"))
}

/// Merging into a text with marks would leave marks in marks.
fn refuse_marked(copy: &Copy) -> Result<()> {
    let marked = copy.files.iter().filter(|(_, text)| !conflicts(text).is_empty());
    let marked: Vec<&str> = marked.map(|(path, _)| path.as_str()).collect();
    if marked.is_empty() {
        return Ok(());
    }
    Err(Error::app(format!("the last upgrade is not finished: there are marks in {}", list(&marked)))
        .help("look for `<<<<<<<`, keep what is right, and run the command again"))
}

/// The plan: a line for each file, then the lines that are in conflict.
fn shown(upgrade: &Upgrade) -> String {
    let line = |(path, change): &(String, _)| {
        let change: &crate::terraform::Change = change;
        let reason = change.reason().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{:9}  {path}{reason}\n", change.verb())
    };
    let place = |path: &str, (number, lines): (usize, String)| format!("\n{path}:{number}\n{lines}");
    let marked = upgrade.conflicts();
    let places =
        marked.iter().flat_map(|(path, text)| conflicts(text).into_iter().map(move |found| place(path, found)));
    upgrade.changes.iter().map(line).chain(places).collect()
}

fn list(paths: &[&str]) -> String {
    paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}
