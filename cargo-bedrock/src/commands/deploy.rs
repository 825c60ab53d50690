//! `cargo bedrock deploy`: deploys the last build to a stage.

use bedrock_deploy::StageRequest;
use bedrock_diagnostics::Result;
use clap::Args;

use super::args::{ConfirmArgs, OutputArgs, StageArgs};
use crate::session::Session;
use crate::ui::DeployReporter;

const EXAMPLES: &str = "\
Deploys what `cargo bedrock build` wrote to `target/bedrock`. Only differences are changed, and functions of workers that \
no longer exist are deleted. After a failure, run the same command again to continue.

Exit codes: 0 success, 1 error in the app or from AWS, 2 usage or machine error, 130 interrupted

Examples:
  cargo bedrock build --release && cargo bedrock deploy --stage dev
  cargo bedrock deploy --stage dev --dry-run              show the plan only
  cargo bedrock deploy --stage prod --yes                 do not ask, for CI
  cargo bedrock deploy --stage dev --only system_fetcher  do not change other functions";

/// Deploy the last build to a stage
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Deploy {
    #[command(flatten)]
    stage: StageArgs,
    /// Deploy only this worker, or `endpoint` (repeatable)
    #[arg(long, value_name = "WORKER")]
    only: Vec<String>,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Deploy {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (stage, aws) = self.stage.parse()?;
        let request = StageRequest { stage, aws, only: self.only, dry_run: self.confirm.dry_run };
        let reporter = DeployReporter::new(session.print, self.output.is_json());
        bedrock_deploy::deploy(&app, &request, &reporter, &self.confirm)
    }
}
