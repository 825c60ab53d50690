//! `cargo bedrock deploy`: makes a stage on AWS what was built.

use std::sync::Arc;

use clap::Args;

use super::access::{Access, Format};
use crate::deploy::{self, Request};
use crate::print::Deploying;
use crate::session::Session;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
Examples:
  cargo bedrock build --release && cargo bedrock deploy --stage dev
  cargo bedrock deploy --stage dev --dry-run              shows what would be done
  cargo bedrock deploy --stage prod --yes                 does not ask, for CI
  cargo bedrock deploy --stage dev --only system_fetcher  leaves the other functions alone

What is deployed is what `cargo bedrock build` left in `target/bedrock`. Only what differs is changed, and functions of
workers that are gone are deleted. What fails can be called again: it goes on from there.

Exit codes: 0 done, 1 the app is at fault or AWS refused, 2 the call or the machine is at fault, 130 interrupted";

/// Make a stage on AWS what was built
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Deploy {
    #[command(flatten)]
    access: Access,
    /// Deploy this worker, or `endpoint`, alone; may be given several times
    #[arg(long, value_name = "WORKER")]
    only: Vec<String>,
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

impl Deploy {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (stage, access) = self.access.parts()?;
        let request = Request { stage, access, only: self.only, dry_run: self.dry_run, yes: self.yes };
        let told = Deploying::new(session.print, self.message_format == Format::Json);
        deploy::deploy(&app, &request, &Arc::new(told))
    }
}
