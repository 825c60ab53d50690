//! `cargo bedrock destroy`: deletes what `deploy` made of a stage.

use std::sync::Arc;

use clap::Args;

use super::access::{Access, Format};
use crate::deploy::{self, Request};
use crate::print::Deploying;
use crate::session::Session;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
Examples:
  cargo bedrock destroy --stage dev --dry-run    shows what would be deleted
  cargo bedrock destroy --stage dev              asks for the stage's name first
  cargo bedrock destroy --stage pr-12 --yes      does not ask, for CI

Schedules, queues with their messages, and empty buckets go first; a bucket that is not empty stays, with a warning. Then
functions go with their versions, layers, roles, URL and logs. Nothing has to be built for it";

/// Delete a stage from AWS, with its logs
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Destroy {
    #[command(flatten)]
    access: Access,
    /// Show what would be deleted, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Words for people, or one JSON object a line for machines
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
}

impl Destroy {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (stage, access) = self.access.parts()?;
        let request = Request { stage, access, only: Vec::new(), dry_run: self.dry_run, yes: self.yes };
        let told = Deploying::new(session.print, self.message_format == Format::Json);
        deploy::destroy(&app, &request, &Arc::new(told))
    }
}
