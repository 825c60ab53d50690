//! `cargo bedrock terraform`: compares the app's Terraform files with the template of this version, and updates them.

use clap::{Args, Subcommand};

use crate::file_plan;
use crate::session::Session;
use crate::terraform::{AppFiles, FileChange, Upgrade, conflicts, differences, plan, template};
use crate::ui::Printer;
use bedrock_diagnostics::{Error, Interrupt, Result};

const VERSION: &str = env!("CARGO_PKG_VERSION");

const EXAMPLES: &str = "\
The files are those of `terraform/` that `cargo bedrock` created, and the workflows `deploy.yml` and `pull-request.yml` in `.github/workflows`.

Examples:
  cargo bedrock terraform diff
  cargo bedrock terraform upgrade --dry-run
  cargo bedrock terraform upgrade";

const DIFF_EXAMPLES: &str = "\
Examples:
  cargo bedrock terraform diff
  cargo bedrock terraform diff | git apply    replace all edits by the template";

const UPGRADE_EXAMPLES: &str = "\
Changes of the template since the files were created are merged into them, and your edits are kept. Where both changed \
the same lines, all versions are written between conflict markers, and the exit code is 1.

Examples:
  cargo bedrock terraform upgrade --dry-run
  cargo bedrock terraform upgrade";

/// Compare `terraform/` with the template of this version, or update it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Terraform {
    #[command(subcommand)]
    command: TerraformCommand,
}

#[derive(Debug, Subcommand)]
enum TerraformCommand {
    /// Print a patch that turns the app's files into the template's
    #[command(after_help = DIFF_EXAMPLES)]
    Diff,
    /// Merge changes of the template into the app's files
    #[command(after_help = UPGRADE_EXAMPLES)]
    Upgrade {
        /// Show the plan without carrying it out
        #[arg(long)]
        dry_run: bool,
    },
}

impl Terraform {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        match self.command {
            TerraformCommand::Diff => diff(session),
            TerraformCommand::Upgrade { dry_run } => upgrade(session, dry_run),
        }
    }
}

fn diff(session: &Session) -> Result<()> {
    let app = session.app()?;
    let template = template();
    let app_files = AppFiles::read(&app.root, &template)?;
    if !app_files.has_terraform {
        return Err(Error::app(format!("app `{}` has no `terraform/`", app.name))
            .help("run `cargo bedrock terraform upgrade` to create it"));
    }
    // A file that the user has deleted is listed below instead of being shown as a difference every time.
    let recorded = app_files.record.iter().flat_map(|record| record.files.keys());
    let deleted: Vec<&str> = recorded.filter(|path| !app_files.files.contains_key(*path)).map(String::as_str).collect();
    let differences = differences(&app_files.files, &template, &deleted);
    Printer::data(&differences.concat())?;
    if !deleted.is_empty() {
        session.print.note(&format!("deleted in this app: {}", path_list(&deleted)));
    }
    session.print.done(&match differences.len() {
        0 => format!("no file differs from the template of cargo bedrock {VERSION}"),
        1 => format!("1 file differs from the template of cargo bedrock {VERSION}"),
        many => format!("{many} files differ from the template of cargo bedrock {VERSION}"),
    });
    Ok(())
}

fn upgrade(session: &Session, dry_run: bool) -> Result<()> {
    let app = session.app()?;
    let template = template();
    let interrupt = Interrupt::watch()?;
    let app_files = AppFiles::read(&app.root, &template)?;
    check_no_conflict_markers(&app_files)?;
    let upgrade = plan(&app_files, &template)?;
    let file_plan = upgrade.file_plan(&app.root, &app_files)?;
    Printer::data(&plan_text(&upgrade))?;
    if file_plan.steps.is_empty() {
        session.print.done(&format!("`terraform/` is up to date with the template of cargo bedrock {VERSION}"));
        return Ok(());
    }
    if dry_run {
        session.print.note("nothing was changed, because `--dry-run` was given");
    } else {
        file_plan::apply(&file_plan, &interrupt)?;
    }
    let conflicting: Vec<&str> = upgrade.conflicts().into_iter().map(|(path, _)| path).collect();
    if conflicting.is_empty() {
        if !dry_run {
            session.print.done(&format!("updated `terraform/` to the template of cargo bedrock {VERSION}"));
        }
        return Ok(());
    }
    Err(Error::app(format!("the app and the template changed the same lines of {}", path_list(&conflicting)))
        .help("search for `<<<<<<<`: `ours` is the app's text, `theirs` the template's; keep the right lines"))
}

/// Returns an error if a file has conflict markers: merging into it would nest them.
fn check_no_conflict_markers(app_files: &AppFiles) -> Result<()> {
    let conflicting = app_files.files.iter().filter(|(_, text)| !conflicts(text).is_empty());
    let conflicting: Vec<&str> = conflicting.map(|(path, _)| path.as_str()).collect();
    if conflicting.is_empty() {
        return Ok(());
    }
    let list = path_list(&conflicting);
    Err(Error::app(format!("the last upgrade is not finished: conflict markers in {list}"))
        .help("search for `<<<<<<<`, keep the right lines, and run the command again"))
}

/// Returns the plan as text: a line for each file, then the conflicting lines.
fn plan_text(upgrade: &Upgrade) -> String {
    let file_line = |(path, change): &(String, FileChange)| {
        let reason = change.reason().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{:9}  {path}{reason}\n", change.verb())
    };
    let conflicting = upgrade.conflicts();
    let conflict_texts = conflicting.iter().flat_map(|(path, text)| {
        conflicts(text).into_iter().map(move |(line, lines)| format!("\n{path}:{line}\n{lines}"))
    });
    upgrade.changes.iter().map(file_line).chain(conflict_texts).collect()
}

fn path_list(paths: &[&str]) -> String {
    paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}
