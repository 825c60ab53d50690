//! `cargo bedrock rollback`: the version before is in use again.

use std::sync::Arc;

use clap::Args;

use super::access::{Access, Format};
use crate::deploy::{self, Request};
use crate::print::Deploying;
use crate::session::Session;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
Examples:
  cargo bedrock rollback --stage prod                   what the last deploy changed
  cargo bedrock rollback --stage prod system_fetcher    this worker alone
  cargo bedrock rollback --stage prod --dry-run

Code, settings and layers go back, for the URL and for calls between workers. Rights, and functions that the last deploy
made or deleted, stay. `cargo bedrock deploy` goes forward again";

/// Go back to the version before the last deploy
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rollback {
    /// These workers, or `endpoint`, in place of what the last deploy changed
    #[arg(value_name = "WORKER")]
    workers: Vec<String>,
    #[command(flatten)]
    access: Access,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Words for people, or one JSON object a line for machines
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
}

impl Rollback {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (stage, access) = self.access.parts()?;
        let request = Request { stage, access, only: self.workers, dry_run: self.dry_run, yes: self.yes };
        let told = Deploying::new(session.print, self.message_format == Format::Json);
        deploy::rollback(&app, &request, &Arc::new(told))
    }
}
