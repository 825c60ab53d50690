//! `cargo bedrock rollback`: returns functions to their previous versions.

use bedrock_deploy::StageRequest;
use bedrock_diagnostics::Result;
use clap::Args;

use super::args::{ConfirmArgs, OutputArgs, StageArgs};
use crate::session::Session;
use crate::ui::DeployReporter;

const EXAMPLES: &str = "\
Restores code, settings and layers, for the URL and for calls between workers. Permissions, and functions that the last \
deploy created or deleted, are not changed. `cargo bedrock deploy` deploys the newer version again

Examples:
  cargo bedrock rollback --stage prod                   everything that the last deploy changed
  cargo bedrock rollback --stage prod system_fetcher    only this worker
  cargo bedrock rollback --stage prod --dry-run";

/// Roll back to the version before the last deploy
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rollback {
    /// Workers, or `endpoint`, to roll back, instead of everything that the last deploy changed
    #[arg(value_name = "WORKER")]
    workers: Vec<String>,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Rollback {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let reporter = DeployReporter::new(session.print, self.output.is_json());
        reporter.end(self.roll_back(session, &reporter))
    }

    fn roll_back(self, session: &Session, reporter: &DeployReporter) -> Result<()> {
        let app = session.app()?;
        let (stage, aws) = self.stage.parse()?;
        let request = StageRequest {
            stage,
            aws,
            only: self.workers,
            dry_run: self.confirm.dry_run,
            allow_breaking: false,
            refresh: true,
            canary: None,
        };
        bedrock_deploy::rollback(&app, &request, reporter, &self.confirm)
    }
}
