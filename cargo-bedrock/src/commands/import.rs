//! `cargo bedrock import`: takes functions of a SAM template or a cargo-lambda workspace into the app.

use std::path::PathBuf;

use bedrock_build::App;
use clap::Args;

use super::args::ConfirmArgs;
use super::migrate::changes;
use crate::file_plan;
use crate::import;
use crate::migrate;
use crate::prompt;
use crate::session::Session;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result, relative_path};

const EXAMPLES: &str = "\
Reads the `template.yaml` of SAM or the `Cargo.toml` of cargo-lambda in the folder, or the file that is named. Functions become workers of the app in the \
current folder, with a main file that calls their handler; schedules, queues, buckets, topics, event buses and streams become triggers; memory, timeout and \
variables become settings. The other project is only read, and what is not taken over is listed with the reason.

Examples:
  cargo bedrock import ../shop-sam --dry-run     show the complete change as a patch
  cargo bedrock import ../shop-sam
  cargo bedrock import ../shop-sam/stacks/jobs.yaml
  cargo bedrock import ../shop-sam --yes > change.patch
  cargo bedrock migrate --undo                   undo the last import";

/// Import the functions of a SAM template or a cargo-lambda workspace as workers
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// Folder of the other project, or its template or `Cargo.toml`
    #[arg(value_name = "PATH")]
    path: PathBuf,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

impl Import {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let source = session.dir.join(&self.path).canonicalize();
        let source = source.map_err(|error| Error::io(format!("failed to find `{}`", self.path.display()), &error))?;
        let app = session.app()?;
        let interrupt = Interrupt::watch()?;
        let import = import::plan(&app, &source)?;
        let patch = migrate::patch(&import.plan);
        Printer::data(&patch)?;
        for line in &import.left {
            session.print.warning(line);
        }
        if import.workers.is_empty() {
            let shown = relative_path(&source, &session.dir);
            session.print.done(&format!("nothing to do: `{shown}` has no function that becomes a worker"));
            return Ok(());
        }
        let names: Vec<String> = import.workers.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(", ");
        let changes = changes(&patch);
        if self.confirm.dry_run {
            session.print.note("nothing was changed, because `--dry-run` was given");
            return Ok(());
        }
        if !self.confirm.yes {
            prompt::confirm(&format!("import the workers {names}? ({changes})"))?;
        }
        file_plan::apply(&import.plan, &interrupt)?;
        let workers = if names.contains(", ") { "workers" } else { "worker" };
        session.print.done(&format!("imported the {workers} {names} ({changes})"));
        if let Err(problems) = App::open(&app.root) {
            // For example a memory size that only another tool accepts.
            session.print.error(&Error::problems(ExitKind::App, problems));
        }
        session.print.next("run `cargo bedrock dev` and invoke them");
        session.print.next("run `cargo bedrock migrate --undo` to undo it");
        Ok(())
    }
}
